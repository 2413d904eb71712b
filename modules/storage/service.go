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
	"lyceum/platform/lifecycle"
)

// Service answers requests about assets. It implements storageapi.KeyChecker, FilePutter, FileReader
// and FileImporter, and folder.Guard. It is safe for concurrent use.
type Service struct {
	db           *db.DB
	store        *store
	blobs        blob.Store
	events       *events.Bus
	clock        clock.Clock
	accounts     usersapi.Accounts
	keyReferrers []storageapi.KeyReferrer
	queue        *jobs.Queue
	signals      *broadcast.Bus
	config       *Config
	// deletions are those that go on after the answer to a request.
	deletions lifecycle.Tasks
	// folder is the embedded object store; nil with S3.
	folder *folder.Store
	// assetsByKey caches completed assets, which never change.
	assetsByKey *cache.Invalidated[asset]
	// readableObjects caches the ids of the objects of completed assets.
	readableObjects *cache.Invalidated[struct{}]
}

// Topics by which replicas drop a removed asset from their caches: by its key and by the id of its
// object. Caches hold hits only, so a new asset needs no signal.
const (
	topicKeyRemoved    = "storage.removed"
	topicObjectRemoved = "storage.discarded"
)

// Params are the dependencies of newService.
type Params struct {
	fx.In
	DB           *db.DB
	Store        *store
	Blobs        blob.Store
	Events       *events.Bus
	Clock        clock.Clock
	Accounts     usersapi.Accounts
	KeyReferrers []storageapi.KeyReferrer `group:"key_referrers"`
	Queue        *jobs.Queue
	Signals      *broadcast.Bus
	Config       *Config
	// Folder is the embedded object store; nil with S3.
	Folder *folder.Store `optional:"true"`
}

func newService(p Params) *Service {
	s := &Service{
		db: p.DB, store: p.Store, blobs: p.Blobs, events: p.Events, clock: p.Clock, accounts: p.Accounts,
		keyReferrers: p.KeyReferrers, queue: p.Queue, signals: p.Signals, config: p.Config, folder: p.Folder,
	}
	s.assetsByKey = cache.NewInvalidated(p.Signals, topicKeyRemoved, s.loadAsset)
	s.readableObjects = cache.NewInvalidated(p.Signals, topicObjectRemoved, s.loadReadable)
	if p.Folder != nil {
		p.Folder.SetGuard(s)
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

// viewData is what views add to assets: uploaders by account id, and uses by key.
type viewData struct {
	uploaders map[string]usersapi.Person
	uses      map[string][]storageapi.Use
}

// loadViewData returns what the views of assets need. It asks each module once, however many assets
// there are.
func (s *Service) loadViewData(ctx context.Context, assets []asset) (d viewData, err error) {
	people, keys := make([]string, len(assets)), make([]string, len(assets))
	for i, a := range assets {
		people[i], keys[i] = a.UploaderID, a.Key
	}
	if d.uploaders, err = usersapi.Persons(ctx, s.accounts, people); err != nil {
		return d, err
	}
	d.uses, err = s.findUses(ctx, keys)
	return d, err
}

// findUses returns the uses of the keys, by key, of all modules.
func (s *Service) findUses(ctx context.Context, keys []string) (map[string][]storageapi.Use, error) {
	out := map[string][]storageapi.Use{}
	if len(keys) == 0 {
		return out, nil
	}
	for _, r := range s.keyReferrers {
		found, err := r.ListUses(ctx, keys)
		if err != nil {
			return nil, err
		}
		for key, uses := range found {
			out[key] = append(out[key], uses...)
		}
	}
	return out, nil
}

// publishAudit publishes an audit entry about an asset.
func (s *Service) publishAudit(ctx context.Context, action string, a *asset) error {
	return s.events.Publish(ctx, auditapi.Entry{Action: action, TargetType: "asset", TargetID: a.ID,
		Data: map[string]any{"content_type": a.ContentType, "size": a.Size, "status": a.Status}})
}
