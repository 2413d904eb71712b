package passwords_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/passwords"
)

// cheap is a cost that keeps tests fast.
var cheap = passwords.Argon2{Memory: 64, Time: 1, Parallel: 1}

func TestP3PasswordsAreHashedWhole(t *testing.T) {
	h := passwords.NewHasher(cheap)
	long := strings.Repeat("x", 80)
	hash, err := h.HashPassword(t.Context(), long)
	require.NoError(t, err)
	ok, outdated, err := h.CheckPassword(t.Context(), hash, long)
	require.NoError(t, err)
	require.True(t, ok)
	require.False(t, outdated)
	ok, _, err = h.CheckPassword(t.Context(), hash, long[:72])
	require.NoError(t, err)
	require.False(t, ok)
	ok, _, err = h.CheckPassword(t.Context(), "", "")
	require.NoError(t, err)
	require.False(t, ok, "an account without a password lets nobody in")
	for cost, rises := range map[passwords.Argon2]bool{
		{Memory: 128, Time: 1, Parallel: 1}: true,
		{Memory: 64, Time: 2, Parallel: 1}:  true,
		{Memory: 32, Time: 1, Parallel: 1}:  false,
	} {
		_, outdated, err = passwords.NewHasher(cost).CheckPassword(t.Context(), hash, long)
		require.NoError(t, err)
		require.Equal(t, rises, outdated, "%v", cost)
	}
}

func TestHash(t *testing.T) {
	h := passwords.NewHasher(cheap)
	one, err := h.HashPassword(t.Context(), "correct horse")
	require.NoError(t, err)
	two, err := h.HashPassword(t.Context(), "correct horse")
	require.NoError(t, err)
	require.NotEqual(t, one, two, "each has a salt of its own")
	require.True(t, strings.HasPrefix(one, "$argon2id$v=19$m=64,t=1,p=1$"), one)
	for password, want := range map[string]bool{
		"correct horse": true, "correct hors": false, "Correct horse": false, "": false,
	} {
		match, _, err := h.CheckPassword(t.Context(), one, password)
		require.NoError(t, err)
		require.Equal(t, want, match, "%q", password)
	}
}

func TestCheckRefusesOtherHashes(t *testing.T) {
	h := passwords.NewHasher(cheap)
	for _, hash := range []string{
		"plain", "$2a$10$abcdefghijklmnopqrstuv", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=x$AAAA$AAAA",
		"$argon2id$v=19$m=64,t=1,p=1$!$AAAA", "$argon2id$v=19$m=64,t=1,p=1$AAAA$!",
	} {
		match, _, err := h.CheckPassword(t.Context(), hash, "password")
		require.Error(t, err, hash)
		require.False(t, match)
	}
}

func TestCallersWhoGiveUpAreRefused(t *testing.T) {
	h := passwords.NewHasher(cheap)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.HashPassword(ctx, "password")
	require.ErrorContains(t, err, "unavailable")
	_, _, err = h.CheckPassword(ctx, "", "password")
	require.ErrorContains(t, err, "unavailable")
}
