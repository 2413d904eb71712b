package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// maxHashed is how large an object may be for its checksum to be computed again here, within the
// time of an answer. Of larger ones it is the store's word: the checksum was part of the signed
// request, so that the store took no other bytes.
const maxHashed = 64 << 20

// errAgain says that the object was replaced between looking at it and deciding.
var errAgain = errors.New("storage: the object changed meanwhile")

// complete makes an upload an asset once its object is there and as declared: 409
// upload-incomplete, 409 upload-mismatch, after which the object is gone, the URL takes another, and its uploader may begin
// another upload under the key.
// Only its uploader may; once completed it answers the same again.
func (s *Service) complete(ctx context.Context, id string) (a *asset, err error) {
	if !ids.IsValid(id) {
		return nil, errNoUpload
	}
	for range 3 {
		if a, err = s.tryComplete(ctx, id); !errors.Is(err, errAgain) {
			return a, err
		}
	}
	return nil, apperr.Unavailable("The object keeps changing.").WithCause(err)
}

func (s *Service) tryComplete(ctx context.Context, id string) (*asset, error) {
	a, err := s.uploadOf(ctx, id, lockNone)
	if err != nil || a.Status == completed {
		return a, err
	}
	// The object is looked at without a transaction, as that takes its time.
	info, err := s.inspect(ctx, a)
	var mismatch *apperr.Error
	if err != nil && !(errors.As(err, &mismatch) && mismatch.Code == "upload-mismatch") {
		return nil, err
	}
	refused := false
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		refused = false
		if a, err = s.uploadOf(ctx, id, lockForUpdate); err != nil || a.Status == completed {
			return err
		}
		if err := s.unchanged(ctx, a, info); err != nil {
			return err
		}
		if mismatch != nil {
			// Under the row's lock, so that nobody completes meanwhile what is deleted here.
			if err := s.blobs.Delete(ctx, a.BlobID); err != nil {
				return storeFault(err)
			}
			refused = true
			return s.store.refuse(ctx, a.ID, s.clock.Now())
		}
		return s.finish(ctx, a)
	})
	if err == nil && refused {
		return nil, mismatch
	}
	return a, err
}

// uploadOf returns the caller's own upload with a lock. It returns 404 where there is none that the caller may know of, and
// 403 for another's.
func (s *Service) uploadOf(ctx context.Context, id string, lock rowLock) (*asset, error) {
	a, err := s.store.byID(ctx, id, lock)
	if db.IsNotFound(err) {
		return nil, errNoUpload
	}
	if err == nil && a.UploaderID != identity.CallerFrom(ctx).UserID {
		return nil, s.visible(ctx, a, errNoUpload)
	}
	return a, err
}

// unchanged holds the object to be the one that was inspected.
func (s *Service) unchanged(ctx context.Context, a *asset, seen blob.Info) error {
	now, err := s.blobs.Stat(ctx, a.BlobID)
	if errors.Is(err, blob.ErrDamaged) && seen == (blob.Info{}) {
		return nil
	}
	if errors.Is(err, blob.ErrNotFound) || err == nil && now.ETag != seen.ETag {
		return errAgain
	}
	return storeFault(err)
}

// inspect compares the object with what was declared.
func (s *Service) inspect(ctx context.Context, a *asset) (blob.Info, error) {
	info, err := s.blobs.Stat(ctx, a.BlobID)
	if err == nil {
		err = s.compare(ctx, a, info)
	}
	if errors.Is(err, blob.ErrNotFound) {
		return info, errIncomplete
	}
	if errors.Is(err, blob.ErrDamaged) {
		return blob.Info{}, errMismatch("content", "it can't be read")
	}
	if _, told := apperr.As(err); told {
		return info, err
	}
	return info, storeFault(err)
}

func (s *Service) compare(ctx context.Context, a *asset, info blob.Info) error {
	if info.Size != a.Size {
		return errMismatch("size", fmt.Sprintf("it has %d bytes, and %d were announced", info.Size, a.Size))
	}
	if !strings.EqualFold(info.ContentType, a.ContentType) {
		return errMismatch("content_type", "it was sent with another Content-Type than "+a.ContentType)
	}
	prefix, err := s.blobs.ReadPrefix(ctx, a.BlobID, prefixSize)
	if err != nil {
		return err
	}
	if !looksLike(a.ContentType, prefix) {
		return errMismatch("content_type", fmt.Sprintf("it was announced as %s and looks like %s. Accepted are %s",
			a.ContentType, describeContent(prefix), strings.Join(s.limits.Types, ", ")))
	}
	if a.SHA256 == nil || a.Size > maxHashed {
		return nil
	}
	return s.compareHash(ctx, a)
}

func (s *Service) compareHash(ctx context.Context, a *asset) error {
	r, err := s.blobs.Open(ctx, a.BlobID)
	if err != nil {
		return err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return err
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != *a.SHA256 {
		return errMismatch("sha256", "its SHA-256 is "+sum)
	}
	return nil
}
