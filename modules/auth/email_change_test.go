package auth

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/identity"
)

// requestEmail asks for another address and returns the token of its link.
func (f *fixture) requestEmail(a usersapi.Account, email string) string {
	f.t.Helper()
	before := len(f.mails.Mails())
	require.NoError(f.t, f.RequestEmailChange(f.asCaller(a), email, testPassword))
	return f.newestLink("change_email", before)
}

// The link to a new address lives two days, and ends with what takes the account from the one who
// asked.
func TestConfirmEmailChangeWithinTheLifeOfALink(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *fixture, a usersapi.Account)
		code   string
	}{
		"nearly two days": {func(f *fixture, _ usersapi.Account) {
			f.testClock.Advance(emailChangeLife - time.Millisecond)
		}, ""},
		"two days":     {func(f *fixture, _ usersapi.Account) { f.testClock.Advance(emailChangeLife) }, "invalid-link"},
		"another link": {func(f *fixture, a usersapi.Account) { f.requestEmail(a, "third@example.com") }, "invalid-link"},
		"the account is disabled": {func(f *fixture, a usersapi.Account) {
			f.accounts.Change(a.ID, func(a *usersapi.Account) { a.Active = false })
		}, "invalid-link"},
		"the account is deleted": {func(f *fixture, a usersapi.Account) { f.accounts.Remove(a.ID) }, "invalid-link"},
		"the password is reset": {func(f *fixture, a usersapi.Account) {
			require.NoError(f.t, f.ResetPassword(f.t.Context(), f.requestReset(a.Email), "a phrase from today"))
		}, "invalid-link"},
		"an administrator replaces the address": {func(f *fixture, a usersapi.Account) {
			f.replaceEmail(a, "by-admin@example.com")
		}, "invalid-link"},
		"another account takes the address": {func(f *fixture, _ usersapi.Account) { f.register("second") }, "email-taken"},
	} {
		t.Run(name, func(t *testing.T) {
			onBothDatabases(t, func(t *testing.T, f *fixture) {
				a := f.register("first")
				token := f.requestEmail(a, "second@example.com")
				require.NotEmpty(t, token)
				c.change(f, a)
				now, err := f.ConfirmEmailChange(t.Context(), token)
				requireCode(t, c.code, err)
				if c.code == "" {
					require.Equal(t, []any{"second@example.com", true}, []any{now.Email, now.Verified})
				}
			})
		})
	}
}

// replaceEmail gives an account another address as an administrator does.
func (f *fixture) replaceEmail(a usersapi.Account, email string) {
	f.t.Helper()
	require.NoError(f.t, f.db.InTx(f.t.Context(), func(ctx context.Context) error {
		f.accounts.Change(a.ID, func(a *usersapi.Account) { a.Email, a.Verified = email, false })
		return f.events.Publish(ctx, usersapi.EmailReplaced{UserID: a.ID, OldEmail: a.Email})
	}))
}

// An address that an administrator replaces ends every session and link, tells the old address and
// asks the new one to verify itself.
func TestReplacedEmail(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("replaced")
		secret, _ := f.addFactor(a)
		challenge := f.challenge(a)
		verify, reset := f.newestLink("verify_email", 0), f.requestReset(a.Email)
		g, err := f.VerifyFactor(t.Context(), f.challenge(a), f.computeCode(secret, -totpPeriod*time.Second))
		require.NoError(t, err)
		mailed := len(f.mails.Mails())
		f.listActions()
		f.replaceEmail(a, "new@example.com")
		require.Equal(t, []string{"auth.session_revoked"}, f.listActions())
		_, err = f.Refresh(t.Context(), g.RefreshToken)
		requireCode(t, "invalid-token", err)
		_, err = f.VerifyFactor(t.Context(), challenge, f.computeCode(secret, 0))
		requireCode(t, "invalid-token", err, "a sign-in that waits for its second factor")
		_, err = f.VerifyEmail(t.Context(), verify)
		requireCode(t, "invalid-link", err)
		requireCode(t, "invalid-link", f.ResetPassword(t.Context(), reset, "a phrase from today"))
		var sent [][2]string
		for _, mail := range f.mails.Mails()[mailed:] {
			sent = append(sent, [2]string{mail.Kind, mail.To})
		}
		require.Equal(t, [][2]string{{"email_changed", a.Email}, {"verify_email", "new@example.com"}}, sent)
		now, err := f.VerifyEmail(t.Context(), f.newestLink("verify_email", mailed))
		require.NoError(t, err)
		require.True(t, now.Verified)
	})
}

// Links that were mailed to the old address end with it: its mailbox may be somebody else's by then.
func TestConfirmEmailChangeEndsOldLinks(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("left")
		verify, reset := f.newestLink("verify_email", 0), f.requestReset(a.Email)
		token := f.requestEmail(a, "right@example.com")
		_, err := f.ConfirmEmailChange(t.Context(), token)
		require.NoError(t, err)
		_, err = f.VerifyEmail(t.Context(), verify)
		requireCode(t, "invalid-link", err)
		requireCode(t, "invalid-link", f.ResetPassword(t.Context(), reset, "a phrase from today"))
		require.Zero(t, f.countRows("auth_links", a.ID))
		_, err = f.ConfirmEmailChange(t.Context(), token)
		requireCode(t, "invalid-link", err)
		e, _ := apperr.As(err)
		require.Equal(t, true, e.Extra["done"], "as when a mail scanner opened it first")
	})
}

// Failures of the new address before the change were not those of its owner.
func TestConfirmEmailChangeBeginsANewCountOfFailures(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("moving")
		token := f.requestEmail(a, "attacked@example.com")
		require.NoError(t, f.addFailures(t.Context(), usersapi.Account{Email: "attacked@example.com"}, maxFailures))
		now, err := f.ConfirmEmailChange(t.Context(), token)
		require.NoError(t, err)
		f.login(now, testPassword)
	})
}

// The session that asked stays, from wherever the link is opened.
func TestConfirmEmailChangeKeepsTheSessionThatAsked(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("asking")
		asked, other := f.sessionOf(f.login(a, testPassword)), f.sessionOf(f.login(a, testPassword))
		ctx := identity.WithCaller(t.Context(), identity.Caller{UserID: a.ID, SessionID: asked.ID})
		require.NoError(t, f.RequestEmailChange(ctx, "asked@example.com", testPassword))
		_, err := f.ConfirmEmailChange(t.Context(), f.newestLink("change_email", 0))
		require.NoError(t, err)
		require.Equal(t, []string{other.ID}, f.signals)
		for id, ended := range map[string]bool{asked.ID: false, other.ID: true} {
			se, err := f.store.findSession(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, ended, se.EndedAt != nil)
		}
	})
}

func TestRequestEmailChangeRefusals(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("refused")
		mailed := len(f.mails.Mails())
		for name, c := range map[string][3]string{
			"no address":     {"nonsense", testPassword, "validation-failed"},
			"the same":       {" Refused@Example.com ", testPassword, "validation-failed"},
			"wrong password": {"new@example.com", "wrong", "wrong-password"},
		} {
			requireCode(t, c[2], f.RequestEmailChange(f.asCaller(a), c[0], c[1]), name)
		}
		f.accounts.Remove(a.ID)
		requireCode(t, "invalid-token", f.RequestEmailChange(f.asCaller(a), "new@example.com", testPassword))
		require.Len(t, f.mails.Mails(), mailed)
		require.Zero(t, f.countRows("auth_email_changes", a.ID))
	})
}
