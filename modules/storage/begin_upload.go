package storage

import (
	"context"

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

// beginUpload takes the key and gives the URL that the bytes go to: 409 key-taken, 422
// quota-exceeded.
func (s *Service) beginUpload(ctx context.Context, n newUpload) (*asset, blob.Signed, error) {
	if err := s.limits.checkUpload(&n); err != nil {
		return nil, blob.Signed{}, err
	}
	now := s.clock.Now()
	a := &asset{
		ID: ids.New(), Key: n.Key, BlobID: ids.New(), ContentType: n.ContentType, Size: n.Size,
		Status:     statusPending,
		UploaderID: identity.CallerFrom(ctx).UserID, CreatedAt: now,
	}
	if n.SHA256 != "" {
		a.SHA256 = &n.SHA256
	}
	signed, err := s.blobs.PresignPut(ctx, a.BlobID,
		blob.PutRequest{ContentType: n.ContentType, Size: n.Size, SHA256Hex: n.SHA256, Expires: uploadURLLife, Once: true})
	if err != nil {
		return nil, signed, explainStoreError(err)
	}
	a.ExpiresAt = clock.FromTime(signed.ExpiresAt)
	return a, signed, s.db.InTx(ctx, func(ctx context.Context) error { return s.claimKey(ctx, a, now, s.limits.Quota) })
}

// claimKey reserves the key of a in the caller's transaction: 409 key-taken, 422 quota-exceeded
// beyond a quota that is not zero.
func (s *repository) claimKey(ctx context.Context, a *asset, now clock.Time, quota int64) error {
	old, err := s.store.findByKey(ctx, a.Key, lockForUpdate)
	if err != nil && !db.IsNotFound(err) {
		return err
	}
	if err := s.reserveKey(ctx, a, old, now); err != nil || quota == 0 {
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
