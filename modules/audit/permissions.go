package audit

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// permissionRead lets callers read and verify the audit log.
var permissionRead = identity.Permission{Name: "audit:read", Lowest: usersapi.RoleAdmin}
