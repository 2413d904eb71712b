package storage

import (
	"context"
	"time"

	"go.uber.org/fx"

	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/auth"
	"lyceum/platform/blob"
	"lyceum/platform/clock"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/jobs"
)

// Service is what the domain does for people.
type Service struct {
	*shelf
	accounts usersapi.Accounts
	keyUsers []storageapi.KeyUser
	queue    *jobs.Queue
	limits   limits
}

// limits are the operator's.
type limits struct {
	Types []string
	Max   int64
	Quota int64
}

type needs struct {
	fx.In
	Shelf    *shelf
	Accounts usersapi.Accounts
	KeyUsers []storageapi.KeyUser `group:"key_users"`
	Queue    *jobs.Queue
	Config   *config.Config
}

func newService(n needs) *Service {
	c := n.Config
	return &Service{n.Shelf, n.Accounts, n.KeyUsers, n.Queue, limits{c.UploadContentTypes, c.UploadMaxBytes, c.StorageQuotaBytes}}
}

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
	caller := auth.CallerFrom(ctx)
	a, err := s.find(ctx, key)
	if err != nil {
		return link{}, err
	}
	if a == nil || !a.belongsTo(caller) {
		// Asked of a missing key too, so that a refusal takes its time whether or not there is one.
		if err := s.admit(ctx, caller, key); err != nil && (a != nil || !caller.Can(auth.Instructor) || !isForbidden(err)) {
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
	return link{key, signed.URL, signed.Method, clock.Of(signed.ExpiresAt)}, nil
}

// find gives the completed asset of a key, nil when there is none.
func (s *Service) find(ctx context.Context, key string) (*asset, error) {
	if checkKey(key) != nil {
		return nil, nil
	}
	a, err := s.store.byKey(ctx, key, "")
	if db.IsNotFound(err) || err == nil && a.Status != completed {
		return nil, nil
	}
	return a, err
}

// admit asks whoever uses the key whether the caller may read it there. One yes is enough; else a
// refusal of theirs, such as lesson-locked, says more than ours.
func (s *Service) admit(ctx context.Context, caller auth.Caller, key string) error {
	var refusal error = errUnreadable
	for _, u := range s.keyUsers {
		ok, err := u.MayReadKey(ctx, caller, key)
		if ok && err == nil {
			return nil
		}
		if err != nil {
			if !isForbidden(err) {
				return err
			}
			refusal = err
		}
	}
	return refusal
}

func isForbidden(err error) bool {
	e, ok := apperr.As(err)
	return ok && e.Status == 403
}

// newUpload is what a client declares.
type newUpload struct {
	Key         string
	ContentType string
	Size        int64
	SHA256      string
}

// begin takes the key and gives the URL that the bytes go to: 409 key-taken, 422 quota-exceeded.
func (s *Service) begin(ctx context.Context, n newUpload) (*asset, blob.Signed, error) {
	if err := s.limits.check(&n); err != nil {
		return nil, blob.Signed{}, err
	}
	now := s.clock.Now()
	a := &asset{ID: ids.New(), Key: n.Key, BlobID: ids.New(), ContentType: n.ContentType, Size: n.Size, Status: pending,
		UploaderID: auth.CallerFrom(ctx).UserID, CreatedAt: now}
	if n.SHA256 != "" {
		a.SHA256 = &n.SHA256
	}
	signed, err := s.blobs.PresignPut(ctx, a.BlobID, blob.PutRequest{ContentType: n.ContentType, Size: n.Size, SHA256Hex: n.SHA256, Expires: urlLife, Once: true})
	if err != nil {
		return nil, signed, storeFault(err)
	}
	a.ExpiresAt = clock.Of(signed.ExpiresAt)
	return a, signed, s.db.InTx(ctx, func(ctx context.Context) error { return s.takeKey(ctx, a, now) })
}

func (s *Service) takeKey(ctx context.Context, a *asset, now clock.Time) error {
	old, err := s.store.byKey(ctx, a.Key, s.store.forUpdate())
	if err != nil && !db.IsNotFound(err) {
		return err
	}
	if err := s.reserve(ctx, a, old, now); err != nil || s.limits.Quota == 0 {
		return err
	}
	if err := s.store.lockUploader(ctx, a.UploaderID); err != nil {
		return err
	}
	used, err := s.store.used(ctx, a.UploaderID)
	if err == nil && used > s.limits.Quota {
		return errQuota
	}
	return err
}

// views dresses assets with who uploaded them and what uses them, in one question each.
func (s *Service) views(ctx context.Context, found []asset) ([]view, error) {
	people, keys := make([]string, len(found)), make([]string, len(found))
	for i, a := range found {
		people[i], keys[i] = a.UploaderID, a.Key
	}
	names, err := usersapi.Persons(ctx, s.accounts, people)
	if err != nil {
		return nil, err
	}
	uses, err := s.uses(ctx, keys)
	if err != nil {
		return nil, err
	}
	out := make([]view, len(found))
	for i := range found {
		out[i] = viewOf(&found[i], names[found[i].UploaderID], uses[found[i].Key])
	}
	return out, nil
}

func (s *Service) uses(ctx context.Context, keys []string) (map[string][]storageapi.Use, error) {
	out := map[string][]storageapi.Use{}
	if len(keys) == 0 {
		return out, nil
	}
	for _, u := range s.keyUsers {
		found, err := u.UsesOfKeys(ctx, keys)
		if err != nil {
			return nil, err
		}
		for key, uses := range found {
			out[key] = append(out[key], uses...)
		}
	}
	return out, nil
}

// visible tells a caller who is not the uploader what an asset is to him: 403 where he may know of
// it, 404 where not.
func (s *Service) visible(ctx context.Context, a *asset, missing error) error {
	caller := auth.CallerFrom(ctx)
	if caller.Can(auth.Admin) {
		return errNotYours
	}
	if a.Status != completed {
		return missing
	}
	switch err := s.admit(ctx, caller, a.Key); {
	case err == nil:
		return errNotYours
	case isForbidden(err):
		return missing
	default:
		return err
	}
}

// remove deletes an asset that nothing uses: 409 asset-in-use. An upload that was begun may be
// given up so, which frees its key at once. The object goes after the commit.
func (s *Service) remove(ctx context.Context, id string) error {
	if !ids.Valid(id) {
		return errNoAsset
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		a, err := s.store.byID(ctx, id, s.store.forUpdate())
		if db.IsNotFound(err) {
			return errNoAsset
		}
		if err != nil {
			return err
		}
		if !a.belongsTo(auth.CallerFrom(ctx)) {
			return s.visible(ctx, a, errNoAsset)
		}
		if err := db.CheckVersion(ctx, version); err != nil {
			return err
		}
		return s.removeLocked(ctx, a)
	})
}

func (s *Service) removeLocked(ctx context.Context, a *asset) error {
	uses, err := s.uses(ctx, []string{a.Key})
	if err != nil {
		return err
	}
	if found := uses[a.Key]; len(found) > 0 && a.Status == completed {
		return errInUse(found)
	}
	if err := s.store.remove(ctx, a, s.clock.Now()); err != nil {
		return err
	}
	db.AfterCommit(ctx, func() { s.queue.Enqueue(trashJob, a.BlobID) })
	return s.record(ctx, "asset.deleted", a)
}
