package access

import (
	"context"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// Service finds courses and lessons as the rules of this package allow.
type Service struct {
	store *store
	clock clock.Clock
}

// NewService returns the service.
func NewService(d *db.DB, c clock.Clock) *Service { return &Service{&store{d}, c} }

// CallerCourse is a course as one caller finds it.
type CallerCourse struct {
	*course.Course
	// Progress is the caller's own.
	Progress course.Progress
	// EnrolledAt is the time of the caller's first enrollment; nil if the caller is not enrolled.
	EnrolledAt *clock.Time
	// HasPrerequisites says that some lessons of the course wait for others.
	HasPrerequisites bool
}

// FindCourse returns a course by its id or slug. It returns ErrNoCourse for a course that does not
// exist or is not the caller's to know, 401 or ErrMembersOnly for a course for members.
func (s *Service) FindCourse(ctx context.Context, idOrSlug string) (*CallerCourse, error) {
	if ids.IsValid(idOrSlug) {
		return s.FindCourseByID(ctx, idOrSlug)
	}
	c, err := s.store.findBySlug(ctx, idOrSlug, identity.CallerFrom(ctx).UserID)
	return s.authorizeRead(ctx, c, err)
}

// FindCourseByID returns a course by its id. It returns the errors of FindCourse.
func (s *Service) FindCourseByID(ctx context.Context, id string) (*CallerCourse, error) {
	if !ids.IsValid(id) {
		return nil, course.ErrNoCourse
	}
	c, err := s.store.findByID(ctx, id, identity.CallerFrom(ctx).UserID)
	return s.authorizeRead(ctx, c, err)
}

// authorizeRead returns the course that was read, or the error for a caller who may not read it.
func (s *Service) authorizeRead(ctx context.Context, c *CallerCourse, err error) (*CallerCourse, error) {
	if db.IsNotFound(err) {
		return nil, course.ErrNoCourse
	}
	if err != nil {
		return nil, err
	}
	caller := identity.CallerFrom(ctx)
	if !CanRead(c.Course, caller, c.EnrolledAt != nil) {
		return nil, newReadError(c.Course, caller)
	}
	return c, nil
}

// CanReadCourse returns whether an account may read the course with an id. Nobody may read a course
// that does not exist.
func (s *Service) CanReadCourse(ctx context.Context, caller identity.Caller, id string) (bool, error) {
	if !ids.IsValid(id) {
		return false, nil
	}
	c, err := s.store.findByID(ctx, id, caller.UserID)
	if db.IsNotFound(err) {
		return false, nil
	}
	return err == nil && CanRead(c.Course, caller, c.EnrolledAt != nil), err
}

// IsEnrolled returns whether an account is enrolled in a course.
func (s *Service) IsEnrolled(ctx context.Context, userID, courseID string) (bool, error) {
	return s.store.isEnrolled(ctx, userID, courseID)
}

// FindLesson returns a lesson of a course that the caller was found to be allowed to read or
// change. It returns ErrNoLesson if the course has no such lesson.
func (s *Service) FindLesson(ctx context.Context, courseID, lessonID string) (*course.Lesson, error) {
	if !ids.IsValid(lessonID) {
		return nil, course.ErrNoLesson
	}
	l, err := s.store.findLesson(ctx, courseID, lessonID)
	if db.IsNotFound(err) {
		return nil, course.ErrNoLesson
	}
	return l, err
}

// FindOpenLesson returns a lesson that is open to the caller, with its course. It returns the
// errors of FindCourse, ErrNoLesson, and lesson-locked for a lesson that is locked.
func (s *Service) FindOpenLesson(
	ctx context.Context, courseID, lessonID string,
) (*CallerCourse, *course.Lesson, error) {
	c, err := s.FindCourseByID(ctx, courseID)
	if err != nil {
		return nil, nil, err
	}
	l, err := s.FindLesson(ctx, c.ID, lessonID)
	if err != nil {
		return nil, nil, err
	}
	state, err := s.loadState(ctx, c, []*course.Lesson{l})
	if err != nil {
		return nil, nil, err
	}
	if lock := state.LockOf(l); lock.IsLocked {
		return nil, nil, newLockedError(lock)
	}
	return c, l, nil
}

// LoadState returns what the locks of the lessons depend on for the caller. It also writes to the
// lessons, which are all of the course c: it fills their Prerequisites.
func (s *Service) LoadState(ctx context.Context, c *CallerCourse, lessons []course.Lesson) (LearnerState, error) {
	pointers := make([]*course.Lesson, len(lessons))
	for i := range lessons {
		pointers[i] = &lessons[i]
	}
	return s.loadState(ctx, c, pointers)
}

// maxNamedLessons is how many lessons a query for prerequisites names. For more, it reads those of
// the whole course.
const maxNamedLessons = 100

// loadState is LoadState for pointers. It asks for prerequisites only where the course has some,
// and for completed lessons only where the caller has completed one.
func (s *Service) loadState(
	ctx context.Context, c *CallerCourse, lessons []*course.Lesson,
) (state LearnerState, err error) {
	var prerequisites []course.Prerequisite
	caller := identity.CallerFrom(ctx)
	if c.HasPrerequisites && len(lessons) > 0 {
		var lessonIDs []string
		if len(lessons) <= maxNamedLessons {
			for _, l := range lessons {
				lessonIDs = append(lessonIDs, l.ID)
			}
		}
		prerequisites, err = s.store.listPrerequisites(ctx, c.ID, caller.UserID, lessonIDs)
		if err != nil {
			return state, err
		}
	}
	state = newLearnerState(c, caller, s.clock.Now(), prerequisites, lessons)
	if c.Progress.CompletedLessons == nil || *c.Progress.CompletedLessons == 0 {
		return state, nil
	}
	var locked []string
	for _, l := range lessons {
		if state.LockOf(l).IsLocked {
			locked = append(locked, l.ID)
		}
	}
	state.Completed, err = s.store.filterCompleted(ctx, caller.UserID, locked)
	return state, err
}
