package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// maxNumber is the last number that a taken key is tried with before it gets an id.
const maxNumber = 50

// Files describes completed assets by their keys.
func (s *shelf) Files(ctx context.Context, keys []string) (map[string]storageapi.File, error) {
	found, err := s.store.byKeys(ctx, keys)
	out := make(map[string]storageapi.File, len(found))
	for _, a := range found {
		f := storageapi.File{Key: a.Key, ContentType: a.ContentType, Size: a.Size}
		if a.SHA256 != nil {
			f.SHA256 = *a.SHA256
		}
		out[a.Key] = f
	}
	return out, err
}

// OpenFile reads a completed asset; ok false where the store has lost it.
func (s *shelf) OpenFile(ctx context.Context, key string) (r io.ReadCloser, ok bool, err error) {
	a, err := s.store.byKey(ctx, key, lockNone)
	if db.IsNotFound(err) || err == nil && a.Status != completed {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	r, err = s.blobs.Open(ctx, a.BlobID)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, false, nil
	}
	return r, err == nil, storeFault(err)
}

// intake takes the files of an import. Like the shelf, on which it stands, it knows nobody who uses keys.
type intake struct {
	*shelf
	limits limits
}

func newIntake(s *shelf, c *Config) storageapi.Intake { return &intake{s, limitsOf(c)} }

// Check holds a file to what an upload is held to.
func (s *intake) Check(f storageapi.File, start []byte) error {
	n := newUpload{Key: f.Key, ContentType: f.ContentType, Size: f.Size}
	if err := s.limits.check(&n); err != nil {
		return err
	}
	if !looksLike(n.ContentType, start[:min(len(start), prefixSize)]) {
		return apperr.Invalid("content_type", "the file looks like "+describeContent(start)+", not like "+n.ContentType)
	}
	return nil
}

// Stage brings the bytes under the file's key, or another where that is taken. They belong to the caller and
// are nobody's to read before Settle.
func (s *intake) Stage(ctx context.Context, f storageapi.File, open func() (io.ReadCloser, error)) (storageapi.Staged, error) {
	a, err := s.takeName(ctx, f)
	if err != nil || a.Status == completed {
		return storageapi.Staged{Key: a.Key}, err
	}
	if err := s.bring(ctx, a, open); err != nil {
		return storageapi.Staged{}, errors.Join(err, s.Discard(ctx, []string{a.ID}))
	}
	return storageapi.Staged{Key: a.Key, ID: a.ID}, nil
}

// takeName gives a new asset under a free key, or the caller's own that has the same bytes already.
func (s *intake) takeName(ctx context.Context, f storageapi.File) (*asset, error) {
	for n := 1; n <= maxNumber+1; n++ {
		key := numbered(f.Key, n)
		old, err := s.store.byKey(ctx, key, lockNone)
		if err != nil && !db.IsNotFound(err) {
			return &asset{}, err
		}
		if err == nil && old.Status == completed {
			if same, err := s.same(ctx, old, f, n == 1); same || err != nil {
				return old, err
			}
			continue
		}
		a, err := s.takeFor(ctx, key, f)
		if err == nil || !errors.Is(err, errTaken) {
			return a, err
		}
	}
	return &asset{}, errTaken
}

func (s *intake) takeFor(ctx context.Context, key string, f storageapi.File) (*asset, error) {
	now := s.clock.Now()
	sum := strings.ToLower(f.SHA256)
	a := &asset{ID: ids.New(), Key: key, BlobID: ids.New(), ContentType: strings.ToLower(f.ContentType), Size: f.Size, SHA256: &sum, Status: pending,
		UploaderID: identity.CallerFrom(ctx).UserID, ExpiresAt: now.Add(urlLife), CreatedAt: now}
	return a, s.db.InTx(ctx, func(ctx context.Context) error { return s.takeKey(ctx, a, now, s.limits.Quota) })
}

// numbered is the key with a number before its extension; the first is the key itself, the last has an id.
func numbered(key string, n int) string {
	if n == 1 {
		return key
	}
	mark := fmt.Sprint("-", n)
	if n > maxNumber {
		mark = "-" + ids.New()
	}
	ext := path.Ext(key)
	base := strings.TrimSuffix(key, ext)
	if base == "" || strings.HasSuffix(base, "/") {
		base, ext = key, ""
	}
	room := max(1, maxKey-len([]rune(ext))-len(mark))
	if letters := []rune(base); len(letters) > room {
		base = string(letters[:room])
	}
	if len([]rune(base+mark+ext)) > maxKey {
		ext = ""
	}
	return strings.TrimRight(base, "/") + mark + ext
}

// same says whether the caller may use an asset in place of a file because it has its bytes. An object whose
// checksum is not known is read only if looking is worth it.
func (s *intake) same(ctx context.Context, a *asset, f storageapi.File, look bool) (bool, error) {
	if !a.belongsTo(identity.CallerFrom(ctx)) || a.Size != f.Size || a.SHA256 == nil && !look {
		return false, nil
	}
	var sum string
	var err error
	if a.SHA256 != nil {
		sum = *a.SHA256
		_, err = s.blobs.Stat(ctx, a.BlobID)
	} else {
		sum, err = s.sum(ctx, a.BlobID)
	}
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	return err == nil && strings.EqualFold(sum, f.SHA256), storeFault(err)
}

func (s *intake) sum(ctx context.Context, blobID string) (string, error) {
	r, err := s.blobs.Open(ctx, blobID)
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }()
	h := sha256.New()
	_, err = io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), err
}

func (s *intake) bring(ctx context.Context, a *asset, open func() (io.ReadCloser, error)) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	return storeFault(s.blobs.Put(ctx, a.BlobID, r, a.Size, a.ContentType))
}

// Settle makes staged files assets, in the caller's transaction.
func (s *intake) Settle(ctx context.Context, staged []string) error {
	for _, id := range staged {
		a, err := s.store.byID(ctx, id, lockForUpdate)
		if db.IsNotFound(err) || err == nil && a.Status != pending {
			return apperr.Unavailable("It took too long; try again.")
		}
		if err != nil {
			return err
		}
		if err := s.finish(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// Discard removes what was staged and not settled, the objects at once.
func (s *intake) Discard(ctx context.Context, staged []string) error {
	ctx = context.WithoutCancel(ctx)
	now := s.clock.Now()
	var gone []asset
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		gone = nil
		for _, id := range staged {
			a, err := s.store.byID(ctx, id, lockForUpdate)
			if err == nil && a.Status == pending {
				a.ExpiresAt = now.Add(-slowest) // nobody has a URL that could bring the object back
				gone = append(gone, *a)
			} else if err != nil && !db.IsNotFound(err) {
				return err
			}
		}
		return s.store.removeAll(ctx, gone, now)
	})
	for _, a := range gone {
		if err == nil {
			err = s.emptyTrash(ctx, a.BlobID) // what fails here the job does later
		}
	}
	return err
}
