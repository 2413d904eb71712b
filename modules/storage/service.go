package storage

import (
	"context"

	"go.uber.org/fx"

	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/blob/folder"
	"lyceum/platform/broadcast"
	"lyceum/platform/cache"
	"lyceum/platform/identity"
	"lyceum/platform/jobs"
	"lyceum/platform/keyset"
)

// Service is what the domain does for people.
type Service struct {
	*shelf
	accounts usersapi.Accounts
	keyUsers []storageapi.KeyUser
	queue    *jobs.Queue
	signals  *broadcast.Bus
	// folder is the embedded store, nil where S3 keeps the objects.
	folder *folder.Store
	// known are completed assets by their keys: a link costs no look at what never changes.
	known *cache.Invalidated[asset]
	// readable are the objects of completed assets, by their ids.
	readable *cache.Invalidated[struct{}]
	limits   limits
}

// Topics that tell replicas that an asset is gone, by its key and by its object's id.
const (
	topicRemoved   = "storage.removed"
	topicDiscarded = "storage.discarded"
)

// limits are the operator's.
type limits struct {
	Types []string
	Max   int64
	Quota int64
}

func limitsOf(c *Config) limits {
	return limits{c.ContentTypes, c.MaxBytes, c.QuotaBytes}
}

type needs struct {
	fx.In
	Shelf    *shelf
	Accounts usersapi.Accounts
	KeyUsers []storageapi.KeyUser `group:"key_users"`
	Queue    *jobs.Queue
	Signals  *broadcast.Bus
	Config   *Config
	// Folder is the embedded store, nil where S3 keeps the objects.
	Folder *folder.Store `optional:"true"`
}

func newService(n needs) *Service {
	s := &Service{shelf: n.Shelf, accounts: n.Accounts, keyUsers: n.KeyUsers, queue: n.Queue, signals: n.Signals, folder: n.Folder, limits: limitsOf(n.Config)}
	s.known = cache.NewInvalidated(n.Signals, topicRemoved, s.look)
	s.readable = cache.NewInvalidated(n.Signals, topicDiscarded, s.isReadable)
	if n.Folder != nil {
		n.Folder.SetGuard(s)
	}
	return s
}

// listAssets returns one page of the completed assets whose keys begin with prefix, the newest first: everybody's for an
// administrator, only their own for any other caller.
func (s *Service) listAssets(ctx context.Context, prefix string, after *keyset.Position, limit int) ([]asset, error) {
	uploader := ""
	if caller := identity.CallerFrom(ctx); !caller.HasRole(usersapi.RoleAdmin) {
		uploader = caller.UserID
	}
	return s.store.list(ctx, uploader, prefix, after, limit)
}

// relations are what other modules know of assets: their uploaders by account id, and what uses them by key.
type relations struct {
	uploaders map[string]usersapi.Person
	uses      map[string][]storageapi.Use
}

// relationsOf returns the relations of assets. It asks each module once, however many assets there are.
func (s *Service) relationsOf(ctx context.Context, found []asset) (r relations, err error) {
	people, keys := make([]string, len(found)), make([]string, len(found))
	for i, a := range found {
		people[i], keys[i] = a.UploaderID, a.Key
	}
	if r.uploaders, err = usersapi.Persons(ctx, s.accounts, people); err != nil {
		return r, err
	}
	r.uses, err = s.uses(ctx, keys)
	return r, err
}

// uses returns what uses the objects of keys, by key.
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
