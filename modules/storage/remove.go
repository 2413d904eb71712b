package storage

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/jobs"
	"lyceum/platform/lifecycle"
)

// removeAsset removes a completed asset unless something uses it, or a pending one in any case;
// either frees the key at once. Its uploader and administrators may. The object is deleted after the
// commit. It returns errNoAsset, errNotUploader, precondition-failed for another version than the
// caller expects, or problem asset-in-use.
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
			return s.denyNonUploader(ctx, a, errNoAsset)
		}
		if err := db.CheckVersion(ctx, assetVersion); err != nil {
			return err
		}
		return s.removeUnlessUsed(ctx, a)
	})
}

// removeUnlessUsed removes an asset whose row is locked. It returns problem asset-in-use if it is
// completed and something uses it.
func (s *Service) removeUnlessUsed(ctx context.Context, a *asset) error {
	uses, err := s.findUses(ctx, []string{a.Key})
	if err != nil {
		return err
	}
	if found := uses[a.Key]; len(found) > 0 && a.Status == statusCompleted {
		return newInUseError(found)
	}
	return s.removeAssets(ctx, []asset{*a})
}

// removeUnused removes, of assets whose rows are locked, the pending ones, and the completed ones
// that nothing uses.
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

// revokeUpload removes the unfinished upload of a caller who may not upload any more, and its object.
// S3 accepts what the URL allows even from an uploader who was demoted, so the object is deleted
// here. Uploads of others, completed ones and ids of none are ignored.
func (s *Service) revokeUpload(ctx context.Context, id string) error {
	if !ids.IsValid(id) {
		return nil
	}
	var removed *asset
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		a, err := s.store.lockByID(ctx, id)
		if err != nil || a.Status == statusCompleted || a.UploaderID != identity.CallerFrom(ctx).UserID {
			return err
		}
		removed = a
		return s.removeAssets(ctx, []asset{*a})
	})
	if db.IsNotFound(err) {
		return nil
	}
	if err == nil && removed != nil {
		// Once more, and waited for: the object is gone when the caller is answered.
		s.deleteObjectsNow(context.WithoutCancel(ctx), []string{removed.ObjectID})
	}
	return err
}

// newSubscribers returns the subscriptions of the module.
func newSubscribers(s *Service) []events.Subscription {
	return []events.Subscription{events.SubscribeInTx("storage", s.onDisabled)}
}

// disabledPage is how many uploads are revoked with one statement.
const disabledPage = 100

// onDisabled revokes the unfinished uploads of a disabled account.
func (s *Service) onDisabled(ctx context.Context, e usersapi.Disabled) error {
	for {
		found, err := s.store.lockPending(ctx, e.UserID, disabledPage)
		if err != nil || len(found) == 0 {
			return err
		}
		if err := s.removeAssets(ctx, found); err != nil {
			return err
		}
	}
}

// removeAssets removes assets, even if something uses them, with an audit entry for each. A pending
// upload that somebody gives up, or loses with their rights, gets an entry, too; one that times out,
// gives way or is discarded gets none.
func (s *Service) removeAssets(ctx context.Context, assets []asset) error {
	if err := s.store.moveToTrash(ctx, assets, s.clock.Now()); err != nil {
		return err
	}
	objects := make([]string, len(assets))
	for i := range assets {
		objectID, key := assets[i].ObjectID, assets[i].Key
		objects[i] = objectID
		db.AfterCommitAttempt(ctx, func() {
			s.signals.SendSignal(topicKeyRemoved, key)
			s.signals.SendSignal(topicObjectRemoved, objectID)
			s.queue.Enqueue(ctx, emptyTrashJob, objectID)
		})
		if err := s.publishAudit(ctx, "asset.deleted", &assets[i]); err != nil {
			return err
		}
	}
	db.AfterCommit(ctx, func() {
		s.deletions.Run("storage deletions", func(ctx context.Context) { s.deleteObjectsNow(ctx, objects) })
	})
	return nil
}

// Bounds of deleteObjectsNow: how many objects are deleted at once, and how long one may take.
const (
	maxDeletions = 8
	deletionTime = 5 * time.Second
)

// deleteObjectsNow deletes the objects of removed assets without waiting for the queue, so that
// within a second a URL that was signed before serves nothing any more. What fails here is left to
// the job.
func (s *Service) deleteObjectsNow(ctx context.Context, objects []string) {
	var group errgroup.Group
	group.SetLimit(maxDeletions)
	for _, objectID := range objects {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, deletionTime)
			defer cancel()
			if err := s.deleteTrashed(ctx, objectID); err != nil {
				slog.DebugContext(ctx, "storage: an object is deleted later", "object", objectID, "error", err)
			}
			return nil
		})
	}
	_ = group.Wait()
}

// Names of the jobs. They are stored in the queue and must not change.
const (
	emptyTrashJob  = "storage.empty_trash"
	clearUploadJob = "storage.clear_upload"
)

// newWorkers returns the jobs that delete objects and clear uploads.
func newWorkers(s *Service) []jobs.Worker {
	// One try each: the next sweep finds again what has failed.
	return []jobs.Worker{
		{Name: emptyTrashJob, Handle: s.deleteTrashed, Sweep: jobs.SweepIDs(s.listDueTrash), MaxFails: 1},
		{Name: clearUploadJob, Handle: s.clearUpload, Sweep: jobs.SweepIDs(s.listOverdueUploads), MaxFails: 1},
	}
}

// newBackgrounds returns the work that each replica does as long as it runs.
func newBackgrounds(s *Service) []lifecycle.Background {
	return []lifecycle.Background{s.deletions.WaitAtStop("storage deletions")}
}

// listDueTrash returns the ids of objects that are to be deleted now.
func (s *Service) listDueTrash(ctx context.Context) ([]string, error) {
	return s.store.listDueTrash(ctx, s.clock.Now())
}

// deleteTrashed deletes one object if it is due. Two may do so at once: no other object ever gets
// its id.
func (s *Service) deleteTrashed(ctx context.Context, objectID string) error {
	now := s.clock.Now()
	if t, err := s.store.findDueTrash(ctx, objectID, now); err != nil || t == nil {
		return err
	}
	if err := s.blobs.Delete(ctx, objectID); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		t, err := s.store.lockDueTrash(ctx, objectID, now)
		if err != nil || t == nil {
			return err
		}
		return s.store.recordDeletion(ctx, t, now)
	})
}

// listOverdueUploads returns the ids of uploads that were not completed in time.
func (s *Service) listOverdueUploads(ctx context.Context) ([]string, error) {
	return s.store.listOverdue(ctx, s.clock.Now().Add(-completionGrace))
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
		db.AfterCommit(ctx, func() { s.queue.Enqueue(ctx, emptyTrashJob, a.ObjectID) })
		return s.store.moveToTrash(ctx, []asset{*a}, now)
	})
}
