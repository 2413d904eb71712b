package auth

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/testkit"
)

// changesDuringSignIn are what others may do to an account between the check of its password and
// the commit of its session, with the problem that the sign-in returns then.
var changesDuringSignIn = map[string]struct {
	change func(ctx context.Context, f *fixture, a usersapi.Account) error
	code   string
}{
	"nothing": {func(context.Context, *fixture, usersapi.Account) error { return nil }, ""},
	"another password is set": {func(ctx context.Context, f *fixture, a usersapi.Account) error {
		return f.store.savePassword(ctx, a.ID, "another hash", f.testClock.Now())
	}, "invalid-credentials"},
	"the account is disabled": {func(_ context.Context, f *fixture, a usersapi.Account) error {
		f.accounts.Change(a.ID, func(a *usersapi.Account) { a.Active = false })
		return nil
	}, "invalid-credentials"},
	"the account is deleted": {func(ctx context.Context, f *fixture, a usersapi.Account) error {
		return f.holdings.Erase(ctx, a.ID)
	}, "invalid-credentials"},
	"others reach the limit of failures": {func(ctx context.Context, f *fixture, a usersapi.Account) error {
		return f.addFailures(ctx, a, maxFailures)
	}, "account-locked"},
}

// addFailures counts failed sign-ins of an account.
func (f *fixture) addFailures(ctx context.Context, a usersapi.Account, n int) error {
	for range n {
		if _, err := f.store.addFailure(ctx, f.guard.hashAddress(a.Email), a.ID, f.testClock.Now()); err != nil {
			return err
		}
	}
	return nil
}

// A sign-in comes wholly before or wholly after what happens to the account at the same time.
func TestLoginBesideOtherChanges(t *testing.T) {
	for name, c := range changesDuringSignIn {
		t.Run(name, func(t *testing.T) {
			onBothDatabases(t, func(t *testing.T, f *fixture) {
				a := f.register("beside")
				f.accounts.RecordLoginFunc = func(ctx context.Context) { require.NoError(t, c.change(ctx, f, a)) }
				g, err := f.Login(t.Context(), a.Email, testPassword)
				requireCode(t, c.code, err)
				if c.code == "" {
					require.Equal(t, []string{"auth.login_succeeded"}, f.listActions())
					return
				}
				require.Empty(t, g.AccessToken)
				require.Zero(t, f.countRows("auth_sessions", a.ID))
				require.Empty(t, f.listActions(), "no entry tells of a session")
			})
		})
	}
}

// A code is not spent by a second step that opens no session.
func TestVerifyFactorBesideOtherChanges(t *testing.T) {
	for name, c := range changesDuringSignIn {
		if c.code == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			onBothDatabases(t, func(t *testing.T, f *fixture) {
				a := f.register("halfway")
				secret, _ := f.addFactor(a)
				challenge := f.challenge(a)
				calls := 0
				f.accounts.RecordLoginFunc = func(ctx context.Context) {
					if calls++; calls == 2 { // the second call comes after the code was checked
						require.NoError(t, c.change(ctx, f, a))
					}
				}
				f.listActions()
				_, err := f.VerifyFactor(t.Context(), challenge, f.computeCode(secret, 0))
				requireCode(t, c.code, err)
				require.Empty(t, f.listActions())
				f.accounts.RecordLoginFunc = nil
				f.accounts.Change(a.ID, func(a *usersapi.Account) { a.Active = true })
				_, err = f.VerifyFactor(t.Context(), challenge, f.computeCode(secret, 0))
				require.NoError(t, err, "the change was rolled back, and with it the use of the code")
			})
		})
	}
}

// What ends a challenge before its second step.
func TestVerifyFactorAfterOtherChanges(t *testing.T) {
	for name, c := range map[string]struct {
		change func(ctx context.Context, f *fixture, a usersapi.Account) error
		code   string
	}{
		"nearly five minutes": {func(_ context.Context, f *fixture, _ usersapi.Account) error {
			f.testClock.Advance(challengeLife - time.Millisecond)
			return nil
		}, ""},
		"five minutes": {func(_ context.Context, f *fixture, _ usersapi.Account) error {
			f.testClock.Advance(challengeLife)
			return nil
		}, "invalid-token"},
		"another password": {func(_ context.Context, f *fixture, a usersapi.Account) error {
			return f.ChangePassword(f.asCaller(a), testPassword, "a phrase from today")
		}, "invalid-token"},
		"another password, set just before the challenge was stored": {
			func(ctx context.Context, f *fixture, a usersapi.Account) error {
				return f.store.savePassword(ctx, a.ID, "another hash", f.testClock.Now().Add(time.Millisecond))
			}, "invalid-token",
		},
		"all sessions are ended": {func(_ context.Context, f *fixture, a usersapi.Account) error {
			return f.LogoutAll(f.asCaller(a))
		}, "invalid-token"},
		"the account is disabled": {func(_ context.Context, f *fixture, a usersapi.Account) error {
			f.accounts.Change(a.ID, func(a *usersapi.Account) { a.Active = false })
			return nil
		}, "account-disabled"},
		"the account is deleted": {func(_ context.Context, f *fixture, a usersapi.Account) error {
			f.accounts.Remove(a.ID)
			return nil
		}, "invalid-token"},
		"the second factor is removed": {func(_ context.Context, f *fixture, a usersapi.Account) error {
			return f.RemoveFactor(f.asCaller(a), testPassword)
		}, "invalid-code"},
		"the limit of failures": {func(ctx context.Context, f *fixture, a usersapi.Account) error {
			return f.addFailures(ctx, a, maxFailures)
		}, "account-locked"},
	} {
		t.Run(name, func(t *testing.T) {
			onBothDatabases(t, func(t *testing.T, f *fixture) {
				a := f.register("waiting")
				secret, _ := f.addFactor(a)
				challenge := f.challenge(a)
				require.NoError(t, c.change(t.Context(), f, a))
				_, err := f.VerifyFactor(t.Context(), challenge, f.computeCode(secret, 0))
				requireCode(t, c.code, err)
				require.Equal(t, c.code == "", f.countRows("auth_sessions", a.ID) == 1)
			})
		})
	}
}

// The hundredth failure in a row locks an account, and only failures in a row count.
func TestLoginAfterFailures(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("failing")
		tryWrong := func() error {
			_, err := f.Login(t.Context(), a.Email, "wrong")
			return err
		}
		require.NoError(t, f.addFailures(t.Context(), a, maxFailures-1))
		f.login(a, testPassword)
		require.Zero(t, f.countRows("auth_failures", a.ID), "a sign-in begins a new row")

		require.NoError(t, f.addFailures(t.Context(), a, maxFailures-1))
		f.listActions()
		requireCode(t, "invalid-credentials", tryWrong(), "the last guess is told its result")
		require.Equal(t, []string{"auth.login_failed"}, f.listActions())
		requireCode(t, "account-locked", tryWrong())
		_, err := f.Login(t.Context(), a.Email, testPassword)
		requireCode(t, "account-locked", err, "the right password, too")
		require.Empty(t, f.listActions(), "guesses at a locked account are not checked")
	})
}

// Wrong codes count like wrong passwords, so that a known password gives no endless guesses.
func TestVerifyFactorCountsFailures(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("guessed")
		secret, _ := f.addFactor(a)
		challenge := f.challenge(a)
		require.NoError(t, f.addFailures(t.Context(), a, maxFailures-2))
		for range 2 {
			_, err := f.VerifyFactor(t.Context(), challenge, "000000")
			requireCode(t, "invalid-code", err)
		}
		_, err := f.VerifyFactor(t.Context(), challenge, f.computeCode(secret, 0))
		requireCode(t, "account-locked", err)
		_, err = f.Login(t.Context(), a.Email, testPassword)
		requireCode(t, "account-locked", err)
		f.mu.Lock()
		defer f.mu.Unlock()
		last := f.entries[len(f.entries)-1]
		require.Equal(t, []any{"auth.login_failed", a.ID, "wrong-code"},
			[]any{last.Action, last.ActorID, last.Data["reason"]})
	})
}

// A challenge opens one session, however many codes are sent with it at once.
func TestVerifyFactorOnceForEachChallenge(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("once")
		secret, recovery := f.addFactor(a)
		challenge := f.challenge(a)
		codes := []string{f.computeCode(secret, 0), recovery[0], recovery[1], recovery[2]}
		results := make([]error, len(codes))
		var wg sync.WaitGroup
		for i, code := range codes {
			wg.Go(func() { _, results[i] = f.VerifyFactor(t.Context(), challenge, code) })
		}
		wg.Wait()
		opened := 0
		for _, err := range results {
			if err == nil {
				opened++
				continue
			}
			requireCode(t, "invalid-token", err)
		}
		require.Equal(t, 1, opened)
		require.Equal(t, 1, f.countRows("auth_sessions", a.ID))
		used := 0
		if left := f.countRows("auth_recovery_codes", a.ID); left < recoveryCodeCount {
			used = recoveryCodeCount - left
		}
		require.LessOrEqual(t, used, 1, "codes of the refused requests are not spent")
	})
}

// A disabled account is named to callers with the right password only.
func TestLoginOfADisabledAccount(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("disabled")
		f.accounts.Change(a.ID, func(a *usersapi.Account) { a.Active = false })
		_, err := f.Login(t.Context(), a.Email, "wrong")
		requireCode(t, "invalid-credentials", err)
		_, err = f.Login(t.Context(), a.Email, testPassword)
		requireCode(t, "account-disabled", err)
		f.mu.Lock()
		defer f.mu.Unlock()
		var reasons []any
		for _, e := range f.entries {
			require.Equal(t, []string{"auth.login_failed", a.ID}, []string{e.Action, e.TargetID})
			reasons = append(reasons, e.Data["reason"])
		}
		require.Equal(t, []any{"wrong-password", "account-disabled"}, reasons)
	})
}

// The event of a new device names what was new, and the first sign-in of an account is none.
func TestLoginFromANewDevice(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("traveling")
		signIn := func(ip string) int {
			ctx := identity.WithCaller(t.Context(), identity.Caller{IP: ip, UserAgent: "curl/8.1"})
			_, err := f.Login(ctx, a.Email, testPassword)
			require.NoError(t, err)
			return f.countNewSignIns()
		}
		require.Zero(t, signIn("192.0.2.1"), "the first one")
		require.Zero(t, signIn("192.0.2.200"), "the same network")
		require.Equal(t, 1, signIn("198.51.100.1"))
		require.Equal(t, 1, signIn("198.51.100.2"))
		require.NoError(t, f.LogoutAll(f.asCaller(a)))
		require.Equal(t, 1, signIn("198.51.100.3"), "ended sessions still tell which devices are known")
	})
}

// From the check of a password to the commit of its session nobody sets another one, so that a
// change of the password ends every session of the old one. SQLite has one writer at a time.
func TestLoginHoldsThePassword(t *testing.T) {
	f := newFixture(t, db.Options{URL: testkit.Postgres(t), MaxConns: 8})
	a := f.register("held")
	secret, _ := f.addFactor(a)
	isHeld := func() bool {
		_, err := f.db.Exec(t.Context(),
			"SELECT 1 FROM auth_credentials WHERE user_id = ? FOR NO KEY UPDATE NOWAIT", a.ID)
		return err != nil
	}
	require.False(t, isHeld())
	challenge := f.challenge(a)
	var held []bool
	f.accounts.RecordLoginFunc = func(context.Context) { held = append(held, isHeld()) }
	f.onEntry = func() { held = append(held, isHeld()) }
	_, err := f.VerifyFactor(t.Context(), challenge, f.computeCode(secret, 0))
	require.NoError(t, err)
	require.Equal(t, []bool{false, true, true}, held, "before and after the check of the code, and with the session")

	require.NoError(t, f.RemoveFactor(f.asCaller(a), testPassword))
	held = nil
	f.login(a, testPassword)
	require.Equal(t, []bool{false, true}, held)
	require.False(t, isHeld(), "not after the commit")
}
