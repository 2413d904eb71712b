package storage

import (
	"context"
	"log/slog"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

var errNoUploader = apperr.Forbidden("This upload was given up, or its owner may not upload any more. Begin a new one.")

// MayPut implements folder.Guard: an upload arrives only while its row is there and its uploader is
// an active instructor.
func (s *Service) MayPut(ctx context.Context, blobID string) error {
	a, err := s.store.findByBlob(ctx, blobID)
	if db.IsNotFound(err) {
		return errNoUploader
	}
	if err != nil {
		return err
	}
	owner, ok, err := s.accounts.ByID(ctx, a.UploaderID)
	if err == nil && (!ok || !owner.Active || !owner.Role.IsAtLeast(usersapi.RoleInstructor)) {
		return errNoUploader
	}
	return err
}

// MayGet implements folder.Guard: a link ends with its asset. While the database is away, links
// serve what the store has.
func (s *Service) MayGet(ctx context.Context, blobID string) error {
	_, ok, err := s.readableObjects.Get(ctx, blobID)
	if err != nil {
		slog.Debug("storage: a link is followed without asking for its asset", "error", err)
		return nil
	}
	if !ok {
		return errNoKey
	}
	return nil
}

// loadReadable loads whether an object belongs to a completed asset.
func (s *Service) loadReadable(ctx context.Context, blobID string) (none struct{}, ok bool, err error) {
	a, err := s.store.findByBlob(ctx, blobID)
	if db.IsNotFound(err) {
		return none, false, nil
	}
	return none, err == nil && a.Status == statusCompleted, err
}

// abandonUpload removes the caller's own unfinished upload and its object: no store but the
// embedded one keeps out what an owner sends who may not upload any more. Any other id does
// nothing.
func (s *Service) abandonUpload(ctx context.Context, id string) error {
	if !ids.IsValid(id) {
		return nil
	}
	var given *asset
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		a, err := s.store.lockByID(ctx, id)
		if err != nil || a.Status == statusCompleted || a.UploaderID != identity.CallerFrom(ctx).UserID {
			return err
		}
		given = a
		return s.removeAssets(ctx, []asset{*a})
	})
	if db.IsNotFound(err) {
		return nil
	}
	if err == nil && given != nil {
		s.deleteObjectsNow([]string{given.BlobID})
	}
	return err
}

func newSubscribers(s *Service) []events.Subscription {
	return []events.Subscription{events.SubscribeInTx("storage", s.onDisabled)}
}

// disabledPage is how many uploads are abandoned with one statement.
const disabledPage = 100

// onDisabled abandons what a disabled account is uploading.
func (s *Service) onDisabled(ctx context.Context, e usersapi.Disabled) error {
	for {
		found, err := s.store.lockPending(ctx, e.UserID, disabledPage)
		if err != nil || len(found) == 0 {
			return err
		}
		if err := s.removeAssets(ctx, found); err != nil {
			return err
		}
	}
}
