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

// Times of looking for new keys.
const (
	pollInterval      = 250 * time.Millisecond
	minReloadInterval = 50 * time.Millisecond
	// signDelay is how long a process knows a new key before it signs with it. The other replicas
	// know the key by then.
	signDelay = 2 * pollInterval
	// verifySlack is how much longer than the life of an access token an old key verifies, as a
	// replica may sign with it until it has noticed the new one.
	verifySlack = 30 * time.Second
)

// Keys are the keys of one folder. They are safe for concurrent use.
type Keys struct {
	dir         string
	verifiesFor time.Duration
	secret      []byte
	set         atomic.Pointer[keySet]

	mu           sync.Mutex
	lookedAt     time.Time
	isUnreadable bool
}

// keySet is the content of the folder when it was last read.
type keySet struct {
	// keys are sorted by their age, the newest last.
	keys []Key
	// state is the folderState of the keys.
	state string
}

// Open reads the keys in dir. It makes the missing ones, once, even if many processes start
// together. tokenTTL is the life of an access token: an old key verifies for that long after the
// next one was made. Open returns an error if a file can be read by others or is damaged.
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

// withLock calls fn while no other process makes or removes keys.
func (k *Keys) withLock(fn func() error) error {
	if err := private.CreateNamedDir(k.dir, "*.pem", "secret", ".lock", ".new-*", ".*"+atomicfile.TempSuffix); err != nil {
		return fmt.Errorf("JWT_KEYS_DIR: %w", err)
	}
	lock := flock.New(filepath.Join(k.dir, ".lock"))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("JWT_KEYS_DIR: %w", err)
	}
	defer func() { _ = lock.Close() }()
	return fn()
}

// RotateSigningKey makes a new signing key and returns its id. Servers sign with it within a
// second. It removes old keys whose last token has expired.
func (k *Keys) RotateSigningKey() (id string, err error) {
	err = k.withLock(func() error {
		if err := k.readFolder(); err != nil {
			return err
		}
		all := k.set.Load().keys
		newest := time.Time{}
		if len(all) > 0 {
			newest = all[len(all)-1].CreatedAt
		}
		if id, err = createSigningKey(k.dir, newest); err != nil {
			return err
		}
		for i, key := range all {
			if i+1 < len(all) && time.Since(all[i+1].CreatedAt) > k.verifiesFor {
				if err := os.Remove(filepath.Join(k.dir, key.ID+".pem")); err != nil {
					return err
				}
			}
		}
		return k.readFolder()
	})
	return id, err
}

// readFolder reads all keys of the folder.
func (k *Keys) readFolder() error {
	state, err := folderState(k.dir)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(k.dir, "*.pem"))
	if err != nil {
		return err
	}
	set, known := &keySet{state: state}, map[string]time.Time{}
	if before := k.set.Load(); before != nil {
		for _, key := range before.keys {
			known[key.ID] = key.signsFrom
		}
	}
	for _, f := range files {
		key, err := readSigningKey(f)
		if err != nil {
			return err
		}
		if since, ok := known[key.ID]; ok {
			key.signsFrom = since
		} else if len(known) > 0 {
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

// folderState returns a text that changes when a key is added, removed or replaced.
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

// WatchFolder looks for new keys four times a second until ctx ends.
func (k *Keys) WatchFolder(ctx context.Context) {
	lifecycle.Every(ctx, "signing keys", pollInterval, func(context.Context) { k.reloadIfChanged() })
}

// reloadIfChanged reads the folder if it has changed, at most twenty times a second. If it can't be
// read, the keys stay as they were.
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
		slog.Error("signing keys unreadable, the server keeps those it has read before", "error", err)
	}
	k.isUnreadable = err != nil
}

// liveKeys returns the keys that verify now: the newest, and those whose tokens may not have
// expired.
func (k *Keys) liveKeys() []Key {
	all := k.set.Load().keys
	for i := range all {
		if i+1 == len(all) || time.Since(all[i+1].CreatedAt) <= k.verifiesFor {
			return all[i:]
		}
	}
	return nil
}

// SigningKey returns the key that signs new tokens.
func (k *Keys) SigningKey() Key {
	all := k.set.Load().keys
	for _, key := range slices.Backward(all) {
		if time.Now().After(key.signsFrom) {
			return key
		}
	}
	return all[len(all)-1]
}

// FindVerifyingKey returns the live key with an id. If there is none, it looks into the folder:
// another replica may have made the key just now. It returns false if there is still none.
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

// VerifyingKeys returns the keys that verify now, sorted by id.
func (k *Keys) VerifyingKeys() []Key {
	out := slices.Clone(k.liveKeys())
	slices.SortFunc(out, func(a, b Key) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// DeriveKey returns a key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869). No two purposes
// share a key.
func (k *Keys) DeriveKey(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.secret, nil, "lyceum "+purpose, 32)
	if err != nil {
		panic(err) // only for a length that is out of bounds
	}
	return key
}
