package folder

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"lyceum/platform/atomicfile"
	"lyceum/platform/blob"
	"lyceum/platform/private"
)

// Folder keeps objects as files: DIR/objects/XX/ID, XX being the id's last two digits, and
// unfinished ones under DIR/tmp. It signs URLs under PUBLIC_URL/objects/ and serves them through
// Handler.
//
// A file holds the content, then its description, so that both appear with one rename: a process
// killed at any instant leaves the old object or the new one, never a part.
type Store struct {
	objects, tmp string
	base         string
	key          []byte
	now          func() time.Time
	stall        time.Duration
	guard        Guard
	// commit serialises "is it there? then rename" of one id; the id picks the lock.
	commit [64]sync.Mutex

	mu sync.Mutex
	// arriving counts the transfers of each id under way.
	arriving map[string]int
}

// maxArriving is how many transfers of one object there may be at once: a client that tries again, while what broke off is
// not yet noticed, needs a second, and each takes the object's whole room on the disk.
const maxArriving = 3

// admit counts one more transfer of an object; false when there are enough.
func (f *Store) admit(id string) (end func(), ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.arriving[id] >= maxArriving {
		return nil, false
	}
	f.arriving[id]++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.arriving[id]--; f.arriving[id] == 0 {
			delete(f.arriving, id)
		}
	}, true
}

var _ blob.Store = (*Store)(nil)

// NewFolder opens the directory, making it when it is missing, and removes what processes that
// were killed left unfinished. publicURL is where Handler is reached from outside, without
// /objects. secret, at least 32 bytes, signs the URLs; all replicas need the same. clock says
// when a URL has run out.
func Open(dir, publicURL string, secret []byte, clock func() time.Time) (*Store, error) {
	if len(secret) < 32 {
		return nil, fmt.Errorf("blob: the signing secret has %d bytes; 32 are needed", len(secret))
	}
	base, err := url.Parse(publicURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("blob: %q is not an http or https address", publicURL)
	}
	f := &Store{
		objects: filepath.Join(dir, "objects"),
		tmp:     filepath.Join(dir, "tmp"),
		base:    strings.TrimRight(publicURL, "/") + "/objects/",
		key:     deriveKey(secret),
		now:     clock,
		stall:   stall,

		arriving: map[string]int{},
	}
	for _, d := range []string{dir, f.objects, f.tmp} {
		if err := private.Dir(d); err != nil {
			return nil, fmt.Errorf("blob: %w", err)
		}
	}
	return f, f.sweep()
}

// deriveKey gives object URLs a key of their own, as the same secret signs other things too.
func deriveKey(secret []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("lyceum object urls"))
	return m.Sum(nil)
}

// sweep removes temporary files whose writer is gone. Another process, such as a backup beside a
// server, may have this folder open, so a file that its writer still holds stays.
func (f *Store) sweep() error {
	entries, err := os.ReadDir(f.tmp)
	if err != nil {
		return fmt.Errorf("blob: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(f.tmp, e.Name())
		if !abandoned(path) {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("blob: %w", err)
		}
	}
	return nil
}

func (f *Store) path(id string) string {
	return filepath.Join(f.objects, id[34:], id)
}

func (f *Store) open(id string) (*object, error) {
	if !blob.IsID(id) {
		return nil, blob.ErrNotFound
	}
	return openObject(f.path(id))
}

// Stat implements Store.
func (f *Store) Stat(ctx context.Context, id string) (blob.Info, error) {
	if err := ctx.Err(); err != nil {
		return blob.Info{}, err
	}
	o, err := f.open(id)
	if err != nil {
		return blob.Info{}, err
	}
	defer o.Close()
	return blob.Info{Size: o.meta.Size, ContentType: o.meta.Type, ETag: o.etag()}, nil
}

// Open implements Store. The reader can seek.
func (f *Store) Open(ctx context.Context, id string) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return f.openReader(id)
}

func (f *Store) openReader(id string) (io.ReadCloser, error) {
	o, err := f.open(id)
	if err != nil {
		return nil, err
	}
	return o, nil
}

// ReadPrefix implements Store.
func (f *Store) ReadPrefix(ctx context.Context, id string, n int) ([]byte, error) {
	r, err := f.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, int64(n)))
}

// Delete implements Store.
func (f *Store) Delete(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !blob.IsID(id) {
		return nil
	}
	err := os.Remove(f.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("blob: %w", err)
	}
	return atomicfile.SyncDir(filepath.Dir(f.path(id)))
}

// Ping implements Store: the directories are there and can be listed.
func (f *Store) Ping(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, dir := range []string{f.objects, f.tmp} {
		info, err := os.Stat(dir)
		if err != nil {
			return fmt.Errorf("blob: %w", err)
		}
		if !info.IsDir() {
			return fmt.Errorf("blob: %s is not a directory", dir)
		}
	}
	return nil
}
