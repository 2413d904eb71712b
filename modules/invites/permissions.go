package invites

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// The permissions that routes of this module ask for.
var (
	// permissionRedeem lets callers redeem invite codes.
	permissionRedeem = identity.Permission{Name: "invites:redeem", Lowest: usersapi.RoleUser}
	// permissionManage lets callers make, resend and revoke invites.
	permissionManage = identity.Permission{Name: "invites:manage", Lowest: usersapi.RoleAdmin}
)
