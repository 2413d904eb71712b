package users

import "lyceum/platform/identity"

// The permissions that routes of this module ask for.
// permissionManage lets callers manage all accounts.
var permissionManage = identity.Permission{Name: "users:manage", Lowest: identity.Admin}
