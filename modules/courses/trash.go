package courses

import (
	"context"

	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/jobs"
)

// trashLife is how long a deleted course can be brought back.
const trashLife = 30 * day

// remove puts a course into the trash: gone for everyone, its slug free, learners' progress kept.
func (s *Service) remove(ctx context.Context, id string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.manage(ctx, id)
		if err != nil {
			return err
		}
		if err := db.CheckVersion(ctx, c.Version); err != nil {
			return err
		}
		now := s.clock.Now()
		c.DeletedAt, c.UpdatedAt = &now, now
		if err := s.store.saveCourse(ctx, c); err != nil {
			return err
		}
		if err := s.record(ctx, "course.deleted", id, nil); err != nil {
			return err
		}
		return s.events.Publish(ctx, coursesapi.CourseDeleted{CourseID: id})
	})
}

// restore takes a course out of the trash as it was; its slug gets a number when another course has it by now.
// A course that is not in the trash stays as it is.
func (s *Service) restore(ctx context.Context, id string) error {
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		if !ids.IsValid(id) {
			return errNoCourse
		}
		c, err := s.store.lockAny(ctx, id)
		if db.IsNotFound(err) {
			return errNoCourse
		}
		if err != nil {
			return err
		}
		now := s.clock.Now()
		if c.DeletedAt == nil {
			_, err := s.manage(ctx, id)
			return err
		}
		if !manages(c, identity.CallerFrom(ctx)) || !c.restorable(now) {
			return errNoCourse
		}
		c.DeletedAt, c.UpdatedAt = nil, now
		if err := s.freeSlug(ctx, c, c.Slug); err != nil {
			return err
		}
		if err := s.store.saveCourse(ctx, c); err != nil {
			return err
		}
		return s.record(ctx, "course.restored", id, nil)
	})
	if db.IsDuplicate(err) {
		return s.restore(ctx, id) // another course took the slug meanwhile
	}
	return err
}

// restorable says whether a course in the trash can still be brought back.
func (c *course) restorable(now clock.Time) bool { return now.Before(c.DeletedAt.Add(trashLife)) }

func newWorkers(s *Service) []jobs.Worker {
	return []jobs.Worker{{Name: "courses.purge", Handle: s.purge, Sweep: s.toPurge, MaxFails: 1}}
}

func (s *Service) toPurge(ctx context.Context) ([]string, error) {
	return s.store.deletedBefore(ctx, s.clock.Now().Add(-trashLife))
}

// purge ends a course whose time in the trash is over, with its lessons and all progress in them.
func (s *Service) purge(ctx context.Context, id string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.store.lockAny(ctx, id)
		if db.IsNotFound(err) || err == nil && (c.DeletedAt == nil || c.restorable(s.clock.Now())) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.store.purge(ctx, id); err != nil {
			return err
		}
		return s.record(ctx, "course.deleted", id, map[string]any{"purged": true})
	})
}
