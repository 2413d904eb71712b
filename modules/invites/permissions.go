package invites

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// The permissions that routes of this module require.
var (
	// permissionRedeem lets callers redeem codes.
	permissionRedeem = identity.Permission{Name: "invites:redeem", Lowest: usersapi.RoleUser}
	// permissionManage lets callers create, resend and revoke invites.
	permissionManage = identity.Permission{Name: "invites:manage", Lowest: usersapi.RoleAdmin}
)
