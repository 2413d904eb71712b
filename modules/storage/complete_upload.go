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
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/lifecycle"
)

// maxRehashed is how large an object may be for its checksum to be computed again here, within the
// time of an answer. Larger objects are not read again: the checksum was signed into the URL, so the
// object store has compared it.
const maxRehashed = 64 << 20

// Times of a refusal.
const (
	// refusalTime bounds the deletion of the object.
	refusalTime = 20 * time.Second
	// refusalLease is how long others are kept from completing the upload; longer than refusalTime.
	refusalLease = 3 * refusalTime
	// refusalWait is how long another request waits for the end of the lease.
	refusalWait = 5 * time.Second
	// refusalPoll is how often that request looks.
	refusalPoll = 25 * time.Millisecond
)

// maxChanges is how often an object may be replaced while a request completes its upload.
const maxChanges = 3

var (
	// errObjectChanged means that the object was replaced between looking at it and deciding.
	errObjectChanged = errors.New("storage: the object changed meanwhile")
	// errBeingRefused means that another request is deleting the object.
	errBeingRefused = errors.New("storage: the object is being deleted")
)

// completeUpload makes an upload an asset once its object is there and as declared. Only its
// uploader may; once completed it answers the same again. It returns upload-incomplete if there is
// no object. If the object differs from the declaration it is deleted, and upload-mismatch is
// returned; the client may send the right bytes to the same URL or declare the key anew.
func (s *Service) completeUpload(ctx context.Context, id string) (a *asset, err error) {
	if !ids.IsValid(id) {
		return nil, errNoUpload
	}
	waiting, cancel := context.WithTimeout(ctx, refusalWait)
	defer cancel()
	for changes := 0; changes < maxChanges; { // waits are not counted
		a, err = s.tryComplete(ctx, id)
		if errors.Is(err, errBeingRefused) {
			if !lifecycle.Sleep(waiting, refusalPoll) {
				return nil, apperr.Unavailable("The file is being deleted; try again.").WithCause(err)
			}
			continue
		}
		if !errors.Is(err, errObjectChanged) {
			return a, err
		}
		changes++
	}
	return nil, apperr.Unavailable("The file is still changing. Complete the upload again in a moment.").WithCause(err)
}

// tryComplete inspects the object outside of a transaction, as reading it is slow, and then completes
// or refuses the upload. It returns errBeingRefused or errObjectChanged if it is to be called again.
func (s *Service) tryComplete(ctx context.Context, id string) (*asset, error) {
	a, err := s.findOwnUpload(ctx, id)
	if err != nil || a.Status == statusCompleted {
		return a, err
	}
	info, err := s.inspectObject(ctx, a)
	if errors.Is(err, errMismatch) {
		return s.refuseUpload(ctx, id, info, err)
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
	return s.publishAudit(ctx, "asset.uploaded", a)
}

// refuseUpload deletes an object that differs from its declaration and returns mismatch. seen is what
// was inspected. If somebody has completed the upload meanwhile, it returns the asset. A lease on the
// upload keeps others from completing what is deleted here; the deletion ends long before the lease
// does.
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
	if err = s.requireUnchanged(ctx, a, seen); err == nil {
		err = explainStoreError(s.blobs.Delete(ctx, a.ObjectID))
	}
	if err != nil {
		return nil, cmp.Or(s.store.endRefusal(ctx, id, nil), err)
	}
	now := s.clock.Now()
	return nil, cmp.Or(s.store.endRefusal(ctx, id, &now), mismatch)
}

// findOwnUpload returns an upload of the caller. It returns errNoUpload if there is none that the
// caller may know of, and errNotUploader for somebody else's.
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

// requireUploader passes on the result of a lookup if the caller is the uploader. Otherwise it returns
// errNoUpload, or errNotUploader if the caller may know of the upload.
func (s *Service) requireUploader(ctx context.Context, a *asset, err error) (*asset, error) {
	if db.IsNotFound(err) {
		return nil, errNoUpload
	}
	if err == nil && a.UploaderID != identity.CallerFrom(ctx).UserID {
		return nil, s.denyNonUploader(ctx, a, errNoUpload)
	}
	return a, err
}

// requireUnchanged returns errObjectChanged unless the object is still the one that was inspected.
func (s *Service) requireUnchanged(ctx context.Context, a *asset, seen blob.Info) error {
	now, err := s.blobs.Stat(ctx, a.ObjectID)
	if errors.Is(err, blob.ErrDamaged) && seen == (blob.Info{}) {
		return nil // inspectObject gives an empty Info for an object that can't be read: it is still that one
	}
	if errors.Is(err, blob.ErrNotFound) || err == nil && now.ETag != seen.ETag {
		return errObjectChanged
	}
	return explainStoreError(err)
}

// inspectObject describes the object of an upload and compares it with the declaration. It returns
// errIncomplete if there is none, and problem upload-mismatch if it differs or can't be read; in the
// latter case blob.Info is empty.
func (s *Service) inspectObject(ctx context.Context, a *asset) (blob.Info, error) {
	info, err := s.blobs.Stat(ctx, a.ObjectID)
	if err == nil {
		err = s.compareObject(ctx, a, info)
	}
	if errors.Is(err, blob.ErrNotFound) {
		return info, errIncomplete
	}
	if errors.Is(err, blob.ErrDamaged) {
		return blob.Info{}, newMismatchError("content", "it can't be read")
	}
	if errors.Is(err, errMismatch) {
		return info, err
	}
	return info, explainStoreError(err)
}

// compareObject returns problem upload-mismatch if an object differs from its declaration: in size,
// type, content or checksum.
func (s *Service) compareObject(ctx context.Context, a *asset, info blob.Info) error {
	if info.Size != a.Size {
		return newMismatchError("size", fmt.Sprintf("it has %d bytes, and %d were declared", info.Size, a.Size))
	}
	if !strings.EqualFold(info.ContentType, a.ContentType) {
		return newMismatchError("content_type", "it was sent with another Content-Type than "+a.ContentType)
	}
	prefix, err := s.blobs.ReadPrefix(ctx, a.ObjectID, filetype.PrefixSize)
	if err != nil {
		return err
	}
	if !filetype.Matches(a.ContentType, prefix) {
		return newMismatchError("content_type", fmt.Sprintf("it was declared as %s and looks like %s. Accepted are %s",
			a.ContentType, filetype.Describe(prefix), strings.Join(s.config.ContentTypes, ", ")))
	}
	if a.SHA256 == nil || a.Size > maxRehashed {
		return nil
	}
	return s.compareHash(ctx, a)
}

// compareHash returns problem upload-mismatch if an object has another SHA-256 than declared.
func (s *Service) compareHash(ctx context.Context, a *asset) error {
	r, err := s.blobs.Open(ctx, a.ObjectID)
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
