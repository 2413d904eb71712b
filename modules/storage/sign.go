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

// signedLink is a request that a client may make for an object.
type signedLink struct {
	Key       string
	URL       string
	Method    string
	ExpiresAt clock.Time
}

// signURL returns a signed URL of an asset that is valid for life. It returns a forbidden error for
// a key that the caller may not read, whether or not it exists. It returns errNoKey for a missing
// key that the caller could read, and to instructors.
func (s *Service) signURL(ctx context.Context, key string, life time.Duration) (signedLink, error) {
	caller := identity.CallerFrom(ctx)
	a, err := s.findAsset(ctx, key)
	if err != nil {
		return signedLink{}, err
	}
	if a == nil || !a.isManagedBy(caller) {
		// Asked of a missing key too, so that a refusal takes its time whether or not there is one.
		if err := s.requireReadable(ctx, caller, key); err != nil && (a != nil || !caller.HasRole(usersapi.RoleInstructor) || !apperr.IsKind(err,
			apperr.KindForbidden)) {
			return signedLink{}, err
		}
	}
	if a == nil {
		return signedLink{}, errNoKey
	}
	signed, err := s.blobs.PresignGet(ctx, a.BlobID,
		blob.GetRequest{Filename: assetkey.FileName(key), ContentType: a.ContentType, Expires: life})
	if err != nil {
		return signedLink{}, explainStoreError(err)
	}
	return signedLink{key, signed.URL, signed.Method, clock.FromTime(signed.ExpiresAt)}, nil
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

// requireReadable asks the modules that use the key whether the caller may read it there. One that
// permits it is enough. Otherwise it returns the refusal of a module, such as lesson-locked, or
// errUnreadable.
func (s *Service) requireReadable(ctx context.Context, caller identity.Caller, key string) error {
	var refusal error = errUnreadable
	for _, u := range s.keyUsers {
		ok, err := u.MayReadKey(ctx, caller, key)
		if ok && err == nil {
			return nil
		}
		if err != nil {
			if !apperr.IsKind(err, apperr.KindForbidden) {
				return err
			}
			refusal = err
		}
	}
	return refusal
}
