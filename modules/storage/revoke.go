package storage

import (
	"context"

	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// revokeUpload removes the unfinished upload of a caller who may not upload any more, and its object.
// S3 accepts what the URL allows even from an uploader who was demoted, so the object is deleted
// here. Uploads of others, completed ones and ids of none are ignored.
func (s *Service) revokeUpload(ctx context.Context, id string) error {
	if !ids.IsValid(id) {
		return nil
	}
	var removed *asset
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		a, err := s.store.lockByID(ctx, id)
		if err != nil || a.Status == statusCompleted || a.UploaderID != identity.CallerFrom(ctx).UserID {
			return err
		}
		removed = a
		return s.removeAssets(ctx, []asset{*a})
	})
	if db.IsNotFound(err) {
		return nil
	}
	if err == nil && removed != nil {
		// Once more, and waited for: the object is gone when the caller is answered.
		s.deleteObjectsNow([]string{removed.ObjectID})
	}
	return err
}
