package auth

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// The permissions that routes of this module ask for.
// permissionOwnSessions lets callers list and end their own sessions.
var permissionOwnSessions = identity.Permission{Name: "sessions:self", Lowest: usersapi.RoleUser}
