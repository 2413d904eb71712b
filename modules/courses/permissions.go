package courses

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// The permissions that routes of this module ask for.
var (
	// permissionRead lets callers see courses and lessons; what of them depends on the course.
	permissionRead = identity.Permission{Name: "courses:read", Lowest: identity.Anonymous}
	// permissionWrite lets callers make courses and change their own.
	permissionWrite = identity.Permission{Name: "courses:write", Lowest: usersapi.RoleInstructor}
	// permissionLearn lets callers enroll and report their own progress.
	permissionLearn = identity.Permission{Name: "learning:self", Lowest: usersapi.RoleUser}
)
