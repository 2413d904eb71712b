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
	"lyceum/platform/jobs"
)

// explainRefusal returns why a caller who is not the uploader may not change an asset:
// errNotUploader if they may know of it, missing if not.
func (s *Service) explainRefusal(ctx context.Context, a *asset, missing error) error {
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

// removeAsset removes an asset that nothing uses, or abandons an upload, which frees its key at
// once. The object is deleted after the commit. It returns errNoAsset, errNotUploader, or problem
// asset-in-use.
func (s *Service) removeAsset(ctx context.Context, id string) error {
	if !ids.IsValid(id) {
		return errNoAsset
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		a, err := s.store.lockByID(ctx, id)
		if db.IsNotFound(err) {
			return errNoAsset
		}
		if err != nil {
			return err
		}
		if !a.isManagedBy(identity.CallerFrom(ctx)) {
			return s.explainRefusal(ctx, a, errNoAsset)
		}
		if err := db.CheckVersion(ctx, version); err != nil {
			return err
		}
		return s.removeLocked(ctx, a)
	})
}

// removeLocked removes a locked asset unless something uses it.
func (s *Service) removeLocked(ctx context.Context, a *asset) error {
	uses, err := s.findUses(ctx, []string{a.Key})
	if err != nil {
		return err
	}
	if found := uses[a.Key]; len(found) > 0 && a.Status == statusCompleted {
		return newInUseError(found)
	}
	return s.removeAssets(ctx, []asset{*a})
}

// removeUnused removes those of the locked assets that nothing uses.
func (s *Service) removeUnused(ctx context.Context, locked []asset) error {
	keys := make([]string, len(locked))
	for i, a := range locked {
		keys[i] = a.Key
	}
	uses, err := s.findUses(ctx, keys)
	if err != nil {
		return err
	}
	var unused []asset
	for _, a := range locked {
		if a.Status == statusPending || len(uses[a.Key]) == 0 {
			unused = append(unused, a)
		}
	}
	return s.removeAssets(ctx, unused)
}

// removeAssets removes assets, even if something uses them, with an audit entry for each.
func (s *Service) removeAssets(ctx context.Context, assets []asset) error {
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
		if err := s.publishEntry(ctx, "asset.deleted", &assets[i]); err != nil {
			return err
		}
	}
	db.AfterCommit(ctx, func() { go s.deleteObjectsNow(objects) })
	return nil
}

// Bounds of deleteObjectsNow: how many objects are deleted at once, and how long one may take.
const (
	maxDeletions = 8
	deletionTime = 5 * time.Second
)

// deleteObjectsNow deletes the objects of removed assets without waiting for the queue, so that a
// URL that was signed before serves nothing within a second. The jobs delete what it can not.
func (s *Service) deleteObjectsNow(objects []string) {
	var group errgroup.Group
	group.SetLimit(maxDeletions)
	for _, blobID := range objects {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(context.Background(), deletionTime)
			defer cancel()
			if err := s.emptyTrash(ctx, blobID); err != nil {
				slog.Debug("storage: an object is deleted later", "object", blobID, "error", err)
			}
			return nil
		})
	}
	_ = group.Wait()
}

// Names of the jobs.
const (
	trashJob  = "storage.empty_trash"
	uploadJob = "storage.clear_upload"
)

// newWorkers returns the jobs that delete objects and remove abandoned uploads.
func newWorkers(s *Service) []jobs.Worker {
	return []jobs.Worker{
		{Name: trashJob, Handle: s.emptyTrash, Sweep: s.findDueTrash, MaxFails: 1},
		{Name: uploadJob, Handle: s.clearUpload, Sweep: s.findAbandoned, MaxFails: 1},
	}
}

// findDueTrash returns the ids of objects that are to be deleted now.
func (s *Service) findDueTrash(ctx context.Context) ([]string, error) {
	return s.store.findDueTrash(ctx, s.clock.Now())
}

// emptyTrash deletes one object that is due. Two may do so at once: no other object ever gets its
// name.
func (s *Service) emptyTrash(ctx context.Context, blobID string) error {
	now := s.clock.Now()
	if t, err := s.store.findDueTrashOf(ctx, blobID, now); err != nil || t == nil {
		return err
	}
	if err := s.blobs.Delete(ctx, blobID); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		t, err := s.store.lockTrash(ctx, blobID, now)
		if err != nil || t == nil {
			return err
		}
		return s.store.recordDeletion(ctx, t, now)
	})
}

// findAbandoned returns the ids of uploads that were not completed in time.
func (s *Service) findAbandoned(ctx context.Context) ([]string, error) {
	return s.store.findAbandoned(ctx, s.clock.Now().Add(-completionGrace))
}

// clearUpload removes an upload that was not completed in time.
func (s *Service) clearUpload(ctx context.Context, id string) error {
	now := s.clock.Now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		a, err := s.store.lockByID(ctx, id)
		if db.IsNotFound(err) {
			return nil
		}
		if err != nil || a.Status == statusCompleted || now.Before(a.ExpiresAt.Add(completionGrace)) {
			return err
		}
		db.AfterCommit(ctx, func() { s.queue.Enqueue(trashJob, a.BlobID) })
		return s.store.remove(ctx, a, now)
	})
}
