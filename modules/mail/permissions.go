package mail

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// The permissions that routes of this module ask for.
// permissionManage lets callers see mails and send them again.
var permissionManage = identity.Permission{Name: "mail:manage", Lowest: usersapi.RoleAdmin}
