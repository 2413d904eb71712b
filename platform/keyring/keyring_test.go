package keyring_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/keyring"
)

func TestKeysAreMadeOnceHoweverManyStartTogether(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	derived := make([]string, 8)
	for i := range derived {
		wg.Go(func() {
			k, err := keyring.Open(dir, 15*time.Minute)
			if err == nil {
				derived[i] = string(k.DeriveKey("x")) + k.VerifyingKeys()[0].ID
			}
		})
	}
	wg.Wait()
	for _, d := range derived {
		require.NotEmpty(t, d)
		require.Equal(t, derived[0], d)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	require.NoError(t, err)
	require.Len(t, files, 1)
}

// C1: a short secret or a key that others may read ends the start.
func TestC1UnsafeKeysAreRefused(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("secret"), 0o600))
	_, err := keyring.Open(dir, 15*time.Minute)
	require.ErrorContains(t, err, "32 random bytes")

	dir = t.TempDir()
	_, err = keyring.Open(dir, 15*time.Minute)
	require.NoError(t, err)
	files, _ := filepath.Glob(filepath.Join(dir, "*.pem"))
	require.NoError(t, os.Chmod(files[0], 0o644))
	_, err = keyring.Open(dir, 15*time.Minute)
	require.ErrorContains(t, err, "0600")
}

func TestSealedIsReadOnlyWithItsKey(t *testing.T) {
	a, b := make([]byte, 32), append(make([]byte, 31), 1)
	sealed := keyring.Seal(a, []byte("text"))
	plain, err := keyring.Unseal(a, sealed)
	require.NoError(t, err)
	require.Equal(t, "text", string(plain))
	_, err = keyring.Unseal(b, sealed)
	require.Error(t, err)
	_, err = keyring.Unseal(a, nil)
	require.Error(t, err)
}

func load(t *testing.T, dir string) *keyring.Keys {
	t.Helper()
	k, err := keyring.Open(dir, 15*time.Minute)
	require.NoError(t, err)
	return k
}

func TestDerive(t *testing.T) {
	dir := t.TempDir()
	k := load(t, dir)
	require.Len(t, k.DeriveKey("cursors"), 32)
	require.NotEqual(t, k.DeriveKey("cursors"), k.DeriveKey("mail"), "each purpose has a key of its own")
	require.Equal(t, k.DeriveKey("cursors"), load(t, dir).DeriveKey("cursors"), "it stays over a restart")
	require.NotEqual(t, k.DeriveKey("cursors"), load(t, t.TempDir()).DeriveKey("cursors"))
}

func TestFilesArePrivate(t *testing.T) {
	dir := t.TempDir()
	load(t, dir)
	for _, pattern := range []string{"secret", "*.pem"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		require.Len(t, files, 1)
		info, err := os.Stat(files[0])
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, files[0])
	}
}

func TestVerifying(t *testing.T) {
	dir := t.TempDir()
	k := load(t, dir)
	first := k.SigningKey()
	key, ok := k.FindVerifyingKey(first.ID)
	require.True(t, ok)
	require.Equal(t, first.PublicKey(), key.PublicKey())
	_, ok = k.FindVerifyingKey("0123456789abcdef")
	require.False(t, ok)

	second, err := load(t, dir).RotateSigningKey()
	require.NoError(t, err)
	require.Eventually(t, func() bool { _, ok := k.FindVerifyingKey(second); return ok }, time.Second, time.Millisecond,
		"a key that another process made is found when it is asked for")
	require.Equal(t, first.ID, k.SigningKey().ID, "the other replicas may not know the new key yet")
	require.Len(t, k.VerifyingKeys(), 2)
}

func TestRotateKeepsTheOrder(t *testing.T) {
	dir := t.TempDir()
	k := load(t, dir)
	future := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(dir, k.SigningKey().ID+".pem"), future, future))
	id, err := load(t, dir).RotateSigningKey()
	require.NoError(t, err)
	require.Equal(t, id, load(t, dir).SigningKey().ID, "newer than a key of a machine whose clock is ahead")
}
