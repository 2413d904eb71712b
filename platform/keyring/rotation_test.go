package keyring_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/keyring"
)

// keyFiles returns the ids of the signing keys in a folder.
func keyFiles(t *testing.T, dir string) (ids []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	require.NoError(t, err)
	for _, file := range files {
		ids = append(ids, filepath.Base(file[:len(file)-len(".pem")]))
	}
	return ids
}

// setAge makes a key look as if it had been created some time ago.
func setAge(t *testing.T, dir, id string, age time.Duration) {
	t.Helper()
	createdAt := time.Now().Add(-age)
	require.NoError(t, os.Chtimes(filepath.Join(dir, id+".pem"), createdAt, createdAt))
}

func TestRotationRemovesExpiredKeys(t *testing.T) {
	dir := t.TempDir()
	first := load(t, dir).SigningKey().ID
	second, err := load(t, dir).RotateSigningKey()
	require.NoError(t, err)
	setAge(t, dir, first, 2*time.Hour)
	setAge(t, dir, second, time.Hour)
	k := load(t, dir)
	_, isLive := k.FindVerifyingKey(first)
	require.False(t, isLive, "its last token expired 45 minutes ago")

	third, err := k.RotateSigningKey()
	require.NoError(t, err)
	require.ElementsMatch(t, []string{second, third}, keyFiles(t, dir), "tokens of the second may still be valid")
	fourth, err := k.RotateSigningKey()
	require.NoError(t, err)
	require.ElementsMatch(t, []string{second, third, fourth}, keyFiles(t, dir))
}

func TestRotationsAtOnce(t *testing.T) {
	dir := t.TempDir()
	load(t, dir)
	ids := make([]string, 6)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			if k, err := keyring.Open(dir, 15*time.Minute); err == nil {
				ids[i], _ = k.RotateSigningKey()
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		require.Contains(t, keyFiles(t, dir), id)
	}
	seen := map[time.Time]bool{}
	for _, key := range load(t, dir).VerifyingKeys() {
		require.False(t, seen[key.CreatedAt], "no two keys are equally new")
		seen[key.CreatedAt] = true
	}
	require.Len(t, seen, 1+len(ids))
}

func TestAFolderThatLosesItsKeys(t *testing.T) {
	dir := t.TempDir()
	k := load(t, dir)
	signing := k.SigningKey()
	require.NoError(t, os.Remove(filepath.Join(dir, signing.ID+".pem")))
	_, isKnown := k.FindVerifyingKey("0123456789abcdef")
	require.False(t, isKnown)
	require.Equal(t, signing.ID, k.SigningKey().ID, "the server goes on with the keys that it has")
	key, isKnown := k.FindVerifyingKey(signing.ID)
	require.True(t, isKnown)
	require.Equal(t, signing.PublicKey(), key.PublicKey())
}

func TestOpenRefusesDamagedFiles(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(rsaKey)
	require.NoError(t, err)
	for name, c := range map[string]struct{ file, content, want string }{
		"an empty key":  {"a.pem", "", "not a PEM file"},
		"text as a key": {"a.pem", "secret", "not a PEM file"},
		"PEM of something else": {
			"a.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})),
			"not an Ed25519 key",
		},
		"an RSA key": {
			"a.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "not an Ed25519 key",
		},
		"an empty secret":        {"secret", "", "32 random bytes"},
		"a secret of text":       {"secret", "correct horse battery staple and more", "32 random bytes"},
		"a secret of half a key": {"secret", "AAAAAAAAAAAAAAAAAAAAAA==", "32 random bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, c.file), []byte(c.content), 0o600))
			_, err := keyring.Open(dir, time.Minute)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "horse", "a secret is not repeated")
		})
	}
	t.Run("a file in place of the folder", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "keys")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		_, err := keyring.Open(file, time.Minute)
		require.ErrorContains(t, err, "JWT_KEYS_DIR")
	})
}
