package storage

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// The permissions that routes of this module ask for.
var (
	// permissionRead lets callers get links to files that are open to them.
	permissionRead = identity.Permission{Name: "files:read", Lowest: usersapi.RoleUser}
	// permissionWrite lets callers upload files and delete their own.
	permissionWrite = identity.Permission{Name: "files:write", Lowest: usersapi.RoleInstructor}
)
