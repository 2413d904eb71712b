package storage

import (
	"context"
	"log/slog"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
)

// MayPut implements folder.Guard: an upload arrives only while its row is there and its uploader is
// an active instructor. It returns errUploadEnded if not.
func (s *Service) MayPut(ctx context.Context, objectID string) error {
	a, err := s.store.findByObjectID(ctx, objectID)
	if db.IsNotFound(err) {
		return errUploadEnded
	}
	if err != nil {
		return err
	}
	uploader, ok, err := s.accounts.ByID(ctx, a.UploaderID)
	if err == nil && (!ok || !uploader.Active || !uploader.Role.IsAtLeast(usersapi.RoleInstructor)) {
		return errUploadEnded
	}
	return err
}

// MayGet implements folder.Guard: a signed URL ends with its asset. It returns errNoObject then.
// While the database can't be reached, URLs serve every object of the store.
func (s *Service) MayGet(ctx context.Context, objectID string) error {
	_, ok, err := s.readableObjects.Get(ctx, objectID)
	if err != nil {
		slog.DebugContext(ctx, "storage: an object is served without looking for its asset", "error", err)
		return nil
	}
	if !ok {
		return errNoObject
	}
	return nil
}

// loadReadable reports for the cache whether an object belongs to a completed asset.
func (s *Service) loadReadable(ctx context.Context, objectID string) (none struct{}, ok bool, err error) {
	a, err := s.store.findByObjectID(ctx, objectID)
	if db.IsNotFound(err) {
		return none, false, nil
	}
	return none, err == nil && a.Status == statusCompleted, err
}
