package audit

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// The permissions that routes of this module ask for.
// permissionRead lets callers read and verify the audit log.
var permissionRead = identity.Permission{Name: "audit:read", Lowest: usersapi.RoleAdmin}
