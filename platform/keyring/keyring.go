package keyring

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"

	"lyceum/platform/atomicfile"
	"lyceum/platform/lifecycle"
	"lyceum/platform/private"
)

// Times of a rotation. A new key is known to every replica before the first of them signs with it.
const (
	// pollInterval is the time between two looks into the folder.
	pollInterval = 250 * time.Millisecond
	// minReloadInterval bounds how often tokens with an unknown key make the process look again:
	// their senders must not keep the disk busy.
	minReloadInterval = 50 * time.Millisecond
	// signDelay is how long a process knows a new key before it signs with it. The other replicas
	// know the key by then.
	signDelay = 2 * pollInterval
	// verifySlack is how much longer than the life of an access token an old key verifies, as a
	// replica may sign with it until it has noticed the new one.
	verifySlack = 30 * time.Second
)

// Keys are the secret and the signing keys of one folder. They are safe for concurrent use.
type Keys struct {
	dir string
	// verifiesFor is how long a key verifies after the next one was created.
	verifiesFor time.Duration
	secret      []byte
	set         atomic.Pointer[keySet]

	// mu guards what reloadIfChanged remembers.
	mu       sync.Mutex
	lookedAt time.Time
	// isUnreadable says that the last look failed, so that the log has the fault once.
	isUnreadable bool
}

// keySet is the signing keys of the folder when it was last read. It is replaced as a whole.
type keySet struct {
	// keys are sorted by CreatedAt, the newest last.
	keys []Key
	// state is the folderState that belongs to keys.
	state string
}

// Open reads the keys in dir and creates the directory, the secret and the first signing key if
// they are missing. Processes that start together wait for each other, so that all of them have the
// same keys. tokenTTL is the life of an access token: an old key verifies for that long, and 30 s
// more, after the next one was created. Open returns an error if other users may read a file or a
// file is damaged.
func Open(dir string, tokenTTL time.Duration) (*Keys, error) {
	k := &Keys{dir: dir, verifiesFor: tokenTTL + verifySlack}
	return k, k.withLock(func() (err error) {
		if k.secret, err = loadOrCreateSecret(filepath.Join(dir, "secret")); err != nil {
			return err
		}
		if err := k.readFolder(); err != nil || len(k.set.Load().keys) > 0 {
			return err
		}
		if _, err := createSigningKey(dir, time.Time{}); err != nil {
			return err
		}
		return k.readFolder()
	})
}

// withLock calls fn while no other process creates or removes keys in the folder. It takes the
// rights of other users from the folder first.
func (k *Keys) withLock(fn func() error) error {
	own := []string{"*.pem", "secret", ".lock", ".new-*", ".*" + atomicfile.TempSuffix}
	if err := private.CreateNamedDir(k.dir, own...); err != nil {
		return fmt.Errorf("JWT_KEYS_DIR: %w", err)
	}
	lock := flock.New(filepath.Join(k.dir, ".lock"))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("JWT_KEYS_DIR: %w", err)
	}
	defer func() { _ = lock.Close() }()
	return fn()
}

// RotateSigningKey creates a signing key and returns its id. Running servers sign with it within a
// second. It removes the old keys whose last token has expired.
func (k *Keys) RotateSigningKey() (id string, err error) {
	err = k.withLock(func() error {
		if err := k.readFolder(); err != nil {
			return err
		}
		keys := k.set.Load().keys
		newest := time.Time{}
		if len(keys) > 0 {
			newest = keys[len(keys)-1].CreatedAt
		}
		if id, err = createSigningKey(k.dir, newest); err != nil {
			return err
		}
		if err := k.removeExpired(keys); err != nil {
			return err
		}
		return k.readFolder()
	})
	return id, err
}

// removeExpired removes the files of the keys that verify no more. The last of keys is never
// removed.
func (k *Keys) removeExpired(keys []Key) error {
	for i, key := range keys {
		if i+1 == len(keys) || time.Since(keys[i+1].CreatedAt) <= k.verifiesFor {
			continue
		}
		if err := os.Remove(filepath.Join(k.dir, key.ID+".pem")); err != nil {
			return err
		}
	}
	return nil
}

// readFolder replaces the key set with the keys of the folder. A key that the process did not know
// before signs after signDelay, unless it is among the first ones.
func (k *Keys) readFolder() error {
	state, err := folderState(k.dir)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(k.dir, "*.pem"))
	if err != nil {
		return err
	}
	signsFrom := map[string]time.Time{}
	if before := k.set.Load(); before != nil {
		for _, key := range before.keys {
			signsFrom[key.ID] = key.signsFrom
		}
	}

	set := &keySet{state: state}
	for _, file := range files {
		key, err := readSigningKey(file)
		if err != nil {
			return err
		}
		if from, isKnown := signsFrom[key.ID]; isKnown {
			key.signsFrom = from
		} else if len(signsFrom) > 0 {
			key.signsFrom = time.Now().Add(signDelay)
		}
		set.keys = append(set.keys, key)
	}
	slices.SortFunc(set.keys, func(a, b Key) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	k.set.Store(set)
	return nil
}

// folderState returns a text that changes if a key is added, removed or replaced. It reads no file,
// so it may be asked often.
func folderState(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".pem") {
			continue
		}
		if info, err := e.Info(); err == nil {
			fmt.Fprintf(&b, "%s %d %d\n", e.Name(), info.ModTime().UnixNano(), info.Size())
		}
	}
	return b.String(), nil
}

// WatchFolder reads the folder whenever its keys have changed, until ctx ends. It looks four times
// a second.
func (k *Keys) WatchFolder(ctx context.Context) {
	lifecycle.RunEvery(ctx, "signing keys", pollInterval, func(context.Context) { k.reloadIfChanged() })
}

// reloadIfChanged reads the folder if its keys have changed, at most twenty times a second. If the
// folder can't be read or has no key left, the process keeps the keys that it has and logs the
// fault once.
func (k *Keys) reloadIfChanged() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.lookedAt) < minReloadInterval {
		return
	}
	k.lookedAt = time.Now()
	state, err := folderState(k.dir)
	if err == nil && state == k.set.Load().state {
		return
	}
	before := k.set.Load()
	if err == nil {
		err = k.readFolder()
	}
	if err == nil && len(k.set.Load().keys) == 0 {
		k.set.Store(before)
		err = fmt.Errorf("%s: no signing key is left", k.dir)
	}
	if err != nil && !k.isUnreadable {
		slog.Error("signing keys unreadable, the server keeps those it has read before", "dir", k.dir, "error", err)
	}
	k.isUnreadable = err != nil
}

// liveKeys returns the keys that verify now, sorted by age: the newest, and those whose tokens may
// not have expired.
func (k *Keys) liveKeys() []Key {
	keys := k.set.Load().keys
	for i := range keys {
		if i+1 == len(keys) || time.Since(keys[i+1].CreatedAt) <= k.verifiesFor {
			return keys[i:]
		}
	}
	return nil
}

// SigningKey returns the key that signs new tokens: the newest that every replica knows by now.
func (k *Keys) SigningKey() Key {
	keys := k.set.Load().keys
	for _, key := range slices.Backward(keys) {
		if time.Now().After(key.signsFrom) {
			return key
		}
	}
	return keys[len(keys)-1]
}

// FindVerifyingKey returns the key with the id, if it verifies now. It looks into the folder before
// it returns false: another replica may have created the key a moment ago.
func (k *Keys) FindVerifyingKey(id string) (Key, bool) {
	for range 2 {
		for _, key := range k.liveKeys() {
			if key.ID == id {
				return key, true
			}
		}
		k.reloadIfChanged()
	}
	return Key{}, false
}

// VerifyingKeys returns the keys that verify now, sorted by id, as GET /.well-known/jwks.json shows
// them.
func (k *Keys) VerifyingKeys() []Key {
	out := slices.Clone(k.liveKeys())
	slices.SortFunc(out, func(a, b Key) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// DeriveKey returns a key of 32 bytes for a purpose (HKDF-SHA256, RFC 5869). The same secret and
// purpose always give the same key; two purposes never share one.
func (k *Keys) DeriveKey(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.secret, nil, "lyceum "+purpose, 32)
	if err != nil {
		panic(err) // only for a length that is out of bounds
	}
	return key
}
