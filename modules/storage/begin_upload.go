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

// beginUpload reserves the key and returns the URL to which the client sends the bytes. It returns
// problem key-taken or quota-exceeded.
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

// claimKey reserves the key of an asset for an account, in the transaction of the caller. It returns
// problem key-taken, or quota-exceeded if the account would hold more than quota bytes; 0 means no
// quota.
func (s *Service) claimKey(ctx context.Context, a *asset, now clock.Time, quota int64) error {
	old, err := s.store.lockByKey(ctx, a.Key)
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

// reserveKey inserts the asset in the transaction of the caller, so that it has its key. old is the
// row that has the key now, or nil. It returns problem key-taken if old holds the key or another
// upload was faster.
func (s *Service) reserveKey(ctx context.Context, a, old *asset, now clock.Time) error {
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
