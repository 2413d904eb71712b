package auth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
	"lyceum/platform/limit"
)

// newTestGuard returns a guard that counts in memory.
func newTestGuard(t *testing.T, c Config) guard {
	t.Helper()
	keys, err := keyring.Open(t.TempDir(), time.Hour)
	require.NoError(t, err)
	return newGuard(limit.New(nil, make([]byte, 32), true), keys, &c)
}

// Failures of an address are counted under one name in all spellings, which tells nobody the
// address.
func TestHashAddress(t *testing.T) {
	g := newTestGuard(t, Config{})
	want := g.hashAddress("anna@example.com")
	for _, same := range []string{" Anna@Example.COM ", "ANNA@example.com", "ａｎｎａ@example.com"} {
		require.Equal(t, want, g.hashAddress(same), "%q", same)
	}
	for _, other := range []string{"ann@example.com", "anna@example.org", "anna", ""} {
		require.NotEqual(t, want, g.hashAddress(other), "%q", other)
	}
	require.Equal(t, g.hashAddress("no address"), g.hashAddress(" NO ADDRESS "), "texts that are no address")
	require.NotEqual(t, want, newTestGuard(t, Config{}).hashAddress("anna@example.com"), "the keys of another server")
	require.NotContains(t, string(want), "anna")
}

// Sign-ins are counted by address, network and password.
func TestTakeSignIn(t *testing.T) {
	g := newTestGuard(t, Config{LimitAccount: limit.Rate{Hits: 2, Window: time.Hour}})
	first := credentials{ChangedAt: clock.FromTime(time.Unix(1, 0))}
	take := func(email, ip string, p credentials) error {
		_, err := g.takeSignIn(identity.WithCaller(t.Context(), identity.Caller{IP: ip}), g.hashAddress(email), p)
		return err
	}
	require.NoError(t, take("anna@example.com", "192.0.2.1", first))
	require.NoError(t, take("Anna@example.com", "192.0.2.254", first))
	for name, c := range map[string]struct {
		email, ip string
		code      string
	}{
		"the same":        {"anna@example.com", "192.0.2.1", "rate-limited"},
		"one network":     {"anna@example.com", "192.0.2.99", "rate-limited"},
		"another network": {"anna@example.com", "192.0.3.1", ""},
		"IPv6":            {"anna@example.com", "2001:db8::1", ""},
		"another address": {"bob@example.com", "192.0.2.1", ""},
	} {
		requireCode(t, c.code, take(c.email, c.ip, first), name)
	}
	require.NoError(t, take("anna@example.com", "192.0.2.1", credentials{ChangedAt: clock.FromTime(time.Unix(2, 0))}),
		"a new password begins a new count")
}

// Requests for mails are counted by address, changes of address by account, and registrations four
// times as generously.
func TestMailBudgets(t *testing.T) {
	g := newTestGuard(t, Config{LimitMail: limit.Rate{Hits: 2, Window: time.Hour}})
	countPassed := func(allow func() bool) (n int) {
		for range 20 {
			if allow() {
				n++
			}
		}
		return n
	}
	require.Equal(t, 2, countPassed(func() bool { return g.isMailAllowed(t.Context(), "anna@example.com") }))
	require.False(t, g.isMailAllowed(t.Context(), " ANNA@example.com"), "another spelling")
	require.True(t, g.isMailAllowed(t.Context(), "bob@example.com"))
	require.Equal(t, 2, countPassed(func() bool { return g.isEmailChangeAllowed(t.Context(), "an id") }))
	require.True(t, g.isEmailChangeAllowed(t.Context(), "another id"))
	require.Equal(t, 8, countPassed(func() bool { return g.takeRegistration(t.Context(), "anna@example.com").Passed }))
}

// Guesses of passwords and of codes are counted apart, and by account.
func TestTakeGuess(t *testing.T) {
	g := newTestGuard(t, Config{LimitAccount: limit.Rate{Hits: 1, Window: time.Hour}})
	take := func(b limit.Budget, userID string) error {
		_, err := g.takeGuess(identity.WithCaller(t.Context(), identity.Caller{UserID: userID}), b)
		return err
	}
	require.NoError(t, take(g.password, "a"))
	requireCode(t, "rate-limited", take(g.password, "a"))
	require.NoError(t, take(g.code, "a"))
	require.NoError(t, take(g.password, "b"))
}

// Registrations of a taken address do not use up the mails of its next owner, and beyond the limit
// an account is made without a mail.
func TestRegistrationsOfOneAddress(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		f.guard = newGuard(limit.New(nil, make([]byte, 32), true), f.keys,
			&Config{LimitMail: limit.Rate{Hits: 1, Window: time.Hour}, LimitAccount: limit.Rate{Hits: 9, Window: time.Hour}})
		register := func() (usersapi.Account, error) {
			return f.Register(t.Context(), NewUser{Email: "again@example.com", Password: testPassword})
		}
		for i := range 6 {
			a, err := register()
			require.NoError(t, err)
			require.Len(t, f.mails.Mails(), min(i+1, 4))
			for range 10 {
				_, err = register()
				requireCode(t, "email-taken", err)
			}
			f.login(a, testPassword)
			f.accounts.Remove(a.ID)
		}
	})
}
