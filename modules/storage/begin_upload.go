package storage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lyceum/modules/storage/internal/assetkey"
	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// newUpload is what a client declares.
type newUpload struct {
	Key         string
	ContentType string
	Size        int64
	SHA256      string
}

// beginUpload takes the key and returns the URL to which the client sends the bytes. It returns a
// validation error, or problem key-taken or quota-exceeded.
func (s *Service) beginUpload(ctx context.Context, in newUpload) (*asset, blob.Signed, error) {
	if err := s.normalizeUpload(&in); err != nil {
		return nil, blob.Signed{}, err
	}
	now := s.clock.Now()
	a := &asset{
		ID: ids.New(), Key: in.Key, ObjectID: ids.New(), ContentType: in.ContentType, Size: in.Size,
		Status:     statusPending,
		UploaderID: identity.CallerFrom(ctx).UserID, CreatedAt: now,
	}
	if in.SHA256 != "" {
		a.SHA256 = &in.SHA256
	}
	signed, err := s.blobs.PresignPut(ctx, a.ObjectID, blob.PutRequest{
		ContentType: in.ContentType, Size: in.Size, SHA256Hex: in.SHA256, Expires: uploadURLLife, Once: true,
	})
	if err != nil {
		return nil, signed, explainStoreError(err)
	}
	a.ExpiresAt = clock.FromTime(signed.ExpiresAt)
	return a, signed, s.db.InTx(ctx, func(ctx context.Context) error { return s.insertWithinQuota(ctx, a, now) })
}

// normalizeUpload puts type and checksum of a declaration into the form that is stored. It returns a
// validation error that names every broken rule.
func (s *Service) normalizeUpload(in *newUpload) error {
	in.ContentType, in.SHA256 = strings.ToLower(in.ContentType), strings.ToLower(in.SHA256)
	types, maxBytes := s.config.ContentTypes, s.config.MaxBytes
	var broken []apperr.Field
	var sentences []string
	if err := assetkey.Check(in.Key); err != nil {
		broken = append(broken, apperr.Field{Location: "key", Message: err.Error()})
		sentences = append(sentences, "The key "+err.Error()+".")
	}
	if !slices.ContainsFunc(types, func(t string) bool { return strings.EqualFold(t, in.ContentType) }) {
		accepted := "accepted are " + strings.Join(types, ", ")
		broken = append(broken, apperr.Field{Location: "content_type", Message: accepted})
		sentences = append(sentences, "This server does not take files of this type; "+accepted+".")
	}
	if in.Size < 1 || in.Size > maxBytes {
		bounds := fmt.Sprintf("must lie between 1 and %d bytes (%s)", maxBytes, formatSize(maxBytes))
		broken = append(broken, apperr.Field{Location: "size", Message: bounds})
		sentences = append(sentences, "The size "+bounds+".")
	}
	if len(broken) > 0 {
		e := apperr.InvalidFields(broken...)
		e.Detail = strings.Join(sentences, " ")
		return e
	}
	return nil
}

// insertWithinQuota inserts an asset under its key, in the transaction of the caller. It returns
// problem key-taken, or quota-exceeded if its uploader would hold more than the quota.
func (s *Service) insertWithinQuota(ctx context.Context, a *asset, now clock.Time) error {
	old, err := s.store.lockByKey(ctx, a.Key)
	if err != nil && !db.IsNotFound(err) {
		return err
	}
	quota := s.config.QuotaBytes
	if err := s.insertUnderKey(ctx, a, old, now); err != nil || quota == 0 {
		return err
	}
	if err := s.store.lockUploader(ctx, a.UploaderID); err != nil {
		return err
	}
	used, err := s.store.sumUsed(ctx, a.UploaderID, now)
	if err == nil && used > quota {
		return newQuotaError(a.Size, used-a.Size, quota)
	}
	return err
}

// insertUnderKey inserts an asset in the transaction of the caller, so that it holds its key. old is
// the row that has the key now, or nil; it is removed if it does not hold the key. It returns problem
// key-taken if old holds the key or another upload was faster.
func (s *Service) insertUnderKey(ctx context.Context, a, old *asset, now clock.Time) error {
	if old != nil {
		if old.holdsKey(a.UploaderID, now) {
			return errKeyTaken
		}
		if err := s.store.moveToTrash(ctx, []asset{*old}, now); err != nil {
			return err
		}
	}
	err := s.store.insert(ctx, a)
	if db.IsDuplicate(err) {
		return errKeyTaken
	}
	return err
}
