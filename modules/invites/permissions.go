package invites

import "lyceum/platform/identity"

// The permissions that routes of this module ask for.
var (
	// permissionRedeem lets callers redeem invite codes.
	permissionRedeem = identity.Permission{Name: "invites:redeem", Lowest: identity.User}
	// permissionManage lets callers make, resend and revoke invites.
	permissionManage = identity.Permission{Name: "invites:manage", Lowest: identity.Admin}
)
