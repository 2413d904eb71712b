package keyring

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lyceum/platform/atomicfile"
	"lyceum/platform/private"
)

// Key is one signing key (Ed25519, RFC 8032).
type Key struct {
	// ID is the name of the key's file without ".pem". Tokens name their key by it ("kid").
	ID      string
	Private ed25519.PrivateKey
	// CreatedAt is the modification time of the file. The keys of a folder are ordered by it.
	CreatedAt time.Time

	// signsFrom is the time from which this process signs with the key. It is zero for a key that
	// the process knew from its start.
	signsFrom time.Time
}

// PublicKey returns the public half of the key.
func (k Key) PublicKey() ed25519.PublicKey { return k.Private.Public().(ed25519.PublicKey) }

// readSigningKey reads the key in a file. It returns an error if other users of the machine may
// read the file, or if it does not hold an Ed25519 key in PKCS#8 and PEM.
func readSigningKey(file string) (Key, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return Key{}, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return Key{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Key{}, fmt.Errorf("%s: others may read it, mode 0600 is needed", file)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return Key{}, fmt.Errorf("%s: not a PEM file", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return Key{}, fmt.Errorf("%s: not an Ed25519 key in PKCS#8", file)
	}
	return Key{ID: strings.TrimSuffix(filepath.Base(file), ".pem"), Private: private, CreatedAt: info.ModTime()}, nil
}

// createSigningKey writes a new key and returns its id. Its CreatedAt is later than after, even if
// the clocks of the machines that share the folder differ: the newest key is the one that signs.
func createSigningKey(dir string, after time.Time) (id string, err error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", err
	}
	random := make([]byte, 8)
	_, _ = rand.Read(random)
	id = hex.EncodeToString(random)

	createdAt := time.Now()
	if !createdAt.After(after) {
		createdAt = after.Add(time.Millisecond)
	}
	content := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return id, atomicfile.Write(filepath.Join(dir, id+".pem"), content, atomicfile.WithModTime(createdAt))
}

// loadOrCreateSecret returns the secret in a file and writes a new one if the file is missing. It
// returns an error for fewer than 32 bytes, so that an operator can't choose a password as the
// secret (ASVS 11.2.3).
func loadOrCreateSecret(file string) ([]byte, error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		fresh := make([]byte, 32)
		_, _ = rand.Read(fresh)
		raw = []byte(base64.StdEncoding.EncodeToString(fresh) + "\n")
		err = atomicfile.Write(file, raw)
	}
	if err == nil {
		err = private.TightenFiles(file)
	}
	if err != nil {
		return nil, err
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(secret) < 32 {
		return nil, fmt.Errorf("%s: accepted are 32 random bytes in base64", file)
	}
	return secret, nil
}
