package auth

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
	"lyceum/platform/keyring"
)

// A code is good for its own 30 seconds and one step on either side, and never twice.
func TestFindStep(t *testing.T) {
	f := newFixture(t, db.Options{Dir: t.TempDir(), MaxConns: 2})
	setup, err := f.BeginFactor(f.asCaller(f.register("steps")))
	require.NoError(t, err)
	raw := sealedSecret(t, f, setup.Secret)
	now := f.testClock.Now().StdTime().Unix() / totpPeriod
	code := func(steps int) string {
		return f.computeCode(setup.Secret, time.Duration(steps)*totpPeriod*time.Second)
	}
	for name, c := range map[string]struct {
		code     string
		lastStep int64
		want     int64
		ok       bool
	}{
		"of now":                     {code(0), 0, now, true},
		"of the step before":         {code(-1), 0, now - 1, true},
		"of the step after":          {code(1), 0, now + 1, true},
		"of two steps before":        {code(-2), 0, 0, false},
		"of two steps after":         {code(2), 0, 0, false},
		"of now, used":               {code(0), now, 0, false},
		"of before one that is used": {code(-1), now, 0, false},
		"of after one that is used":  {code(1), now, now + 1, true},
		"with spaces":                {" " + code(0)[:3] + " " + code(0)[3:] + " ", 0, now, true},
		"without its last digit":     {code(0)[:5], 0, 0, false},
		"with one more digit":        {code(0) + "0", 0, 0, false},
		"with letters":               {"abcdef", 0, 0, false},
		"nothing":                    {"", 0, 0, false},
	} {
		step, ok, err := f.findStep(&factor{Sealed: raw, LastStep: c.lastStep}, c.code)
		require.NoError(t, err, name)
		require.Equal(t, c.ok, ok, name)
		require.Equal(t, c.want, step, name)
	}
	other := append([]byte(nil), raw...)
	other[len(other)-1] ^= 1
	_, ok, err := f.findStep(&factor{Sealed: other}, code(0))
	require.NoError(t, err)
	require.False(t, ok, "a secret that can't be opened has no codes")
}

// sealedSecret returns the only stored second factor and checks that its secret is not readable.
func sealedSecret(t *testing.T, f *fixture, secret string) []byte {
	t.Helper()
	var sealed []byte
	require.NoError(t, f.db.QueryRow(t.Context(), "SELECT sealed FROM auth_factors", nil, &sealed))
	require.NotContains(t, string(sealed), secret)
	return sealed
}

// Of many confirmations at once one turns the factor on, and its recovery codes are the ones that
// work.
func TestConfirmFactorOnce(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("confirming")
		setup, err := f.BeginFactor(f.asCaller(a))
		require.NoError(t, err)
		code := f.computeCode(setup.Secret, 0)
		f.listActions()
		recovery, results := make([][]string, 6), make([]error, 6)
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() { recovery[i], results[i] = f.ConfirmFactor(f.asCaller(a), code) })
		}
		wg.Wait()
		var given []string
		for i, err := range results {
			if err != nil {
				requireCode(t, "mfa-already-set", err)
				require.Empty(t, recovery[i])
				continue
			}
			require.Empty(t, given, "only one request is given codes")
			given = recovery[i]
		}
		require.Len(t, given, recoveryCodeCount)
		require.Equal(t, []string{"auth.mfa_enabled"}, f.listActions())
		require.Equal(t, recoveryCodeCount, f.countRows("auth_recovery_codes", a.ID))
		_, err = f.VerifyFactor(t.Context(), f.challenge(a), given[0])
		require.NoError(t, err)
	})
}

// The secret of a set-up that was begun anew is worth nothing.
func TestBeginFactorReplacesTheSecret(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("beginning")
		first, err := f.BeginFactor(f.asCaller(a))
		require.NoError(t, err)
		second, err := f.BeginFactor(f.asCaller(a))
		require.NoError(t, err)
		require.Contains(t, second.URL, "secret="+second.Secret)
		require.Contains(t, second.URL, a.Email)
		f.listActions()
		_, err = f.ConfirmFactor(f.asCaller(a), f.computeCode(first.Secret, 0))
		requireCode(t, "invalid-code", err)
		require.NoError(t, f.RemoveFactor(f.asCaller(a), testPassword), "what was not confirmed")
		require.Empty(t, f.listActions(), "it was never on")
		_, err = f.ConfirmFactor(f.asCaller(a), f.computeCode(second.Secret, 0))
		requireCode(t, "not-found", err)
	})
}

// A recovery code is one account's, and opens one session, however many ask at once.
func TestRecoveryCodesWorkOnce(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a, b := f.register("owner"), f.register("neighbor")
		_, recovery := f.addFactor(a)
		f.addFactor(b)
		_, err := f.VerifyFactor(t.Context(), f.challenge(b), recovery[0])
		requireCode(t, "invalid-code", err, "the code of another account")

		challenges := []string{f.challenge(a), f.challenge(a), f.challenge(a), f.challenge(a)}
		results := make([]error, len(challenges))
		var wg sync.WaitGroup
		for i, challenge := range challenges {
			wg.Go(func() { _, results[i] = f.VerifyFactor(t.Context(), challenge, recovery[0]) })
		}
		wg.Wait()
		opened := 0
		for _, err := range results {
			if err == nil {
				opened++
				continue
			}
			requireCode(t, "invalid-code", err)
		}
		require.Equal(t, 1, opened)
		require.Equal(t, recoveryCodeCount-1, f.countRows("auth_recovery_codes", a.ID))
		require.Equal(t, recoveryCodeCount, f.countRows("auth_recovery_codes", b.ID))
	})
}

// After the keys were lost, one-time codes fail, recovery codes work, and the check of the start
// names the factors that are on.
func TestFactorsAfterTheKeysWereLost(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("sealed")
		secret, recovery := f.addFactor(a)
		_, err := f.BeginFactor(f.asCaller(f.register("unconfirmed")))
		require.NoError(t, err)
		check := newSealedFactors(f.Service)
		fault, err := check.FindFault(t.Context())
		require.NoError(t, err)
		require.Empty(t, fault)

		keys, err := keyring.Open(t.TempDir(), time.Hour)
		require.NoError(t, err)
		f.sealKey = keys.DeriveKey("second factors")
		fault, err = check.FindFault(t.Context())
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(fault, "1 can't be opened"), fault)
		challenge := f.challenge(a)
		_, err = f.VerifyFactor(t.Context(), challenge, f.computeCode(secret, 0))
		requireCode(t, "invalid-code", err)
		_, err = f.VerifyFactor(t.Context(), challenge, recovery[0])
		require.NoError(t, err)
	})
}

// The operator removes the factor of one account, with its recovery codes.
func TestRemoveFactorOf(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a, other := f.register("lost"), f.register("other")
		f.addFactor(a)
		f.addFactor(other)
		f.listActions()
		for _, email := range []string{"nobody@example.com", "", f.register("without").Email} {
			requireCode(t, "not-found", f.RemoveFactorOf(t.Context(), email), "%q", email)
		}
		require.NoError(t, f.RemoveFactorOf(t.Context(), a.Email))
		f.mu.Lock()
		require.Len(t, f.entries, 1)
		require.Equal(t, []string{"auth.mfa_disabled", a.ID, ""},
			[]string{f.entries[0].Action, f.entries[0].TargetID, f.entries[0].ActorID})
		f.mu.Unlock()
		f.login(a, testPassword)
		require.Zero(t, f.countRows("auth_recovery_codes", a.ID))
		require.Equal(t, recoveryCodeCount, f.countRows("auth_recovery_codes", other.ID))
		requireCode(t, "not-found", f.RemoveFactorOf(t.Context(), a.Email))
	})
}
