package storage

import (
	"context"

	"lyceum/platform/db"
	"lyceum/platform/jobs"
)

// Names of the jobs.
const (
	trashJob  = "storage.empty_trash"
	uploadJob = "storage.clear_upload"
)

func newWorkers(s *Service) []jobs.Worker {
	return []jobs.Worker{
		{Name: trashJob, Handle: s.emptyTrash, Sweep: s.dueTrash, MaxFails: 1},
		{Name: uploadJob, Handle: s.clearUpload, Sweep: s.abandoned, MaxFails: 1},
	}
}

func (s *Service) dueTrash(ctx context.Context) ([]string, error) {
	return s.store.dueTrash(ctx, s.clock.Now())
}

// emptyTrash deletes one object that is due. Two may do so at once: no other object ever gets its name.
func (s *shelf) emptyTrash(ctx context.Context, blobID string) error {
	now := s.clock.Now()
	if t, err := s.store.dueTrashOf(ctx, blobID, now); err != nil || t == nil {
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
		return s.store.emptied(ctx, t, now)
	})
}

func (s *Service) abandoned(ctx context.Context) ([]string, error) {
	return s.store.abandoned(ctx, s.clock.Now().Add(-lateness))
}

// clearUpload forgets an upload that nobody completed in its time.
func (s *Service) clearUpload(ctx context.Context, id string) error {
	now := s.clock.Now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		a, err := s.store.byID(ctx, id, lockForUpdate)
		if db.IsNotFound(err) {
			return nil
		}
		if err != nil || a.Status == completed || now.Before(a.ExpiresAt.Add(lateness)) {
			return err
		}
		db.AfterCommit(ctx, func() { s.queue.Enqueue(trashJob, a.BlobID) })
		return s.store.remove(ctx, a, now)
	})
}
