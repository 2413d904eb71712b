package storage

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// visible tells a caller who is not the uploader what an asset is to him: 403 where he may know of
// it, 404 where not.
func (s *Service) visible(ctx context.Context, a *asset, missing error) error {
	caller := identity.CallerFrom(ctx)
	if caller.HasRole(usersapi.RoleAdmin) {
		return errNotYours
	}
	if a.Status != completed {
		return missing
	}
	switch err := s.admit(ctx, caller, a.Key); {
	case err == nil:
		return errNotYours
	case apperr.IsKind(err, apperr.KindForbidden):
		return missing
	default:
		return err
	}
}

// remove deletes an asset that nothing uses: 409 asset-in-use. An upload that was begun may be
// given up so, which frees its key at once. The object goes after the commit.
func (s *Service) remove(ctx context.Context, id string) error {
	if !ids.IsValid(id) {
		return errNoAsset
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		a, err := s.store.byID(ctx, id, lockForUpdate)
		if db.IsNotFound(err) {
			return errNoAsset
		}
		if err != nil {
			return err
		}
		if !a.belongsTo(identity.CallerFrom(ctx)) {
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
	return s.discard(ctx, []asset{*a})
}

// removeUnused removes those of the locked assets that nothing uses.
func (s *Service) removeUnused(ctx context.Context, locked []asset) error {
	keys := make([]string, len(locked))
	for i, a := range locked {
		keys[i] = a.Key
	}
	uses, err := s.uses(ctx, keys)
	if err != nil {
		return err
	}
	var unused []asset
	for _, a := range locked {
		if a.Status == pending || len(uses[a.Key]) == 0 {
			unused = append(unused, a)
		}
	}
	return s.discard(ctx, unused)
}

// discard removes assets whatever uses them and records it.
func (s *Service) discard(ctx context.Context, assets []asset) error {
	if err := s.store.removeAll(ctx, assets, s.clock.Now()); err != nil {
		return err
	}
	objects := make([]string, len(assets))
	for i := range assets {
		objects[i] = assets[i].BlobID
		blobID, key := assets[i].BlobID, assets[i].Key
		db.AfterCommit(ctx, func() {
			s.signals.SendSignal(topicRemoved, key)
			s.signals.SendSignal(topicDiscarded, blobID)
			s.queue.Enqueue(trashJob, blobID)
		})
		if err := s.record(ctx, "asset.deleted", &assets[i]); err != nil {
			return err
		}
	}
	db.AfterCommit(ctx, func() { go s.emptyNow(objects) })
	return nil
}

// Bounds of emptyNow: how many objects are deleted at once, and how long one may take.
const (
	emptiers  = 8
	emptyTime = 5 * time.Second
)

// emptyNow deletes the objects of removed assets without waiting for the queue: a link that was signed before serves
// nothing within a second. What it can't delete is left to the jobs.
func (s *Service) emptyNow(objects []string) {
	var group errgroup.Group
	group.SetLimit(emptiers)
	for _, blobID := range objects {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(context.Background(), emptyTime)
			defer cancel()
			if err := s.emptyTrash(ctx, blobID); err != nil {
				slog.Debug("storage: an object is deleted later", "object", blobID, "error", err)
			}
			return nil
		})
	}
	_ = group.Wait()
}
