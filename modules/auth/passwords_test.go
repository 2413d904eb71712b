package auth

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
)

// requestReset returns the token of a new reset link, "" if no link was mailed.
func (f *fixture) requestReset(email string) string {
	f.t.Helper()
	before := len(f.mails.Mails())
	require.NoError(f.t, f.RequestReset(f.t.Context(), email))
	require.Len(f.t, f.mails.Mails(), before, "nothing is mailed before the delay")
	f.testClock.Advance(3 * time.Second)
	_, err := f.events.RelayOnce(f.t.Context())
	require.NoError(f.t, err)
	return f.newestLink("password_reset", before)
}

// newestLink returns the token of the newest mail of a kind, without the first mails. It returns ""
// if there is none.
func (f *fixture) newestLink(kind string, skip int) (token string) {
	f.t.Helper()
	for _, mail := range f.mails.Mails()[skip:] {
		if mail.Kind == kind {
			_, token, _ = strings.Cut(mail.Data["Link"].(string), "#token=")
		}
	}
	return token
}

// A request for an unknown or a disabled address looks like any other, and mails nothing.
func TestRequestResetWithoutAnAccount(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a, disabled := f.register("known"), f.register("disabled")
		f.accounts.Change(disabled.ID, func(a *usersapi.Account) { a.Active = false })
		f.listActions()
		for _, email := range []string{"nobody@example.com", disabled.Email, "nonsense", ""} {
			require.Empty(t, f.requestReset(email), "%q", email)
		}
		require.Empty(t, f.listActions())
		require.NotEmpty(t, f.requestReset(a.Email))
		require.Equal(t, []string{"auth.reset_requested"}, f.listActions())
	})
}

// A reset link lives an hour, works once, and only while its account may sign in.
func TestResetPasswordWithinTheLifeOfALink(t *testing.T) {
	const next = "a phrase from today"
	for name, c := range map[string]struct {
		change func(f *fixture, a usersapi.Account)
		code   string
	}{
		"nearly an hour": {func(f *fixture, _ usersapi.Account) { f.testClock.Advance(resetLife - time.Millisecond) }, ""},
		"an hour":        {func(f *fixture, _ usersapi.Account) { f.testClock.Advance(resetLife) }, "invalid-link"},
		"the account is disabled": {func(f *fixture, a usersapi.Account) {
			f.accounts.Change(a.ID, func(a *usersapi.Account) { a.Active = false })
		}, "invalid-link"},
		"the account is deleted": {func(f *fixture, a usersapi.Account) { f.accounts.Remove(a.ID) }, "invalid-link"},
		"the password is changed": {func(f *fixture, a usersapi.Account) {
			require.NoError(f.t, f.ChangePassword(f.asCaller(a), testPassword, "meanwhile another"))
		}, "invalid-link"},
		"another link is mailed": {func(f *fixture, a usersapi.Account) { f.requestReset(a.Email) }, "invalid-link"},
	} {
		t.Run(name, func(t *testing.T) {
			onBothDatabases(t, func(t *testing.T, f *fixture) {
				a := f.register("resetting")
				f.login(a, testPassword)
				token := f.requestReset(a.Email)
				require.NotEmpty(t, token)
				c.change(f, a)
				f.listActions()
				requireCode(t, c.code, f.ResetPassword(t.Context(), token, next))
				if c.code != "" {
					require.Empty(t, f.listActions())
					return
				}
				require.Equal(t, []string{"auth.session_revoked", "auth.password_reset"}, f.listActions())
				requireCode(t, "invalid-link", f.ResetPassword(t.Context(), token, "one more phrase"), "used")
				f.login(a, next)
			})
		})
	}
}

// The link of a reset is not the link of a verification.
func TestLinksAreOfOneKind(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("kinds")
		verify, reset := f.newestLink("verify_email", 0), f.requestReset(a.Email)
		requireCode(t, "invalid-link", f.ResetPassword(t.Context(), verify, "a phrase from today"))
		_, err := f.VerifyEmail(t.Context(), reset)
		requireCode(t, "invalid-link", err)
		_, err = f.ConfirmEmailChange(t.Context(), reset)
		requireCode(t, "invalid-link", err)
		_, err = f.VerifyEmail(t.Context(), verify)
		require.NoError(t, err, "neither was spent")
		require.NoError(t, f.ResetPassword(t.Context(), reset, "a phrase from today"))
	})
}

// A password that only the address forbids leaves the link as it is.
func TestResetPasswordToTheAddress(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("long.local.part")
		token := f.requestReset(a.Email)
		for _, password := range []string{a.Email, "long.local.part", "LONG.local.PART", "short"} {
			requireCode(t, "validation-failed", f.ResetPassword(t.Context(), token, password), password)
		}
		require.NoError(t, f.ResetPassword(t.Context(), token, "not the address"))
	})
}

// A reset opens a locked account, and the next sign-in begins a new count.
func TestResetPasswordOpensALockedAccount(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("locked")
		require.NoError(t, f.addFailures(t.Context(), a, maxFailures))
		_, err := f.Login(t.Context(), a.Email, testPassword)
		requireCode(t, "account-locked", err)
		require.NoError(t, f.ResetPassword(t.Context(), f.requestReset(a.Email), "a phrase from today"))
		f.login(a, "a phrase from today")
		_, err = f.Login(t.Context(), a.Email, testPassword)
		requireCode(t, "invalid-credentials", err)
	})
}

// A request that was sealed with keys that are lost is dropped, as no repetition would help.
func TestSendResetLinkAfterTheKeysWereLost(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("sealed")
		require.NoError(t, f.sendResetLink(t.Context(), resetAsked{Sealed: keyring.Seal(make([]byte, 32), []byte(a.Email))}))
		require.NoError(t, f.sendResetLink(t.Context(), resetAsked{}))
		require.Empty(t, f.newestLink("password_reset", 0))
	})
}

// The work that a known address causes is done between one and two and a half seconds later.
func TestDelayOfResetLinks(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		delay := resetAsked{}.Delay()
		require.GreaterOrEqual(t, delay, time.Second)
		require.Less(t, delay, 2500*time.Millisecond)
		seen[delay.Truncate(100*time.Millisecond)] = true
	}
	require.Greater(t, len(seen), 3, "it is not always the same")
}

// Of several changes at once that know the same password, one sets the next.
func TestChangePasswordOnce(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("racing")
		kept, ended := f.login(a, testPassword), f.login(a, testPassword)
		ctx := identity.WithCaller(t.Context(), identity.Caller{UserID: a.ID, SessionID: f.sessionOf(kept).ID})
		f.listActions()
		results := make([]error, 5)
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() { results[i] = f.ChangePassword(ctx, testPassword, fmt.Sprint("phrase of number ", i)) })
		}
		wg.Wait()
		changed := 0
		for i, err := range results {
			if err == nil {
				changed++
				f.login(a, fmt.Sprint("phrase of number ", i))
				continue
			}
			requireCode(t, "wrong-password", err)
		}
		require.Equal(t, 1, changed)
		require.Equal(t, []string{"auth.session_revoked", "auth.password_changed", "auth.login_succeeded"}, f.listActions())
		require.Nil(t, f.sessionOf(kept).EndedAt)
		require.NotNil(t, f.sessionOf(ended).EndedAt)
	})
}

// What a caller may not set is refused before the current password is looked at.
func TestChangePasswordRefusals(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("refused.changes")
		for name, c := range map[string][3]string{
			"too short":               {testPassword, "short", "validation-failed"},
			"one of the most common":  {testPassword, "password1", "validation-failed"},
			"the address":             {testPassword, a.Email, "validation-failed"},
			"the part before the @":   {testPassword, "refused.changes", "validation-failed"},
			"short, wrong current":    {"wrong", "short", "validation-failed"},
			"wrong current":           {"wrong", "a phrase from today", "wrong-password"},
			"no current":              {"", "a phrase from today", "wrong-password"},
			"current in another case": {"CORRECT horse battery", "a phrase from today", "wrong-password"},
		} {
			requireCode(t, c[2], f.ChangePassword(f.asCaller(a), c[0], c[1]), name)
		}
		f.login(a, testPassword)
		f.accounts.Remove(a.ID)
		requireCode(t, "invalid-token", f.ChangePassword(f.asCaller(a), testPassword, "a phrase from today"),
			"the account was deleted at this moment")
	})
}

// The mailbox of an address that was never verified owns the account: the second factor that
// somebody else set up goes, and so do the sign-ins that wait for it.
func TestResetPasswordOfAnUnverifiedAccount(t *testing.T) {
	for name, verified := range map[string]bool{"unverified": false, "verified": true} {
		t.Run(name, func(t *testing.T) {
			onBothDatabases(t, func(t *testing.T, f *fixture) {
				a := f.register("claimed")
				f.accounts.Change(a.ID, func(a *usersapi.Account) { a.Verified = verified })
				secret, _ := f.addFactor(a)
				challenge := f.challenge(a)
				f.listActions()
				require.NoError(t, f.ResetPassword(t.Context(), f.requestReset(a.Email), "a phrase from today"))
				_, err := f.VerifyFactor(t.Context(), challenge, f.computeCode(secret, 0))
				requireCode(t, "invalid-token", err)
				now, _, err := f.accounts.ByID(t.Context(), a.ID)
				require.NoError(t, err)
				require.True(t, now.Verified)
				_, err = f.Login(t.Context(), a.Email, "a phrase from today")
				if verified {
					requireCode(t, "mfa-required", err)
					require.NotContains(t, f.listActions(), "auth.mfa_disabled")
					return
				}
				require.NoError(t, err)
				require.Contains(t, f.listActions(), "auth.mfa_disabled")
				require.Zero(t, f.countRows("auth_recovery_codes", a.ID))
			})
		})
	}
}
