package storage

import (
	"context"
	"errors"
	"fmt"
	"io"

	"lyceum/modules/storage/internal/assetkey"
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
	a := &asset{
		ID: ids.New(), Key: key, ObjectID: ids.New(), ContentType: contentType, Size: size, Status: statusPending,
		UploaderID: uploaderID, ExpiresAt: now.Add(uploadURLLife), CreatedAt: now,
	}
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
