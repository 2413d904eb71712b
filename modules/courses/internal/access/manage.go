package access

import (
	"context"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// HoldManagedCourse returns and holds a course that the caller may change. Until the transaction of
// ctx ends, nobody else changes the course or its lessons, and no progress in it is written. It
// returns the errors of FindCourse to a caller who may not read the course, and ErrNotManager to
// any other who may not change it.
func (s *Service) HoldManagedCourse(ctx context.Context, id string) (*course.Course, error) {
	return s.authorizeManager(ctx, id, s.store.holdCourse)
}

// FindManagedCourse returns a course that the caller may change, without holding it. It returns the
// errors of HoldManagedCourse.
func (s *Service) FindManagedCourse(ctx context.Context, id string) (*course.Course, error) {
	return s.authorizeManager(ctx, id, s.store.findCourse)
}

// authorizeManager returns the course that load reads if the caller may change it. It is the one
// rule: the caller owns the course or is an administrator, and has at least the role of an
// instructor.
func (s *Service) authorizeManager(
	ctx context.Context, id string, load func(ctx context.Context, id string) (*course.Course, error),
) (*course.Course, error) {
	if !ids.IsValid(id) {
		return nil, course.ErrNoCourse
	}
	c, err := load(ctx, id)
	if db.IsNotFound(err) || err == nil && c.DeletedAt != nil {
		return nil, course.ErrNoCourse
	}
	if err != nil {
		return nil, err
	}
	caller := identity.CallerFrom(ctx)
	if CanManage(c, caller) && caller.HasRole(usersapi.RoleInstructor) {
		return c, nil
	}
	isEnrolled, err := s.store.isEnrolled(ctx, caller.UserID, c.ID)
	if err != nil {
		return nil, err
	}
	if !CanRead(c, caller, isEnrolled) {
		return nil, newReadError(c, caller)
	}
	return nil, course.ErrNotManager
}

// HoldCourse returns and holds a course like HoldManagedCourse, in the trash or not, and asks
// nothing of the caller. It returns db.ErrNotFound for a course that does not exist.
func (s *Service) HoldCourse(ctx context.Context, id string) (*course.Course, error) {
	return s.store.holdCourse(ctx, id)
}
