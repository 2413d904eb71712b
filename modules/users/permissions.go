package users

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// The permissions that routes of this module ask for.
// permissionManage lets callers manage all accounts.
var permissionManage = identity.Permission{Name: "users:manage", Lowest: usersapi.RoleAdmin}
