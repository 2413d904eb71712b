package access

import (
	"context"
	"slices"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/outline"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// Service finds courses and lessons as the rules of this package allow.
type Service struct {
	store    *store
	outlines *outline.Cache
	clock    clock.Clock
}

// NewService returns the service.
func NewService(d *db.DB, o *outline.Cache, c clock.Clock) *Service {
	return &Service{&store{d, o}, o, c}
}

// CallerCourse is a course as one caller finds it.
type CallerCourse struct {
	*course.Course
	// Progress is the caller's own.
	Progress course.Progress
	// EnrolledAt is the time of the caller's first enrollment; nil if the caller is not enrolled.
	EnrolledAt *clock.Time
	outline    *outline.Outline
	// completed are the lessons that the caller has completed, if the course has locks.
	completed map[string]bool
}

// Outline returns all lessons of the course in its order, without their contents. The slice is the
// caller's, its elements share their texts with others.
func (c *CallerCourse) Outline() []course.Lesson { return slices.Clone(c.outline.Lessons) }

// newCallerCourse returns a course for an account; an empty userID is nobody.
func (s *Service) newCallerCourse(ctx context.Context, o *outline.Outline, userID string) (*CallerCourse, error) {
	shared := o.Course // a copy, as others read the outline
	c := &CallerCourse{Course: &shared, outline: o, completed: map[string]bool{}}
	if userID == "" {
		return c, nil
	}
	return c, s.store.fillLearner(ctx, c, userID)
}

// findCourse returns a course for an account. It returns db.ErrNotFound if there is no such course
// outside of the trash.
func (s *Service) findCourse(ctx context.Context, id, userID string) (*CallerCourse, error) {
	o, err := s.outlines.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.newCallerCourse(ctx, o, userID)
}

// FindCourse returns a course by its id or slug. It returns ErrNoCourse for a course that does not
// exist or is not the caller's to know, 401 or ErrMembersOnly for a course for members.
func (s *Service) FindCourse(ctx context.Context, idOrSlug string) (*CallerCourse, error) {
	if ids.IsValid(idOrSlug) {
		return s.FindCourseByID(ctx, idOrSlug)
	}
	o, err := s.outlines.FindBySlug(ctx, idOrSlug)
	if err != nil {
		return s.authorizeRead(ctx, nil, err)
	}
	c, err := s.newCallerCourse(ctx, o, identity.CallerFrom(ctx).UserID)
	return s.authorizeRead(ctx, c, err)
}

// FindCourseByID returns a course by its id. It returns the errors of FindCourse.
func (s *Service) FindCourseByID(ctx context.Context, id string) (*CallerCourse, error) {
	if !ids.IsValid(id) {
		return nil, course.ErrNoCourse
	}
	c, err := s.findCourse(ctx, id, identity.CallerFrom(ctx).UserID)
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
	c, err := s.findCourse(ctx, id, caller.UserID)
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
	inOutline := c.outline.FindLesson(lessonID)
	if inOutline == nil || inOutline.Version != l.Version {
		// The lesson was changed by another replica, and the locks with it.
		if c, inOutline, err = s.reloadLesson(ctx, c, lessonID); err != nil {
			return nil, nil, err
		}
	}
	l.Prerequisites = inOutline.Prerequisites
	if lock := s.LoadState(ctx, c).LockOf(l); lock.IsLocked {
		return nil, nil, newLockedError(lock)
	}
	return c, l, nil
}

// reloadLesson reads the course of a lesson from the database, with the lesson as its outline has it.
func (s *Service) reloadLesson(
	ctx context.Context, c *CallerCourse, lessonID string,
) (*CallerCourse, *course.Lesson, error) {
	o, err := s.outlines.Load(ctx, c.ID)
	if err == nil {
		c, err = s.newCallerCourse(ctx, o, identity.CallerFrom(ctx).UserID)
	}
	if c, err = s.authorizeRead(ctx, c, err); err != nil {
		return nil, nil, err
	}
	l := c.outline.FindLesson(lessonID)
	if l == nil {
		return nil, nil, course.ErrNoLesson
	}
	return c, l, nil
}

// LoadState returns what the locks of the course's lessons depend on for the caller.
func (s *Service) LoadState(ctx context.Context, c *CallerCourse) LearnerState {
	return LearnerState{
		IsManager: CanManage(c.Course, identity.CallerFrom(ctx)), EnrolledAt: c.EnrolledAt, Now: s.clock.Now(),
		Completed: c.completed,
	}
}
