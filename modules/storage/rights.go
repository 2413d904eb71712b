package storage

import (
	"context"

	"lyceum/modules/storage/internal/assetkey"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// isManagedBy reports whether the caller is the uploader or an administrator.
func (a *asset) isManagedBy(c identity.Caller) bool {
	return a.UploaderID == c.UserID || c.HasRole(usersapi.RoleAdmin)
}

// MayUseKey implements storageapi.KeyChecker. It reports whether the key is that of a completed asset
// that the caller uploaded, or of any for an administrator. In a transaction the asset is locked, so
// that it stays until the end.
func (s *Service) MayUseKey(ctx context.Context, caller identity.Caller, key string) (bool, error) {
	if assetkey.Check(key) != nil {
		return false, nil
	}
	a, err := s.store.shareLockByKey(ctx, key)
	if db.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return a.Status == statusCompleted && caller.IsSignedIn() && a.isManagedBy(caller), nil
}

// requireReadable asks the modules that refer to the key whether the caller may read it there. One
// that permits it is enough. Otherwise it returns the forbidden error of a module, such as
// lesson-locked, or errUnreadable.
func (s *Service) requireReadable(ctx context.Context, caller identity.Caller, key string) error {
	var denial error = errUnreadable
	for _, r := range s.keyReferrers {
		ok, err := r.MayReadKey(ctx, caller, key)
		if ok && err == nil {
			return nil
		}
		if err != nil {
			if !apperr.IsKind(err, apperr.KindForbidden) {
				return err
			}
			denial = err
		}
	}
	return denial
}

// denyNonUploader returns why a caller who is not the uploader may not change an asset:
// errNotUploader if they may know of it, missing if not.
func (s *Service) denyNonUploader(ctx context.Context, a *asset, missing error) error {
	caller := identity.CallerFrom(ctx)
	if caller.HasRole(usersapi.RoleAdmin) {
		return errNotUploader
	}
	if a.Status != statusCompleted {
		return missing
	}
	switch err := s.requireReadable(ctx, caller, a.Key); {
	case err == nil:
		return errNotUploader
	case apperr.IsKind(err, apperr.KindForbidden):
		return missing
	default:
		return err
	}
}
