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
	return &Service{store: &store{d}, outlines: o, clock: c}
}

// CallerCourse is a course as one caller finds it.
type CallerCourse struct {
	*course.Course
	// Progress is the caller's own.
	Progress course.Progress
	// EnrolledAt is the time of the caller's first enrollment; nil if the caller is not enrolled.
	EnrolledAt *clock.Time

	// outline is nil if FindCourseByID found the course in a transaction.
	outline *outline.Outline
	// completed are the lessons that the caller has completed, if the course has locks.
	completed map[string]bool
}

// Outline returns all lessons of the course in its order, without their contents. The slice is the
// caller's, its elements share their texts with others. The course was found by FindCourse or
// FindCourseWithOutline.
func (c *CallerCourse) Outline() []course.Lesson { return slices.Clone(c.outline.Lessons) }

// newCallerCourse returns a course for an account; an empty userID is nobody.
func (s *Service) newCallerCourse(ctx context.Context, o *outline.Outline, userID string) (*CallerCourse, error) {
	shared := o.Course // a copy, as others read the outline
	c := &CallerCourse{Course: &shared, outline: o}
	if userID == "" {
		return c, nil
	}
	return c, s.store.fillLearner(ctx, c, userID)
}

// findCourse returns a course for an account. It returns db.ErrNotFound if there is no such course
// outside of the trash. In a transaction, where no memory helps, it does not read the outline.
func (s *Service) findCourse(ctx context.Context, id, userID string) (*CallerCourse, error) {
	if db.HasOpenTx(ctx) {
		return s.store.findByID(ctx, id, userID)
	}
	o, err := s.outlines.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.newCallerCourse(ctx, o, userID)
}

// FindCourse returns a course by its id or slug, with its outline. It returns ErrNoCourse for a course
// that does not exist or is not the caller's to know, 401 or ErrMembersOnly for a course for members.
func (s *Service) FindCourse(ctx context.Context, idOrSlug string) (*CallerCourse, error) {
	if ids.IsValid(idOrSlug) {
		return s.FindCourseWithOutline(ctx, idOrSlug)
	}
	o, err := s.outlines.FindBySlug(ctx, idOrSlug)
	return s.readForCaller(ctx, o, err)
}

// FindCourseWithOutline returns a course by its id, with its outline. It returns the errors of FindCourse.
func (s *Service) FindCourseWithOutline(ctx context.Context, id string) (*CallerCourse, error) {
	if !ids.IsValid(id) {
		return nil, course.ErrNoCourse
	}
	if db.HasOpenTx(ctx) {
		return s.FindFreshCourse(ctx, id)
	}
	o, err := s.outlines.Find(ctx, id)
	return s.readForCaller(ctx, o, err)
}

// FindFreshCourse is FindCourseWithOutline that reads the database and leaves the memory to others, for the answer to a
// change.
func (s *Service) FindFreshCourse(ctx context.Context, id string) (*CallerCourse, error) {
	userID := identity.CallerFrom(ctx).UserID
	c, err := s.store.findByID(ctx, id, userID)
	if err == nil {
		c.outline, err = s.outlines.LoadLessons(ctx, c.Course)
	}
	if err == nil && c.outline.HasLocks && userID != "" {
		c.completed, err = s.store.listCompleted(ctx, userID, id)
	}
	return s.authorizeRead(ctx, c, err)
}

// readForCaller returns the course of an outline as the caller finds it. err is that of the search for the outline.
func (s *Service) readForCaller(ctx context.Context, o *outline.Outline, err error) (c *CallerCourse, _ error) {
	if err == nil {
		c, err = s.newCallerCourse(ctx, o, identity.CallerFrom(ctx).UserID)
	}
	return s.authorizeRead(ctx, c, err)
}

// FindCourseByID returns a course by its id, without its outline. It returns the errors of FindCourse.
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
	l, _, err := s.store.findLesson(ctx, courseID, lessonID)
	if db.IsNotFound(err) {
		return nil, course.ErrNoLesson
	}
	return l, err
}

// DropOutline makes every replica read the outline of a course again once the transaction of ctx is committed.
func (s *Service) DropOutline(ctx context.Context, courseID string) {
	s.outlines.DropAfterCommit(ctx, courseID)
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
	if !ids.IsValid(lessonID) {
		return nil, nil, course.ErrNoLesson
	}
	l, courseVersion, err := s.store.findLesson(ctx, c.ID, lessonID)
	if db.IsNotFound(err) {
		return nil, nil, course.ErrNoLesson
	}
	if err != nil {
		return nil, nil, err
	}
	isOpen, err := s.isOpen(ctx, c, l, courseVersion)
	if err != nil || isOpen {
		return c, l, err
	}
	// For the error, or because the course or the lesson has changed since the outline was read.
	if c, err = s.FindFreshCourse(ctx, c.ID); err != nil {
		return nil, nil, err
	}
	found := c.outline.FindLesson(lessonID)
	if found == nil {
		return nil, nil, course.ErrNoLesson
	}
	l.Prerequisites = found.Prerequisites
	if lock := s.LoadState(ctx, c).LockOf(found); lock.IsLocked {
		return nil, nil, newLockedError(lock)
	}
	return c, l, nil
}

// isOpen returns whether a lesson that was just read is open to the caller, and fills its prerequisites where it knows
// them. It also returns false if the outline of the course is older than the lesson or than the course.
func (s *Service) isOpen(ctx context.Context, c *CallerCourse, l *course.Lesson, courseVersion int64) (bool, error) {
	if c.outline == nil { // in a transaction
		return s.store.isUnlocked(ctx, identity.CallerFrom(ctx), l.ID, s.clock.Now())
	}
	found := c.outline.FindLesson(l.ID)
	if found == nil || found.Version != l.Version || c.Version != courseVersion {
		return false, nil
	}
	l.Prerequisites = found.Prerequisites
	return !s.LoadState(ctx, c).LockOf(found).IsLocked, nil
}

// LoadState returns what the locks of the course's lessons depend on for the caller.
func (s *Service) LoadState(ctx context.Context, c *CallerCourse) LearnerState {
	return LearnerState{
		IsManager: CanManage(c.Course, identity.CallerFrom(ctx)), EnrolledAt: c.EnrolledAt, Now: s.clock.Now(),
		Completed: c.completed,
	}
}
