package storage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"lyceum/modules/storage/internal/filetype"
	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/lifecycle"
)

// maxHashed is how large an object may be for its checksum to be computed again here, within the
// time of an answer. Of larger ones it is the store's word: the checksum was part of the signed
// request, so that the store took no other bytes.
const maxHashed = 64 << 20

// Times of a refusal: how long a request may take to delete the object, how long it keeps others
// from the upload, and how long and how often those wait.
const (
	refusalTime  = 20 * time.Second
	refusalLease = 3 * refusalTime
	refusalWait  = 5 * time.Second
	refusalPoll  = 25 * time.Millisecond
)

var (
	// errObjectChanged means that the object was replaced between looking at it and deciding.
	errObjectChanged = errors.New("storage: the object changed meanwhile")
	// errBeingRefused means that another request is deleting the object.
	errBeingRefused = errors.New("storage: the object is being deleted")
)

// completeUpload makes an upload an asset once its object is there and as declared. Only its
// uploader may; once completed it answers the same again. It returns upload-incomplete if there is
// no object, and upload-mismatch if the object is another than declared: then the object is gone,
// the URL takes another, and the uploader may begin another upload under the key.
func (s *Service) completeUpload(ctx context.Context, id string) (a *asset, err error) {
	if !ids.IsValid(id) {
		return nil, errNoUpload
	}
	waiting, cancel := context.WithTimeout(ctx, refusalWait)
	defer cancel()
	for changes := 0; changes < 3; {
		a, err = s.tryComplete(ctx, id)
		if errors.Is(err, errBeingRefused) {
			if !lifecycle.Sleep(waiting, refusalPoll) {
				break
			}
			continue
		}
		if !errors.Is(err, errObjectChanged) {
			return a, err
		}
		changes++
	}
	return nil, apperr.Unavailable("The object keeps changing.").WithCause(err)
}

// tryComplete looks at the object without a transaction, as that takes its time, and decides then.
func (s *Service) tryComplete(ctx context.Context, id string) (*asset, error) {
	a, err := s.findOwnUpload(ctx, id)
	if err != nil || a.Status == statusCompleted {
		return a, err
	}
	info, err := s.inspectObject(ctx, a)
	var mismatch *apperr.Error
	if errors.As(err, &mismatch) && mismatch.Code == "upload-mismatch" {
		return s.refuseUpload(ctx, id, info, mismatch)
	}
	if err != nil {
		return nil, err
	}
	if err := s.requireUnchanged(ctx, a, info); err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if a, err = s.lockOwnUpload(ctx, id); err != nil || a.Status == statusCompleted {
			return err
		}
		return s.markCompleted(ctx, a)
	})
	return a, err
}

// markCompleted completes an upload in the transaction of the caller.
func (s *Service) markCompleted(ctx context.Context, a *asset) error {
	now := s.clock.Now()
	if err := s.store.markCompleted(ctx, a.ID, now); err != nil {
		return err
	}
	a.Status, a.CompletedAt = statusCompleted, &now
	return s.publishEntry(ctx, "asset.uploaded", a)
}

// refuseUpload deletes an object that is another than declared and returns mismatch. If somebody
// has completed the upload meanwhile, it returns the asset. A lease on the upload keeps others from
// completing what is deleted here; the deletion ends long before the lease does.
func (s *Service) refuseUpload(ctx context.Context, id string, seen blob.Info, mismatch error) (*asset, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalTime)
	defer cancel()
	var a *asset
	err := s.db.InTx(ctx, func(ctx context.Context) (err error) {
		if a, err = s.lockOwnUpload(ctx, id); err != nil || a.Status == statusCompleted {
			return err
		}
		return s.store.beginRefusal(ctx, id, s.clock.Now().Add(refusalLease))
	})
	if err != nil || a.Status == statusCompleted {
		return a, err
	}
	var refusedAt *clock.Time
	if err = s.requireUnchanged(ctx, a, seen); err == nil {
		err = explainStoreError(s.blobs.Delete(ctx, a.BlobID))
	}
	if err == nil {
		now := s.clock.Now()
		refusedAt, err = &now, mismatch
	}
	return nil, cmp.Or(s.store.endRefusal(ctx, id, refusedAt), err)
}

// findOwnUpload returns an upload of the caller's. It returns 404 if there is none that the caller
// may know of, and 403 for somebody else's.
func (s *Service) findOwnUpload(ctx context.Context, id string) (*asset, error) {
	a, err := s.store.findByID(ctx, id)
	return s.requireUploader(ctx, a, err)
}

// lockOwnUpload is findOwnUpload with a lock on the row. It returns errBeingRefused while another
// request deletes the object.
func (s *Service) lockOwnUpload(ctx context.Context, id string) (*asset, error) {
	a, err := s.store.lockByID(ctx, id)
	a, err = s.requireUploader(ctx, a, err)
	if err == nil && a.Status != statusCompleted && a.isBeingRefused(s.clock.Now()) {
		return nil, errBeingRefused
	}
	return a, err
}

// requireUploader returns what the store found if the caller uploaded it, or why not.
func (s *Service) requireUploader(ctx context.Context, a *asset, err error) (*asset, error) {
	if db.IsNotFound(err) {
		return nil, errNoUpload
	}
	if err == nil && a.UploaderID != identity.CallerFrom(ctx).UserID {
		return nil, s.explainRefusal(ctx, a, errNoUpload)
	}
	return a, err
}

// requireUnchanged returns errObjectChanged unless the object is still the one that was inspected.
func (s *Service) requireUnchanged(ctx context.Context, a *asset, seen blob.Info) error {
	now, err := s.blobs.Stat(ctx, a.BlobID)
	if errors.Is(err, blob.ErrDamaged) && seen == (blob.Info{}) {
		return nil
	}
	if errors.Is(err, blob.ErrNotFound) || err == nil && now.ETag != seen.ETag {
		return errObjectChanged
	}
	return explainStoreError(err)
}

// inspectObject compares the object with what was declared.
func (s *Service) inspectObject(ctx context.Context, a *asset) (blob.Info, error) {
	info, err := s.blobs.Stat(ctx, a.BlobID)
	if err == nil {
		err = s.compareObject(ctx, a, info)
	}
	if errors.Is(err, blob.ErrNotFound) {
		return info, errIncomplete
	}
	if errors.Is(err, blob.ErrDamaged) {
		return blob.Info{}, newMismatchError("content", "it can't be read")
	}
	if _, told := apperr.As(err); told {
		return info, err
	}
	return info, explainStoreError(err)
}

// compareObject returns problem upload-mismatch if an object differs from its declaration: in size,
// type, content or checksum.
func (s *Service) compareObject(ctx context.Context, a *asset, info blob.Info) error {
	if info.Size != a.Size {
		return newMismatchError("size", fmt.Sprintf("it has %d bytes, and %d were announced", info.Size, a.Size))
	}
	if !strings.EqualFold(info.ContentType, a.ContentType) {
		return newMismatchError("content_type", "it was sent with another Content-Type than "+a.ContentType)
	}
	prefix, err := s.blobs.ReadPrefix(ctx, a.BlobID, filetype.PrefixSize)
	if err != nil {
		return err
	}
	if !filetype.Matches(a.ContentType, prefix) {
		return newMismatchError("content_type", fmt.Sprintf("it was announced as %s and looks like %s. Accepted are %s",
			a.ContentType, filetype.Describe(prefix), strings.Join(s.limits.Types, ", ")))
	}
	if a.SHA256 == nil || a.Size > maxHashed {
		return nil
	}
	return s.compareHash(ctx, a)
}

// compareHash returns problem upload-mismatch if an object has another SHA-256 than declared.
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
		return newMismatchError("sha256", "its SHA-256 is "+sum)
	}
	return nil
}
