package access

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// The permissions that routes of the module ask for.
var (
	// PermissionRead lets callers read courses and lessons, as far as each course allows.
	PermissionRead = identity.Permission{Name: "courses:read", Lowest: identity.Anonymous}
	// PermissionWrite lets callers create courses and change their own.
	PermissionWrite = identity.Permission{Name: "courses:write", Lowest: usersapi.RoleInstructor}
	// PermissionLearn lets callers enroll and report their own progress.
	PermissionLearn = identity.Permission{Name: "learning:self", Lowest: usersapi.RoleUser}
)

// Permissions lists the permissions that the module declares.
var Permissions = []identity.Permission{PermissionRead, PermissionWrite, PermissionLearn}
