package chat

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// The permissions that routes of this module ask for.
var (
	// permissionRead lets callers read the channels that are open to them.
	permissionRead = identity.Permission{Name: "chat:read", Lowest: usersapi.RoleUser}
	// permissionWrite lets callers post in the channels that are open to them.
	permissionWrite = identity.Permission{Name: "chat:write", Lowest: usersapi.RoleUser}
	// permissionManage lets callers create channels and manage their own.
	permissionManage = identity.Permission{Name: "chat:manage", Lowest: usersapi.RoleInstructor}
)
