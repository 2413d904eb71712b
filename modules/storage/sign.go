package storage

import (
	"context"
	"time"

	"lyceum/modules/storage/internal/assetkey"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// signedURL is a request that a client may make for an object.
type signedURL struct {
	Key       string
	URL       string
	Method    string
	ExpiresAt clock.Time
}

// signURL returns a signed URL of the asset with the key that is valid for life. A caller who may
// not read the key gets the same forbidden error whether or not it exists. Only instructors are told
// that it does not, as they choose keys: they get errNoKey, as does a caller who could read it.
func (s *Service) signURL(ctx context.Context, key string, life time.Duration) (signedURL, error) {
	caller := identity.CallerFrom(ctx)
	a, err := s.findAsset(ctx, key)
	if err != nil {
		return signedURL{}, err
	}
	if a == nil || !a.isManagedBy(caller) {
		// Asked of a missing key too, so that the answer takes equally long whether or not the key
		// exists.
		err := s.requireReadable(ctx, caller, key)
		if err != nil && !(a == nil && mayLearnOfMissingKey(caller, err)) {
			return signedURL{}, err
		}
	}
	if a == nil {
		return signedURL{}, errNoKey
	}
	signed, err := s.blobs.PresignGet(ctx, a.ObjectID,
		blob.GetRequest{Filename: assetkey.FileName(key), ContentType: a.ContentType, Expires: life})
	if err != nil {
		return signedURL{}, explainStoreError(err)
	}
	return signedURL{key, signed.URL, signed.Method, clock.FromTime(signed.ExpiresAt)}, nil
}

// mayLearnOfMissingKey reports whether a caller who was denied a missing key is told that it is
// missing instead. err is what requireReadable returned.
func mayLearnOfMissingKey(caller identity.Caller, err error) bool {
	return caller.HasRole(usersapi.RoleInstructor) && apperr.IsKind(err, apperr.KindForbidden)
}

// findAsset returns the completed asset of a key; nil if there is none.
func (s *Service) findAsset(ctx context.Context, key string) (*asset, error) {
	if assetkey.Check(key) != nil {
		return nil, nil
	}
	a, ok, err := s.assetsByKey.Get(ctx, key)
	if err != nil || !ok {
		return nil, err
	}
	return &a, nil
}

// loadAsset reads the completed asset of a key for the cache.
func (s *Service) loadAsset(ctx context.Context, key string) (asset, bool, error) {
	a, err := s.store.findByKey(ctx, key)
	if db.IsNotFound(err) || err == nil && a.Status != statusCompleted {
		return asset{}, false, nil
	}
	if err != nil {
		return asset{}, false, err
	}
	return *a, true, nil
}

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
