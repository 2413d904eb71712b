package storage

import (
	"context"
	"fmt"
	"io"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/storage/internal/assetkey"
	"lyceum/platform/blob"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// repository answers other modules about keys. It knows nobody who uses keys, so that they can ask
// it.
type repository struct {
	db     *db.DB
	store  *store
	blobs  blob.Store
	events *events.Bus
	clock  clock.Clock
}

func newRepository(d *db.DB, s *store, b blob.Store, e *events.Bus, c clock.Clock) *repository {
	return &repository{d, s, b, e, c}
}

// Usable implements storageapi.Assets. It reports whether the caller may use the key: for a
// completed asset of their own, or any as an administrator. In a transaction the asset is locked,
// so that it stays until the end.
func (s *repository) Usable(ctx context.Context, caller identity.Caller, key string) (bool, error) {
	if assetkey.Check(key) != nil {
		return false, nil
	}
	a, err := s.store.findByKey(ctx, key, lockForShare)
	if db.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return a.Status == statusCompleted && caller.IsSignedIn() && a.isManagedBy(caller), nil
}

// Store implements storageapi.Assets. It stores an object that the server made under a key, without
// regard to allowed types and the quota. An asset that has the key stays as it is. Store returns
// problem key-taken while another upload has the key. It must not be called in a transaction: it
// writes the bytes between two, so that a large object delays nobody.
func (s *repository) Store(ctx context.Context, ownerID, key, contentType string, size int64, r io.Reader) error {
	if err := assetkey.Check(key); err != nil {
		return fmt.Errorf("key %q: %w", key, err)
	}
	now := s.clock.Now()
	a := &asset{
		ID: ids.New(), Key: key, BlobID: ids.New(), ContentType: contentType, Size: size, Status: statusPending,
		UploaderID: ownerID, ExpiresAt: now.Add(uploadURLLife), CreatedAt: now,
	}
	exists := false
	err := s.db.InTx(ctx, func(ctx context.Context) (err error) {
		exists, err = s.reserveForServer(ctx, a, now)
		return err
	})
	if err != nil || exists {
		return err
	}
	if err := s.blobs.Put(ctx, a.BlobID, r, size, contentType); err != nil {
		return explainStoreError(err)
	}
	return s.db.InTx(ctx, func(ctx context.Context) error { return s.markCompleted(ctx, a) })
}

// reserveForServer reserves the key of an asset that the server makes. It returns true if a
// completed asset has the key.
func (s *repository) reserveForServer(ctx context.Context, a *asset, now clock.Time) (exists bool, err error) {
	old, err := s.store.findByKey(ctx, a.Key, lockForUpdate)
	if err == nil && old.Status == statusCompleted {
		return true, nil
	}
	if err != nil && !db.IsNotFound(err) {
		return false, err
	}
	if err := s.reserveKey(ctx, a, old, now); err != nil {
		return false, err
	}
	return false, nil
}

// reserveKey inserts the asset in the transaction of the caller, so that it has its key. old is the
// row that has the key now, or nil. It returns problem key-taken if old holds the key or another
// upload was faster.
func (s *repository) reserveKey(ctx context.Context, a, old *asset, now clock.Time) error {
	if old != nil {
		if old.holdsKey(a.UploaderID, now) {
			return errKeyTaken
		}
		if err := s.store.remove(ctx, old, now); err != nil {
			return err
		}
	}
	err := s.store.insert(ctx, a)
	if db.IsDuplicate(err) {
		return errKeyTaken
	}
	return err
}

// markCompleted completes an upload in the transaction of the caller.
func (s *repository) markCompleted(ctx context.Context, a *asset) error {
	now := s.clock.Now()
	if err := s.store.markCompleted(ctx, a.ID, now); err != nil {
		return err
	}
	a.Status, a.CompletedAt = statusCompleted, &now
	return s.publishEntry(ctx, "asset.uploaded", a)
}

// publishEntry publishes an audit entry about an asset.
func (s *repository) publishEntry(ctx context.Context, action string, a *asset) error {
	return s.events.Publish(ctx, auditapi.Entry{Action: action, TargetType: "asset", TargetID: a.ID,
		Data: map[string]any{"content_type": a.ContentType, "size": a.Size, "status": a.Status}})
}
