package access

import (
	"lyceum/modules/courses/internal/course"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/identity"
)

// CanManage returns whether the caller owns the course or is an administrator.
func CanManage(c *course.Course, caller identity.Caller) bool {
	return caller.IsSignedIn() && (c.OwnerID == caller.UserID || caller.HasRole(usersapi.RoleAdmin))
}

// CanRead returns whether the caller may read the course. It is the one rule:
//
//	in the trash  nobody
//	draft         the owner and administrators
//	archived      also accounts that are enrolled
//	published     also everyone if public, members if member, nobody else if private
//
// Readable is the same rule in SQL.
func CanRead(c *course.Course, caller identity.Caller, isEnrolled bool) bool {
	switch {
	case c.DeletedAt != nil:
		return false
	case CanManage(c, caller):
		return true
	case c.Status == course.Draft:
		return false
	case isEnrolled:
		return true
	case c.Status == course.Archived:
		return false
	}
	return c.Visibility == course.Public ||
		c.Visibility == course.Member && caller.HasRole(usersapi.RoleMember)
}

// newReadError returns the error for a caller who may not read the course. That a published course
// for members exists is no secret; any other course is answered as if it did not exist.
func newReadError(c *course.Course, caller identity.Caller) error {
	if c.DeletedAt == nil && c.Status == course.Published && c.Visibility == course.Member {
		if !caller.IsSignedIn() {
			return apperr.Unauthenticated()
		}
		return course.ErrMembersOnly
	}
	return course.ErrNoCourse
}
