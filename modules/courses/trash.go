package courses

import (
	"context"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/course"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/jobs"
)

// deleteCourse puts a course that the caller manages into the trash: nobody reads it any more, and
// its slug is free. Learners keep their enrollment and progress for the time that it is restored.
func (s *Service) deleteCourse(ctx context.Context, courseID string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.access.HoldManagedCourse(ctx, courseID)
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
		if err := s.recordCourse(ctx, "course.deleted", c.ID, nil); err != nil {
			return err
		}
		return s.events.Publish(ctx, coursesapi.CourseDeleted{CourseID: c.ID})
	})
}

// restoreCourse takes a course that the caller manages out of the trash. Its slug gets a number if
// another course has the slug by now. A course that is not in the trash stays as it is. It returns
// ErrNoCourse for a course in the trash that is not the caller's or was deleted too long ago.
func (s *Service) restoreCourse(ctx context.Context, courseID string) error {
	if !ids.IsValid(courseID) {
		return course.ErrNoCourse
	}
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.access.HoldCourse(ctx, courseID)
		if db.IsNotFound(err) {
			return course.ErrNoCourse
		}
		if err != nil {
			return err
		}
		if c.DeletedAt == nil {
			_, err := s.access.HoldManagedCourse(ctx, courseID)
			return err
		}
		now := s.clock.Now()
		if !access.CanManage(c, identity.CallerFrom(ctx)) || !c.IsRestorable(now) {
			return course.ErrNoCourse
		}
		c.DeletedAt, c.UpdatedAt = nil, now
		if err := s.setFreeSlug(ctx, c, c.Slug); err != nil {
			return err
		}
		if err := s.store.saveCourse(ctx, c); err != nil {
			return err
		}
		return s.recordCourse(ctx, "course.restored", c.ID, nil)
	})
	if db.IsDuplicate(err) {
		return s.restoreCourse(ctx, courseID) // another course has taken the slug in the meantime
	}
	return err
}

// newWorkers returns the worker that purges courses whose time in the trash is over.
func newWorkers(s *Service) []jobs.Worker {
	sweep := jobs.SweepIDs(s.listPurgeable)
	return []jobs.Worker{{Name: "courses.purge", Handle: s.purgeCourse, Sweep: sweep, MaxFails: 1}}
}

// listPurgeable lists courses whose time in the trash is over.
func (s *Service) listPurgeable(ctx context.Context) ([]string, error) {
	return s.store.listDeletedBefore(ctx, s.clock.Now().Add(-course.TrashLife))
}

// purgeCourse deletes a course whose time in the trash is over, with its lessons and all progress
// in them. It does nothing for any other course.
func (s *Service) purgeCourse(ctx context.Context, courseID string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.access.HoldCourse(ctx, courseID)
		if db.IsNotFound(err) || err == nil && (c.DeletedAt == nil || c.IsRestorable(s.clock.Now())) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.store.purgeCourse(ctx, courseID); err != nil {
			return err
		}
		return s.recordCourse(ctx, "course.deleted", courseID, map[string]any{"purged": true})
	})
}
