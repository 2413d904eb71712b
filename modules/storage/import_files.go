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

// CheckFile implements storageapi.FileImporter. It returns a validation error that names every rule of
// uploads that a file breaks. prefix are its first bytes.
func (s *Service) CheckFile(f storageapi.File, prefix []byte) error {
	in := newUpload{Key: f.Key, ContentType: f.ContentType, Size: f.Size}
	if err := s.normalizeUpload(&in); err != nil {
		return err
	}
	if !filetype.Matches(in.ContentType, prefix[:min(len(prefix), filetype.PrefixSize)]) {
		return apperr.Invalid("content_type",
			"the file looks like "+filetype.Describe(prefix)+", not like "+in.ContentType)
	}
	return nil
}

// StageFile implements storageapi.FileImporter. It stores the bytes of a file under its key, or under
// a key with a number if that is taken. They belong to the caller, and nobody can read them before
// CompleteStaged. It stores nothing if an asset that the caller may use has the same bytes.
func (s *Service) StageFile(
	ctx context.Context, f storageapi.File, open func() (io.ReadCloser, error),
) (storageapi.StagedFile, error) {
	a, reused, err := s.insertUnderFreeKey(ctx, f)
	if err != nil {
		return storageapi.StagedFile{}, err
	}
	if reused {
		return storageapi.StagedFile{Key: a.Key}, nil
	}
	if err := s.writeStaged(ctx, a, open); err != nil {
		return storageapi.StagedFile{}, errors.Join(err, s.DiscardStaged(ctx, []string{a.ID}))
	}
	return storageapi.StagedFile{Key: a.Key, ID: a.ID}, nil
}

// insertUnderFreeKey inserts an asset for a file under the first key that is free: its own, one with
// a number, or one with a random id after MaxNumber numbers. reused means that nothing was inserted:
// the asset that it returns has the same bytes, and the caller may use it.
func (s *Service) insertUnderFreeKey(ctx context.Context, f storageapi.File) (a *asset, reused bool, err error) {
	for n := 1; n <= assetkey.MaxNumber+1; n++ {
		key := assetkey.WithNumber(f.Key, n)
		old, err := s.store.findByKey(ctx, key)
		if err != nil && !db.IsNotFound(err) {
			return nil, false, err
		}
		if err == nil && old.Status == statusCompleted {
			// Only under the key that was asked for, as reading is slow.
			readIfUnknown := n == 1
			if same, err := s.hasSameBytes(ctx, old, f, readIfUnknown); same || err != nil {
				return old, same, err
			}
			continue
		}
		a, err := s.insertStaged(ctx, key, f)
		if err == nil || !errors.Is(err, errKeyTaken) {
			return a, false, err
		}
	}
	return nil, false, errKeyTaken
}

// insertStaged inserts an asset of the caller for a file under a key. It returns problem key-taken,
// or quota-exceeded.
func (s *Service) insertStaged(ctx context.Context, key string, f storageapi.File) (*asset, error) {
	now := s.clock.Now()
	a := &asset{
		ID: ids.New(), Key: key, ObjectID: ids.New(), ContentType: strings.ToLower(f.ContentType), Size: f.Size,
		Status:     statusPending,
		UploaderID: identity.CallerFrom(ctx).UserID, ExpiresAt: now.Add(uploadURLLife), CreatedAt: now,
	}
	if f.SHA256 != "" {
		sum := strings.ToLower(f.SHA256)
		a.SHA256 = &sum
	}
	return a, s.db.InTx(ctx, func(ctx context.Context) error { return s.insertWithinQuota(ctx, a, now) })
}

// hasSameBytes reports whether the caller may use an asset in place of a file because it has the
// same bytes. Files without a checksum have the bytes of no asset. If the checksum of the asset is
// unknown, its object is read with readIfUnknown, and false is returned without.
func (s *Service) hasSameBytes(
	ctx context.Context, a *asset, f storageapi.File, readIfUnknown bool,
) (bool, error) {
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
		_, err = s.blobs.Stat(ctx, a.ObjectID)
	} else {
		sum, err = s.computeSHA256(ctx, a.ObjectID)
	}
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	return err == nil && strings.EqualFold(sum, f.SHA256), explainStoreError(err)
}

// computeSHA256 returns the SHA-256 of an object in hexadecimal.
func (s *Service) computeSHA256(ctx context.Context, objectID string) (string, error) {
	r, err := s.blobs.Open(ctx, objectID)
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }()
	h := sha256.New()
	_, err = io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), err
}

// writeStaged writes the bytes of a staged file to the object store.
func (s *Service) writeStaged(ctx context.Context, a *asset, open func() (io.ReadCloser, error)) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	return explainStoreError(s.blobs.Put(ctx, a.ObjectID, r, a.Size, a.ContentType))
}

// CompleteStaged implements storageapi.FileImporter. It makes assets of staged files, in the
// transaction of the caller. It returns errStagedGone if one of them is not staged any more: it was
// completed, discarded, cleared after two hours, or revoked as its uploader was disabled.
func (s *Service) CompleteStaged(ctx context.Context, staged []string) error {
	for _, id := range staged {
		a, err := s.store.lockByID(ctx, id)
		if db.IsNotFound(err) || err == nil && a.Status != statusPending {
			return errStagedGone
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

// DiscardStaged implements storageapi.FileImporter. It removes staged files that were not completed,
// and their objects at once.
func (s *Service) DiscardStaged(ctx context.Context, staged []string) error {
	ctx = context.WithoutCancel(ctx)
	now := s.clock.Now()
	var discarded []asset
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		discarded = nil
		for _, id := range staged {
			a, err := s.store.lockByID(ctx, id)
			if err == nil && a.Status == statusPending {
				a.ExpiresAt = now.Add(-maxTransferTime) // nobody has a URL that could bring the object back
				discarded = append(discarded, *a)
			} else if err != nil && !db.IsNotFound(err) {
				return err
			}
		}
		return s.store.moveToTrash(ctx, discarded, now)
	})
	for _, a := range discarded {
		if err == nil {
			err = s.deleteTrashed(ctx, a.ObjectID) // what fails here is left to the job
		}
	}
	return err
}
