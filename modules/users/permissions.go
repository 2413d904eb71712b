package users

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// permissionManage lets callers list, change and delete all accounts.
var permissionManage = identity.Permission{Name: "users:manage", Lowest: usersapi.RoleAdmin}
