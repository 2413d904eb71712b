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
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// Usable implements storageapi.Assets. It reports whether the caller may use the key: for a
// completed asset of their own, or any as an administrator. In a transaction the asset is locked,
// so that it stays until the end.
func (s *Service) Usable(ctx context.Context, caller identity.Caller, key string) (bool, error) {
	if assetkey.Check(key) != nil {
		return false, nil
	}
	a, err := s.store.findUndeletableByKey(ctx, key)
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
func (s *Service) Store(ctx context.Context, ownerID, key, contentType string, size int64, r io.Reader) error {
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
	err = explainStoreError(s.blobs.Put(ctx, a.BlobID, r, size, contentType))
	if err == nil {
		err = s.db.InTx(ctx, func(ctx context.Context) error { return s.markCompleted(ctx, a) })
	}
	if err != nil {
		return errors.Join(err, s.Discard(ctx, []string{a.ID})) // so that the key is free at once
	}
	return nil
}

// reserveForServer reserves the key of an asset that the server makes. It returns true if a
// completed asset has the key.
func (s *Service) reserveForServer(ctx context.Context, a *asset, now clock.Time) (exists bool, err error) {
	old, err := s.store.lockByKey(ctx, a.Key)
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

// Files describes completed assets by their keys.
func (s *Service) Files(ctx context.Context, keys []string) (map[string]storageapi.File, error) {
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

// OpenFile reads a completed asset; ok false where the store has lost it.
func (s *Service) OpenFile(ctx context.Context, key string) (r io.ReadCloser, ok bool, err error) {
	a, err := s.store.findByKey(ctx, key)
	if db.IsNotFound(err) || err == nil && a.Status != statusCompleted {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	r, err = s.blobs.Open(ctx, a.BlobID)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, false, nil
	}
	return r, err == nil, explainStoreError(err)
}
