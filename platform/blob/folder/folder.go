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

// Store keeps objects in a directory. Make one with Open. It is safe for concurrent use, and
// several processes may use one directory.
type Store struct {
	// objectDir has the objects, tempDir the uploads under way.
	objectDir, tempDir string
	// urlPrefix begins every signed URL; the id follows.
	urlPrefix string
	// key signs URLs.
	key []byte
	now func() time.Time
	// stallTimeout is the constant of that name. Tests shorten it.
	stallTimeout time.Duration
	guard        Guard
	// commitLocks make "look for the object, then rename" one step for each id. The last digit of
	// the id chooses the lock.
	commitLocks [64]sync.Mutex

	mu sync.Mutex
	// activeUploads counts the uploads of each id that are under way.
	activeUploads map[string]int
}

var _ blob.Store = (*Store)(nil)

// Open opens the directory, creates it if it is missing, and removes the unfinished uploads of
// processes that were killed. publicURL is the address, without /objects, at which clients reach
// Handler. secret, of at least 32 bytes, signs the URLs; all replicas need the same one. clock
// decides whether a URL has expired. Open returns an error if an argument or the directory can't be
// used.
func Open(dir, publicURL string, secret []byte, clock func() time.Time) (*Store, error) {
	if len(secret) < 32 {
		return nil, fmt.Errorf("blob: the signing secret has %d bytes; 32 are needed", len(secret))
	}
	base, err := url.Parse(publicURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("blob: %q is not an http or https address", publicURL)
	}
	s := &Store{
		objectDir:    filepath.Join(dir, "objects"),
		tempDir:      filepath.Join(dir, "tmp"),
		urlPrefix:    strings.TrimRight(publicURL, "/") + "/objects/",
		key:          deriveKey(secret),
		now:          clock,
		stallTimeout: stallTimeout,

		activeUploads: map[string]int{},
	}
	for _, d := range []string{dir, s.objectDir, s.tempDir} {
		if err := private.CreateDir(d); err != nil {
			return nil, fmt.Errorf("blob: %w", err)
		}
	}
	return s, s.removeAbandoned()
}

// deriveKey returns the key that signs URLs. It differs from the secret, which may have other uses.
// Another derivation would make the URLs invalid that clients hold.
func deriveKey(secret []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("lyceum object urls"))
	return m.Sum(nil)
}

// removeAbandoned removes temporary files whose writer is gone. Those of another process that has
// the directory open, such as a second server, stay.
func (s *Store) removeAbandoned() error {
	entries, err := os.ReadDir(s.tempDir)
	if err != nil {
		return fmt.Errorf("blob: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(s.tempDir, e.Name())
		if !isAbandoned(path) {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("blob: %w", err)
		}
	}
	return nil
}

// objectPath returns the file of an object. The last two digits of a UUID are random, so that the
// 256 directories fill evenly.
func (s *Store) objectPath(id string) string {
	return filepath.Join(s.objectDir, id[34:], id)
}

// openByID opens an object. It returns blob.ErrNotFound if there is none, also for an id that is
// not a UUID: no path is made of it.
func (s *Store) openByID(id string) (*object, error) {
	if !blob.IsID(id) {
		return nil, blob.ErrNotFound
	}
	return openObject(s.objectPath(id))
}

// Stat implements blob.Store.
func (s *Store) Stat(ctx context.Context, id string) (blob.Info, error) {
	if err := ctx.Err(); err != nil {
		return blob.Info{}, err
	}
	o, err := s.openByID(id)
	if err != nil {
		return blob.Info{}, err
	}
	defer o.Close()
	return blob.Info{Size: o.meta.Size, ContentType: o.meta.Type, ETag: o.entityTag()}, nil
}

// Open implements blob.Store. The reader can seek.
func (s *Store) Open(ctx context.Context, id string) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.openReader(id)
}

// openReader is openByID for callers that only read. A nil object would be a reader that is not
// nil.
func (s *Store) openReader(id string) (io.ReadCloser, error) {
	o, err := s.openByID(id)
	if err != nil {
		return nil, err
	}
	return o, nil
}

// ReadPrefix implements blob.Store.
func (s *Store) ReadPrefix(ctx context.Context, id string, n int) ([]byte, error) {
	r, err := s.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, int64(n)))
}

// Delete implements blob.Store.
func (s *Store) Delete(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !blob.IsID(id) {
		return nil
	}
	err := os.Remove(s.objectPath(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("blob: %w", err)
	}
	return atomicfile.SyncDir(filepath.Dir(s.objectPath(id)))
}

// Ping implements blob.Store. It returns an error if a directory is missing.
func (s *Store) Ping(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, dir := range []string{s.objectDir, s.tempDir} {
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
