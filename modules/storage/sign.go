package storage

import (
	"context"
	"time"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// link is a request that a client may make for an object.
type link struct {
	Key       string
	URL       string
	Method    string
	ExpiresAt clock.Time
}

// sign gives a link to an object: 403 for a key that the caller may not read, whether or not it
// exists; 404 for a missing one where the caller could read it, or makes such things himself.
func (s *Service) sign(ctx context.Context, key string, life time.Duration) (link, error) {
	caller := identity.CallerFrom(ctx)
	a, err := s.find(ctx, key)
	if err != nil {
		return link{}, err
	}
	if a == nil || !a.belongsTo(caller) {
		// Asked of a missing key too, so that a refusal takes its time whether or not there is one.
		if err := s.admit(ctx, caller, key); err != nil && (a != nil || !caller.HasRole(usersapi.RoleInstructor) || !apperr.IsKind(err, apperr.KindForbidden)) {
			return link{}, err
		}
	}
	if a == nil {
		return link{}, errNoKey
	}
	signed, err := s.blobs.PresignGet(ctx, a.BlobID, blob.GetRequest{Filename: fileName(key), ContentType: a.ContentType, Expires: life})
	if err != nil {
		return link{}, storeFault(err)
	}
	return link{key, signed.URL, signed.Method, clock.FromTime(signed.ExpiresAt)}, nil
}

// find gives the completed asset of a key, nil when there is none.
func (s *Service) find(ctx context.Context, key string) (*asset, error) {
	if checkKey(key) != nil {
		return nil, nil
	}
	a, ok, err := s.known.Get(ctx, key)
	if err != nil || !ok {
		return nil, err
	}
	return &a, nil
}

// look reads the completed asset of a key.
func (s *Service) look(ctx context.Context, key string) (asset, bool, error) {
	a, err := s.store.byKey(ctx, key, lockNone)
	if db.IsNotFound(err) || err == nil && a.Status != completed {
		return asset{}, false, nil
	}
	if err != nil {
		return asset{}, false, err
	}
	return *a, true, nil
}

// admit asks whoever uses the key whether the caller may read it there. One yes is enough; else a
// refusal of theirs, such as lesson-locked, says more than ours.
func (s *Service) admit(ctx context.Context, caller identity.Caller, key string) error {
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
