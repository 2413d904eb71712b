package auth

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
)

// The parent of the newest token is good for ten seconds; then it ends the session like any older
// one.
func TestRefreshWithTheParentToken(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("parent")
		for name, c := range map[string]struct {
			wait time.Duration
			code string
		}{
			"at once":             {0, ""},
			"after ten seconds":   {reuseGrace, ""},
			"a moment after them": {reuseGrace + time.Millisecond, "refresh-token-reused"},
		} {
			first := f.login(a, testPassword)
			second, err := f.Refresh(t.Context(), first.RefreshToken)
			require.NoError(t, err)
			f.testClock.Advance(c.wait)
			f.listActions()
			again, err := f.Refresh(t.Context(), first.RefreshToken)
			requireCode(t, c.code, err, name)
			if c.code == "" {
				require.Equal(t, second.RefreshToken, again.RefreshToken, name)
				require.Empty(t, f.listActions(), name)
				require.EqualValues(t, 2, f.sessionOf(second).Generation, "%s: no generation is skipped", name)
				continue
			}
			require.Equal(t, []string{"auth.refresh_reused"}, f.listActions(), name)
			se := f.sessionOf(first)
			require.NotNil(t, se.EndedAt, name)
			require.Contains(t, f.signals, se.ID, "replicas drop the session")
			_, err = f.Refresh(t.Context(), second.RefreshToken)
			requireCode(t, "invalid-token", err, "the newest token of the family")
			require.Empty(t, f.listActions(), "an ended session has no second entry")
		}
	})
}

// A session ends when it is unused for its idle life, and at the latest after six times that.
func TestRefreshWithinTheLifeOfASession(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("living")
		refresh := func(g Grant, wait time.Duration) (Grant, error) {
			f.testClock.Advance(wait)
			return f.Refresh(t.Context(), g.RefreshToken)
		}
		_, err := refresh(f.login(a, testPassword), f.ttl)
		requireCode(t, "invalid-token", err, "unused for its whole idle life")

		begun := f.testClock.Now()
		g := f.login(a, testPassword)
		for i := range maxLifeFactor {
			g, err = refresh(g, f.ttl-time.Millisecond)
			require.NoError(t, err, "refresh %d", i+1)
		}
		require.Equal(t, begun.Add(maxLifeFactor*f.ttl), f.sessionOf(g).ExpiresAt)
		g, err = refresh(g, (maxLifeFactor-1)*time.Millisecond)
		require.NoError(t, err, "the last moment")
		_, err = refresh(g, time.Millisecond)
		requireCode(t, "invalid-token", err, "its whole life is over")
	})
}

func TestNextExpiry(t *testing.T) {
	created := clock.FromTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	se := &session{CreatedAt: created}
	for name, c := range map[string]struct{ age, want time.Duration }{
		"a new session":          {0, time.Hour},
		"in the middle":          {3 * time.Hour, 4 * time.Hour},
		"an idle life before it": {5 * time.Hour, 6 * time.Hour},
		"near its end":           {5*time.Hour + time.Minute, 6 * time.Hour},
		"at its end":             {6 * time.Hour, 6 * time.Hour},
	} {
		require.Equal(t, created.Add(c.want), se.nextExpiry(created.Add(c.age), time.Hour), name)
	}
}

// Tokens of other sessions and generations that do not exist yet change nothing, even if the key of
// the server has made them.
func TestRefreshWithForgedTokens(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("forged")
		g := f.login(a, testPassword)
		se, other := f.sessionOf(g), f.sessionOf(f.login(a, testPassword))
		mixed, unknown := *se, *se
		mixed.Salt, unknown.ID = other.Salt, ids.New()
		f.listActions()
		for name, token := range map[string]string{
			"a later generation": f.refresh.newToken(se, 2), "the highest generation": f.refresh.newToken(se, 1<<62),
			"a negative generation of another session": f.refresh.newToken(&mixed, -1),
			"the salt of another session":              f.refresh.newToken(&mixed, 1),
			"an unknown session":                       f.refresh.newToken(&unknown, 1),
			"something added":                          g.RefreshToken + "A", "no token": "nonsense", "nothing": "",
		} {
			_, err := f.Refresh(t.Context(), token)
			requireCode(t, "invalid-token", err, name)
		}
		for name, token := range map[string]string{
			"the salt of another session": f.refresh.newToken(&mixed, 1),
			"an unknown session":          f.refresh.newToken(&unknown, 1), "no token": "nonsense",
		} {
			require.NoError(t, f.Logout(t.Context(), token), name)
		}
		require.Empty(t, f.listActions())
		_, err := f.Refresh(t.Context(), g.RefreshToken)
		require.NoError(t, err, "the session goes on")
	})
}

// A sign-out takes a token of any generation, and takes effect once.
func TestLogoutWithAnyToken(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		g := f.login(f.register("leaving"), testPassword)
		next, err := f.Refresh(t.Context(), g.RefreshToken)
		require.NoError(t, err)
		f.listActions()
		require.NoError(t, f.Logout(t.Context(), g.RefreshToken), "a token that was spent")
		require.NoError(t, f.Logout(t.Context(), next.RefreshToken))
		require.Equal(t, []string{"auth.logged_out"}, f.listActions())
		for _, token := range []string{g.RefreshToken, next.RefreshToken} {
			_, err := f.Refresh(t.Context(), token)
			requireCode(t, "invalid-token", err)
		}
		require.Empty(t, f.listActions(), "a token of an ended session is no reuse")
	})
}

// An account that may not sign in any more gets no token, even before its sessions are ended.
func TestRefreshOfAClosedAccount(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("closed")
		g := f.login(a, testPassword)
		f.accounts.Change(a.ID, func(a *usersapi.Account) { a.Active = false })
		_, err := f.Refresh(t.Context(), g.RefreshToken)
		requireCode(t, "invalid-token", err, "disabled")
		require.EqualValues(t, 1, f.sessionOf(g).Generation, "the token was not spent")
		f.accounts.Remove(a.ID)
		_, err = f.Refresh(t.Context(), g.RefreshToken)
		requireCode(t, "invalid-token", err, "deleted")
	})
}

// What happens to a session between the check of a token and its next generation.
func TestRefreshBesideOtherUses(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("beside")
		for name, c := range map[string]struct {
			meanwhile func(g Grant) error
			code      string
			next      int64
		}{
			"nothing": {func(Grant) error { return nil }, "", 2},
			"a refresh with the same token": {func(g Grant) error {
				_, err := f.Refresh(t.Context(), g.RefreshToken)
				return err
			}, "", 2},
			"the session is ended": {func(g Grant) error { return f.Logout(t.Context(), g.RefreshToken) }, "invalid-token", 1},
			"the family has moved on twice": {func(g Grant) error {
				next, err := f.Refresh(t.Context(), g.RefreshToken)
				require.NoError(t, err)
				_, err = f.Refresh(t.Context(), next.RefreshToken)
				return err
			}, "refresh-token-reused", 3},
		} {
			g := f.login(a, testPassword)
			var once sync.Once
			f.accounts.FindFunc = func(context.Context) error {
				once.Do(func() { // the calls inside look accounts up, too
					f.accounts.FindFunc = nil
					require.NoError(t, c.meanwhile(g), name)
				})
				return nil
			}
			next, err := f.Refresh(t.Context(), g.RefreshToken)
			requireCode(t, c.code, err, name)
			require.Equal(t, c.next, f.sessionOf(g).Generation, name)
			if c.code == "" {
				require.Equal(t, f.refresh.newToken(f.sessionOf(g), 2), next.RefreshToken, name)
			} else {
				require.NotNil(t, f.sessionOf(g).EndedAt, name)
			}
		}
	})
}

// Two people hold copies of one token and use it over and over: the family ends, and nobody is left
// with a token that works.
func TestRefreshByTwoHoldersOfOneToken(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("copied")
		g := f.login(a, testPassword)
		tokens := []string{g.RefreshToken, g.RefreshToken}
		var wg sync.WaitGroup
		for i := range tokens {
			wg.Go(func() {
				for range 20 {
					next, err := f.Refresh(t.Context(), tokens[i])
					if err != nil {
						return
					}
					tokens[i] = next.RefreshToken
				}
			})
		}
		wg.Wait()
		f.testClock.Advance(reuseGrace + time.Millisecond)
		_, err := f.Refresh(t.Context(), g.RefreshToken)
		require.Error(t, err, "the token that was copied")
		for _, token := range tokens {
			_, err := f.Refresh(t.Context(), token)
			requireCode(t, "invalid-token", err)
		}
		require.NotNil(t, f.sessionOf(g).EndedAt)
	})
}
