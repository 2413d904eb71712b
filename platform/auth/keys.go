package auth

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"
)

// Key is one signing key; its id is the name of its file.
type Key struct {
	ID      string
	Private ed25519.PrivateKey
}

// Public is the part that others may see.
func (k Key) Public() ed25519.PublicKey { return k.Private.Public().(ed25519.PublicKey) }

// Keys are all keys of the server: the newest signs, all verify, and one secret from which the
// keys of cursors, URLs and records are derived.
type Keys struct {
	byID   map[string]Key
	newest Key
	secret []byte
}

// LoadKeys reads dir, which replicas share. Missing keys are made once, however many processes start together.
func LoadKeys(dir string) (*Keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("JWT_KEYS_DIR: %w", err)
	}
	lock := flock.New(filepath.Join(dir, ".lock"))
	if err := lock.Lock(); err != nil {
		return nil, fmt.Errorf("JWT_KEYS_DIR: %w", err)
	}
	defer func() { _ = lock.Close() }()
	secret, err := loadSecret(filepath.Join(dir, "secret"))
	if err != nil {
		return nil, err
	}
	k := &Keys{byID: map[string]Key{}, secret: secret}
	if err := k.loadSigning(dir); err != nil {
		return nil, err
	}
	if len(k.byID) == 0 {
		if err := makeSigning(dir); err != nil {
			return nil, err
		}
		return k, k.loadSigning(dir)
	}
	return k, nil
}

func (k *Keys) loadSigning(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		return err
	}
	type dated struct {
		Key
		made int64
	}
	var found []dated
	for _, f := range files {
		key, made, err := readSigning(f)
		if err != nil {
			return err
		}
		k.byID[key.ID] = key
		found = append(found, dated{key, made})
	}
	if len(found) == 0 {
		return nil
	}
	k.newest = slices.MaxFunc(found, func(a, b dated) int {
		if a.made != b.made {
			return int(min(max(a.made-b.made, -1), 1))
		}
		return strings.Compare(a.ID, b.ID)
	}).Key
	return nil
}

func readSigning(file string) (Key, int64, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return Key{}, 0, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return Key{}, 0, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Key{}, 0, fmt.Errorf("%s: others may read it, mode 0600 is needed", file)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return Key{}, 0, fmt.Errorf("%s: not a PEM file", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return Key{}, 0, fmt.Errorf("%s: not an Ed25519 key in PKCS#8", file)
	}
	return Key{strings.TrimSuffix(filepath.Base(file), ".pem"), private}, info.ModTime().UnixNano(), nil
}

func makeSigning(dir string) error {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	id := make([]byte, 8)
	_, _ = rand.Read(id)
	return writeOnce(filepath.Join(dir, hex.EncodeToString(id)+".pem"),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func loadSecret(file string) ([]byte, error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		fresh := make([]byte, 32)
		_, _ = rand.Read(fresh)
		raw = []byte(base64.StdEncoding.EncodeToString(fresh) + "\n")
		err = writeOnce(file, raw)
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

// writeOnce leaves a whole file or none, whenever the process is killed.
func writeOnce(file string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(content)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}

// Derive gives a 32-byte key for one purpose (HKDF-SHA256, RFC 5869), so that no two uses share one.
func (k *Keys) Derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.secret, nil, "lyceum "+purpose, 32)
	if err != nil {
		panic(err) // only for a length that is out of bounds
	}
	return key
}

// All lists the signing keys by id.
func (k *Keys) All() []Key {
	out := make([]Key, 0, len(k.byID))
	for _, key := range k.byID {
		out = append(out, key)
	}
	slices.SortFunc(out, func(a, b Key) int { return strings.Compare(a.ID, b.ID) })
	return out
}
