package storage

import (
	"context"

	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/blob"
	"lyceum/platform/blob/folder"
	"lyceum/platform/broadcast"
	"lyceum/platform/cache"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/jobs"
	"lyceum/platform/keyset"
)

// Service answers requests about assets, and implements storageapi.Assets, Library and Intake. It is
// safe for concurrent use.
type Service struct {
	db       *db.DB
	store    *store
	blobs    blob.Store
	events   *events.Bus
	clock    clock.Clock
	accounts usersapi.Accounts
	keyUsers []storageapi.KeyUser
	queue    *jobs.Queue
	signals  *broadcast.Bus
	// folder is the embedded store; nil with S3.
	folder *folder.Store
	// assetsByKey caches completed assets, which never change.
	assetsByKey *cache.Invalidated[asset]
	// readableObjects caches the ids of the objects of completed assets.
	readableObjects *cache.Invalidated[struct{}]
	limits          limits
}

// Topics by which replicas drop a removed asset from their caches: by its key and by the id of its
// object.
const (
	topicRemoved   = "storage.removed"
	topicDiscarded = "storage.discarded"
)

// limits are the bounds of uploads that the operator configured.
type limits struct {
	Types []string
	Max   int64
	Quota int64
}

func newLimits(c *Config) limits {
	return limits{c.ContentTypes, c.MaxBytes, c.QuotaBytes}
}

// Params are what a Service is made of.
type Params struct {
	fx.In
	DB       *db.DB
	Store    *store
	Blobs    blob.Store
	Events   *events.Bus
	Clock    clock.Clock
	Accounts usersapi.Accounts
	KeyUsers []storageapi.KeyUser `group:"key_users"`
	Queue    *jobs.Queue
	Signals  *broadcast.Bus
	Config   *Config
	// Folder is the embedded store; nil with S3.
	Folder *folder.Store `optional:"true"`
}

func newService(n Params) *Service {
	s := &Service{
		db: n.DB, store: n.Store, blobs: n.Blobs, events: n.Events, clock: n.Clock, accounts: n.Accounts,
		keyUsers: n.KeyUsers, queue: n.Queue, signals: n.Signals, folder: n.Folder, limits: newLimits(n.Config),
	}
	s.assetsByKey = cache.NewInvalidated(n.Signals, topicRemoved, s.loadAsset)
	s.readableObjects = cache.NewInvalidated(n.Signals, topicDiscarded, s.loadReadable)
	if n.Folder != nil {
		n.Folder.SetGuard(s)
	}
	return s
}

// listAssets returns one page of the completed assets whose keys begin with prefix, the newest
// first: everybody's for an administrator, only their own for any other caller.
func (s *Service) listAssets(ctx context.Context, prefix string, after *keyset.Position, limit int) ([]asset, error) {
	uploader := ""
	if caller := identity.CallerFrom(ctx); !caller.HasRole(usersapi.RoleAdmin) {
		uploader = caller.UserID
	}
	return s.store.list(ctx, uploader, prefix, after, limit)
}

// relations are what other modules know of assets: uploaders by account id, and uses by key.
type relations struct {
	uploaders map[string]usersapi.Person
	uses      map[string][]storageapi.Use
}

// findRelations returns the relations of assets. It asks each module once, however many assets
// there are.
func (s *Service) findRelations(ctx context.Context, found []asset) (r relations, err error) {
	people, keys := make([]string, len(found)), make([]string, len(found))
	for i, a := range found {
		people[i], keys[i] = a.UploaderID, a.Key
	}
	if r.uploaders, err = usersapi.Persons(ctx, s.accounts, people); err != nil {
		return r, err
	}
	r.uses, err = s.findUses(ctx, keys)
	return r, err
}

// findUses returns what uses the assets with the keys, by key.
func (s *Service) findUses(ctx context.Context, keys []string) (map[string][]storageapi.Use, error) {
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

// publishEntry publishes an audit entry about an asset.
func (s *Service) publishEntry(ctx context.Context, action string, a *asset) error {
	return s.events.Publish(ctx, auditapi.Entry{Action: action, TargetType: "asset", TargetID: a.ID,
		Data: map[string]any{"content_type": a.ContentType, "size": a.Size, "status": a.Status}})
}
