package storage

import (
	"context"
	"fmt"
	"io"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/blob"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// shelf answers other modules about keys. It knows nobody who uses keys, so that they can ask it.
type shelf struct {
	db     *db.DB
	store  *store
	blobs  blob.Store
	events *events.Bus
	clock  clock.Clock
}

func newShelf(d *db.DB, s *store, b blob.Store, e *events.Bus, c clock.Clock) *shelf {
	return &shelf{d, s, b, e, c}
}

// Usable says whether the caller may use the key: a completed asset of his own, or any for
// administrators. Asked in a transaction, the asset stays until that ends.
func (s *shelf) Usable(ctx context.Context, caller identity.Caller, key string) (bool, error) {
	if checkKey(key) != nil {
		return false, nil
	}
	a, err := s.store.byKey(ctx, key, lockForShare)
	if db.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return a.Status == completed && caller.IsSignedIn() && a.belongsTo(caller), nil
}

// Store puts an object of the server's own making under a key. An existing key is kept; one that
// is being uploaded is 409 key-taken. Neither the allowed types nor the quota bind it. It must not be called inside a
// transaction: the bytes are written between two, so that a large object holds nobody up.
func (s *shelf) Store(ctx context.Context, ownerID, key, contentType string, size int64, r io.Reader) error {
	if err := checkKey(key); err != nil {
		return fmt.Errorf("key %q: %w", key, err)
	}
	now := s.clock.Now()
	a := &asset{ID: ids.New(), Key: key, BlobID: ids.New(), ContentType: contentType, Size: size, Status: pending, UploaderID: ownerID,
		ExpiresAt: now.Add(urlLife), CreatedAt: now}
	kept := false
	err := s.db.InTx(ctx, func(ctx context.Context) (err error) {
		kept, err = s.reserveOwn(ctx, a, now)
		return err
	})
	if err != nil || kept {
		return err
	}
	if err := s.blobs.Put(ctx, a.BlobID, r, size, contentType); err != nil {
		return storeFault(err)
	}
	return s.db.InTx(ctx, func(ctx context.Context) error { return s.finish(ctx, a) })
}

func (s *shelf) reserveOwn(ctx context.Context, a *asset, now clock.Time) (kept bool, err error) {
	old, err := s.store.byKey(ctx, a.Key, lockForUpdate)
	if err == nil && old.Status == completed {
		return true, nil
	}
	if err != nil && !db.IsNotFound(err) {
		return false, err
	}
	if err := s.reserve(ctx, a, old, now); err != nil {
		return false, err
	}
	return false, nil
}

// reserve takes the key for a in the caller's transaction: 409 key-taken where old, the row of that
// key if there is one, holds it, or another is faster. An upload past its time gives way.
func (s *shelf) reserve(ctx context.Context, a, old *asset, now clock.Time) error {
	if old != nil {
		if old.holdsKey(a.UploaderID, now) {
			return errTaken
		}
		if err := s.store.remove(ctx, old, now); err != nil {
			return err
		}
	}
	err := s.store.insert(ctx, a)
	if db.IsDuplicate(err) {
		return errTaken
	}
	return err
}

// finish makes an upload an asset, in the caller's transaction.
func (s *shelf) finish(ctx context.Context, a *asset) error {
	now := s.clock.Now()
	if err := s.store.complete(ctx, a.ID, now); err != nil {
		return err
	}
	a.Status, a.CompletedAt = completed, &now
	return s.record(ctx, "asset.uploaded", a)
}

func (s *shelf) record(ctx context.Context, action string, a *asset) error {
	return s.events.Publish(ctx, auditapi.Entry{Action: action, TargetType: "asset", TargetID: a.ID,
		Data: map[string]any{"content_type": a.ContentType, "size": a.Size, "status": a.Status}})
}
