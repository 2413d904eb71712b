package auth

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/ids"
	"lyceum/platform/limit"
)

// countAllRows returns how many rows a table has.
func (f *fixture) countAllRows(table string) (n int) {
	f.t.Helper()
	require.NoError(f.t, f.db.QueryRow(f.t.Context(), "SELECT count(*) FROM "+table, nil, &n))
	return n
}

// Each kind of row is removed when its time is over, and not a moment before.
func TestDeleteExpired(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("tidy")
		f.addFactor(a)
		f.challenge(a)
		f.requestReset(a.Email)
		f.requestEmail(a, "tidy-too@example.com")
		f.login(f.register("session"), testPassword)
		stranger := usersapi.Account{Email: "stranger@example.com"}
		require.NoError(t, f.addFailures(t.Context(), stranger, 1))
		require.NoError(t, f.addFailures(t.Context(), a, 1))
		begun := f.testClock.Now()

		for _, c := range []struct {
			after time.Duration
			want  map[string]int
		}{
			{0, map[string]int{
				"auth_challenges": 1, "auth_links": 3, "auth_email_changes": 1, "auth_sessions": 1, "auth_failures": 2,
			}},
			{challengeLife + time.Second, map[string]int{"auth_challenges": 0, "auth_links": 3, "auth_sessions": 1}},
			{resetLife + time.Second, map[string]int{"auth_links": 2, "auth_email_changes": 1}},
			{emailChangeLife + time.Minute, map[string]int{"auth_links": 0, "auth_email_changes": 0, "auth_sessions": 1}},
			{keepUnknownFailures, map[string]int{"auth_failures": 2, "auth_sessions": 1}},
			{keepUnknownFailures + time.Second, map[string]int{"auth_failures": 1, "auth_sessions": 1}},
			{f.ttl + keepSessions, map[string]int{"auth_sessions": 1}},
			{f.ttl + keepSessions + time.Second, map[string]int{"auth_sessions": 0, "auth_failures": 1}},
			{10 * keepSessions, map[string]int{"auth_credentials": 2, "auth_factors": 1, "auth_recovery_codes": 10}},
		} {
			now := begun.Add(c.after)
			require.NoError(t,
				f.store.deleteExpired(t.Context(), now, now.Add(-keepSessions), now.Add(-keepUnknownFailures)))
			for table, want := range c.want {
				require.Equal(t, want, f.countAllRows(table), "%s after %s", table, c.after)
			}
		}
	})
}

// A disabled account loses its sessions and its half-done sign-ins in the same transaction.
func TestDisabledAccountsAreSignedOut(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a, other := f.register("disabled"), f.register("other")
		one, two, kept := f.login(a, testPassword), f.login(a, testPassword), f.login(other, testPassword)
		f.addFactor(a)
		f.challenge(a)
		f.listActions()
		disable := func(fail error) error {
			return f.db.InTx(t.Context(), func(ctx context.Context) error {
				return errors.Join(f.events.Publish(ctx, usersapi.Disabled{UserID: a.ID}), fail)
			})
		}
		require.Error(t, disable(errors.New("the change fails")))
		require.Empty(t, f.signals, "nothing has happened")
		require.Nil(t, f.sessionOf(one).EndedAt)
		require.NoError(t, disable(nil))
		require.ElementsMatch(t, []string{f.sessionOf(one).ID, f.sessionOf(two).ID}, f.signals)
		require.Equal(t, []string{"auth.session_revoked", "auth.session_revoked"}, f.listActions())
		require.Zero(t, f.countRows("auth_challenges", a.ID))
		require.Nil(t, f.sessionOf(kept).EndedAt)
	})
}

// Beyond some sessions, one signal makes replicas drop all that they have cached.
func TestSignalsOfManySessions(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		drop := func(n int) []string {
			f.signals = nil
			require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context) error {
				dropSessionsAfterCommit(ctx, f.broadcast, make([]string, n)...)
				require.Empty(t, f.signals, "not before the commit")
				return nil
			}))
			return f.signals
		}
		require.Empty(t, drop(0))
		require.Len(t, drop(maxSignals), maxSignals)
		require.Equal(t, []string{allSessions}, drop(maxSignals+1))
	})
}

// The authenticator is told whose a session is, and whether it is alive.
func TestSessionSource(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("asked")
		g := f.login(a, testPassword)
		source, id := newSessionSource(f.store, f.testClock), f.sessionOf(g).ID
		requireSession := func(id, wantUser string, wantAlive bool) {
			t.Helper()
			user, alive, err := source.Session(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, []any{wantUser, wantAlive}, []any{user, alive})
		}
		requireSession(id, a.ID, true)
		requireSession(ids.New(), "", false)
		f.testClock.Advance(f.ttl)
		requireSession(id, a.ID, false)
		f.testClock.Advance(-time.Millisecond)
		requireSession(id, a.ID, true)
		require.NoError(t, f.Logout(t.Context(), g.RefreshToken))
		requireSession(id, a.ID, false)
	})
}

// Accounts end their own sessions only, and those that are alive.
func TestEndSession(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a, other := f.register("owner"), f.register("other")
		mine, theirs, expired := f.login(a, testPassword), f.login(other, testPassword), f.login(a, testPassword)
		_, err := f.db.Exec(t.Context(), "UPDATE auth_sessions SET expires_at = ? WHERE id = ?",
			f.testClock.Now(), f.sessionOf(expired).ID)
		require.NoError(t, err)
		f.listActions()
		for name, id := range map[string]string{
			"another's": f.sessionOf(theirs).ID, "expired": f.sessionOf(expired).ID, "unknown": ids.New(),
			"no id": "nonsense", "nothing": "",
		} {
			requireCode(t, "not-found", f.EndSession(f.asCaller(a), id), name)
		}
		require.Empty(t, f.listActions())
		results := make([]error, 4)
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() { results[i] = f.EndSession(f.asCaller(a), f.sessionOf(mine).ID) })
		}
		wg.Wait()
		require.Contains(t, results, error(nil))
		require.Equal(t, []string{"auth.session_revoked"}, f.listActions(), "it is ended once")
		require.Nil(t, f.sessionOf(theirs).EndedAt)
	})
}

// Guesses of the own password count for one account, and right ones do not.
func TestOwnPasswordGuesses(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		f.guard = newGuard(limit.New(nil, make([]byte, 32), true), f.keys,
			&Config{LimitAccount: limit.Rate{Hits: 3, Window: time.Hour}, LimitMail: limit.Rate{Hits: 100, Window: time.Hour}})
		a, other := f.register("guessing"), f.register("other")
		remove := func(a usersapi.Account, password string) error { return f.RemoveFactor(f.asCaller(a), password) }
		for range 5 {
			requireCode(t, "not-found", remove(a, testPassword))
		}
		for range 3 {
			requireCode(t, "wrong-password", remove(a, "wrong"))
		}
		requireCode(t, "rate-limited", remove(a, testPassword))
		requireCode(t, "rate-limited", f.ChangePassword(f.asCaller(a), testPassword, "a phrase from today"))
		requireCode(t, "rate-limited", f.RequestEmailChange(f.asCaller(a), "new@example.com", testPassword))
		requireCode(t, "rate-limited", f.DeleteCaller(f.asCaller(a), testPassword))
		_, err := f.RenewRecoveryCodes(f.asCaller(a), testPassword)
		requireCode(t, "rate-limited", err)
		requireCode(t, "not-found", remove(other, testPassword))
		f.login(a, testPassword)
	})
}
