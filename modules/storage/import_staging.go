package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"

	"lyceum/modules/storage/internal/assetkey"
	"lyceum/modules/storage/internal/filetype"
	"lyceum/modules/storage/storageapi"
	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// Check returns the validation error of an upload like the file; start are its first bytes.
func (s *Service) Check(f storageapi.File, start []byte) error {
	n := newUpload{Key: f.Key, ContentType: f.ContentType, Size: f.Size}
	if err := s.limits.checkUpload(&n); err != nil {
		return err
	}
	if !filetype.Matches(n.ContentType, start[:min(len(start), filetype.PrefixSize)]) {
		return apperr.Invalid("content_type", "the file looks like "+filetype.Describe(start)+", not like "+n.ContentType)
	}
	return nil
}

// Stage stores the bytes of a file under its key, or under a key with a number if that is taken.
// They belong to the caller, and nobody can read them before Settle.
func (s *Service) Stage(
	ctx context.Context, f storageapi.File, open func() (io.ReadCloser, error),
) (storageapi.Staged, error) {
	a, err := s.claimFreeKey(ctx, f)
	if err != nil || a.Status == statusCompleted {
		return storageapi.Staged{Key: a.Key}, err
	}
	if err := s.storeBytes(ctx, a, open); err != nil {
		return storageapi.Staged{}, errors.Join(err, s.Discard(ctx, []string{a.ID}))
	}
	return storageapi.Staged{Key: a.Key, ID: a.ID}, nil
}

// claimFreeKey returns a new asset under a free key, or an asset of the caller that has the same
// bytes.
func (s *Service) claimFreeKey(ctx context.Context, f storageapi.File) (*asset, error) {
	for n := 1; n <= assetkey.MaxNumber+1; n++ {
		key := assetkey.WithNumber(f.Key, n)
		old, err := s.store.findByKey(ctx, key)
		if err != nil && !db.IsNotFound(err) {
			return &asset{}, err
		}
		if err == nil && old.Status == statusCompleted {
			if same, err := s.hasSameBytes(ctx, old, f, n == 1); same || err != nil {
				return old, err
			}
			continue
		}
		a, err := s.claimKeyFor(ctx, key, f)
		if err == nil || !errors.Is(err, errKeyTaken) {
			return a, err
		}
	}
	return &asset{}, errKeyTaken
}

// claimKeyFor returns a new asset of the caller under a key, or problem key-taken.
func (s *Service) claimKeyFor(ctx context.Context, key string, f storageapi.File) (*asset, error) {
	now := s.clock.Now()
	a := &asset{
		ID: ids.New(), Key: key, BlobID: ids.New(), ContentType: strings.ToLower(f.ContentType), Size: f.Size,
		Status:     statusPending,
		UploaderID: identity.CallerFrom(ctx).UserID, ExpiresAt: now.Add(uploadURLLife), CreatedAt: now,
	}
	if f.SHA256 != "" {
		sum := strings.ToLower(f.SHA256)
		a.SHA256 = &sum
	}
	return a, s.db.InTx(ctx, func(ctx context.Context) error { return s.claimKey(ctx, a, now, s.limits.Quota) })
}

// hasSameBytes reports whether the caller may use an asset in place of a file because it has the
// same bytes; false if the file's checksum is unknown. If that of the asset is unknown, it is
// computed with readIfUnknown, and else taken as another.
func (s *Service) hasSameBytes(ctx context.Context, a *asset, f storageapi.File, readIfUnknown bool) (bool, error) {
	if !a.isManagedBy(identity.CallerFrom(ctx)) || a.Size != f.Size || f.SHA256 == "" {
		return false, nil
	}
	if a.SHA256 == nil && !readIfUnknown {
		return false, nil
	}
	var sum string
	var err error
	if a.SHA256 != nil {
		sum = *a.SHA256
		_, err = s.blobs.Stat(ctx, a.BlobID)
	} else {
		sum, err = s.computeSum(ctx, a.BlobID)
	}
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	return err == nil && strings.EqualFold(sum, f.SHA256), explainStoreError(err)
}

// computeSum returns the SHA-256 of an object in hexadecimal.
func (s *Service) computeSum(ctx context.Context, blobID string) (string, error) {
	r, err := s.blobs.Open(ctx, blobID)
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }()
	h := sha256.New()
	_, err = io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), err
}

// storeBytes writes the bytes of a staged file to the object store.
func (s *Service) storeBytes(ctx context.Context, a *asset, open func() (io.ReadCloser, error)) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	return explainStoreError(s.blobs.Put(ctx, a.BlobID, r, a.Size, a.ContentType))
}

// Settle makes staged files assets, in the transaction of the caller.
func (s *Service) Settle(ctx context.Context, staged []string) error {
	for _, id := range staged {
		a, err := s.store.lockByID(ctx, id)
		if db.IsNotFound(err) || err == nil && a.Status != statusPending {
			return apperr.Unavailable("It took too long; try again.")
		}
		if err != nil {
			return err
		}
		if err := s.markCompleted(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// Discard removes staged files that were not settled, and their objects at once.
func (s *Service) Discard(ctx context.Context, staged []string) error {
	ctx = context.WithoutCancel(ctx)
	now := s.clock.Now()
	var gone []asset
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		gone = nil
		for _, id := range staged {
			a, err := s.store.lockByID(ctx, id)
			if err == nil && a.Status == statusPending {
				a.ExpiresAt = now.Add(-maxTransferTime) // nobody has a URL that could bring the object back
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
