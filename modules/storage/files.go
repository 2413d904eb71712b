package storage

import (
	"context"
	"errors"
	"fmt"
	"io"

	"lyceum/modules/storage/internal/assetkey"
	"lyceum/modules/storage/storageapi"
	"lyceum/platform/blob"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// PutFile implements storageapi.FilePutter. It stores a file of the server's own making under a key,
// without regard to allowed types and the quota. It does nothing if the key has a completed asset,
// and returns problem key-taken while an upload holds the key. A failure frees the key at once. It
// must not be called in a transaction: it writes the bytes between two transactions, so that a large
// file delays nobody.
func (s *Service) PutFile(
	ctx context.Context, uploaderID, key, contentType string, size int64, r io.Reader,
) error {
	if err := assetkey.Check(key); err != nil {
		return fmt.Errorf("key %q: %w", key, err)
	}
	now := s.clock.Now()
	a := newServerAsset(uploaderID, key, contentType, size, now)
	exists := false
	err := s.db.InTx(ctx, func(ctx context.Context) (err error) {
		exists, err = s.insertUnlessCompleted(ctx, a, now)
		return err
	})
	if err != nil || exists {
		return err
	}
	err = explainStoreError(s.blobs.Put(ctx, a.ObjectID, r, size, contentType))
	if err == nil {
		err = s.db.InTx(ctx, func(ctx context.Context) error { return s.markCompleted(ctx, a) })
	}
	if err != nil {
		return errors.Join(err, s.DiscardStaged(ctx, []string{a.ID}))
	}
	return nil
}

// newServerAsset returns the pending asset of a file of the server's own making. Nobody has a URL of it, so it
// does not hold its key: a process that was killed in PutFile does not keep the next one from it.
func newServerAsset(uploaderID, key, contentType string, size int64, now clock.Time) *asset {
	return &asset{
		ID: ids.New(), Key: key, ObjectID: ids.New(), ContentType: contentType, Size: size, Status: statusPending,
		UploaderID: uploaderID, ExpiresAt: now, CreatedAt: now,
	}
}

// insertUnlessCompleted inserts an asset that the server makes. It returns true, and inserts nothing,
// if a completed asset has the key, and problem key-taken while an upload holds it.
func (s *Service) insertUnlessCompleted(ctx context.Context, a *asset, now clock.Time) (exists bool, err error) {
	old, err := s.store.lockByKey(ctx, a.Key)
	if err == nil && old.Status == statusCompleted {
		return true, nil
	}
	if err != nil && !db.IsNotFound(err) {
		return false, err
	}
	return false, s.insertUnderKey(ctx, a, old, now)
}

// DescribeFiles implements storageapi.FileReader. It describes the completed assets of the keys.
func (s *Service) DescribeFiles(ctx context.Context, keys []string) (map[string]storageapi.File, error) {
	found, err := s.store.findByKeys(ctx, keys)
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

// OpenFile implements storageapi.FileReader. ok is false if no completed asset has the key, or the
// object store has lost its object.
func (s *Service) OpenFile(ctx context.Context, key string) (r io.ReadCloser, ok bool, err error) {
	a, err := s.store.findByKey(ctx, key)
	if db.IsNotFound(err) || err == nil && a.Status != statusCompleted {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	r, err = s.blobs.Open(ctx, a.ObjectID)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, false, nil
	}
	return r, err == nil, explainStoreError(err)
}
