package mail

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// permissionManage lets callers see mails and make them due again.
var permissionManage = identity.Permission{Name: "mail:manage", Lowest: usersapi.RoleAdmin}
