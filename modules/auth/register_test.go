package auth

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/mail/mailapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
)

// What may not be an account is refused with the field, and leaves nothing behind.
func TestRegisterRefusals(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		taken := f.register("taken")
		for name, c := range map[string]struct{ email, password, code, field string }{
			"no address":               {"nonsense", testPassword, "validation-failed", "email"},
			"a short password":         {"new@example.com", "short", "validation-failed", "password"},
			"a common password":        {"new@example.com", "password1", "validation-failed", "password"},
			"the address itself":       {"new@example.com", "New@Example.com", "validation-failed", "password"},
			"an address that is taken": {" TAKEN@example.com", testPassword, "email-taken", ""},
		} {
			_, err := f.Register(t.Context(), NewUser{Email: c.email, Password: c.password})
			requireCode(t, c.code, err, name)
			if e, _ := apperr.As(err); c.field != "" {
				require.Len(t, e.Fields, 1, name)
				require.Equal(t, c.field, e.Fields[0].Location, name)
			}
		}
		require.Equal(t, 1, f.accounts.Count())
		require.Equal(t, []string{"verify_email"}, f.mails.KindsTo(taken.ID))
		require.Len(t, f.mails.Mails(), 1)
		f.login(taken, testPassword)
	})
}

// Accounts that an operator makes get no mail, and demo accounts may have a short password.
func TestRegisterByTheOperator(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		made := NewUser{Email: "made@example.com", Password: testPassword, Role: usersapi.RoleAdmin, Verified: true}
		a, err := f.Register(t.Context(), made)
		require.NoError(t, err)
		require.Equal(t, []any{usersapi.RoleAdmin, true}, []any{a.Role, a.Verified})
		demo := NewUser{Email: "demo@example.com", Password: "demo", Demo: true, Verified: true}
		_, err = f.Register(t.Context(), demo)
		require.NoError(t, err)
		_, err = f.Login(t.Context(), demo.Email, "demo")
		require.NoError(t, err)
		require.Empty(t, f.mails.Mails())
		known, err := f.Known(t.Context(), "made@example.com")
		require.NoError(t, err)
		require.True(t, known)
	})
}

// A mail that can't be queued undoes the password, so that no account is left that never gets its
// link.
func TestRegisterWithoutAMail(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		f.mails.QueueFunc = func(context.Context, ...mailapi.Mail) error { return errors.New("no mail") }
		_, err := f.Register(t.Context(), NewUser{Email: "unmailed@example.com", Password: testPassword})
		require.ErrorContains(t, err, "no mail")
		var rows int
		require.NoError(t, f.db.QueryRow(t.Context(),
			"SELECT (SELECT count(*) FROM auth_credentials) + (SELECT count(*) FROM auth_links)", nil, &rows))
		require.Zero(t, rows)
	})
}

// A verification link lives two days, and tells a second use from a wrong one until then.
func TestVerifyEmailWithinTheLifeOfALink(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		verify := func(token string) (done any, err error) {
			_, err = f.VerifyEmail(t.Context(), token)
			if e, ok := apperr.As(err); ok {
				done = e.Extra["done"]
			}
			return done, err
		}
		late := f.register("late")
		token := f.newestLink("verify_email", 0)
		f.testClock.Advance(verifyLife)
		_, err := verify(token)
		requireCode(t, "invalid-link", err)

		require.NoError(t, f.RequestVerification(f.asCaller(late)))
		token = f.newestLink("verify_email", 0)
		f.testClock.Advance(verifyLife - time.Millisecond)
		_, err = verify(token)
		require.NoError(t, err)
		done, err := verify(token)
		requireCode(t, "invalid-link", err)
		require.Equal(t, true, done)

		mailed := len(f.mails.Mails())
		require.NoError(t, f.RequestVerification(f.asCaller(late)))
		require.Len(t, f.mails.Mails(), mailed, "a verified address gets no more links")
		f.accounts.Change(late.ID, func(a *usersapi.Account) { a.Verified = false })
		done, err = verify(token)
		requireCode(t, "invalid-link", err)
		require.Nil(t, done, "the link did its work for another address")
	})
}

// Of many uses of a link at once, one verifies the address and the others are told so.
func TestVerifyEmailOnce(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		f.register("verified")
		token := f.newestLink("verify_email", 0)
		results := make([]error, 6)
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() { _, results[i] = f.VerifyEmail(t.Context(), token) })
		}
		wg.Wait()
		verified := 0
		for _, err := range results {
			if err == nil {
				verified++
				continue
			}
			requireCode(t, "invalid-link", err)
		}
		require.Equal(t, 1, verified)
	})
}

func TestRequestVerificationOfADeletedAccount(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("deleted")
		f.accounts.Remove(a.ID)
		require.NoError(t, f.RequestVerification(f.asCaller(a)))
		require.Len(t, f.mails.Mails(), 1, "that of the registration")
	})
}
