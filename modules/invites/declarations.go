package invites

import (
	"lyceum/modules/audit/auditapi"
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

// auditActions are what this module writes to the audit log.
var auditActions = []auditapi.Action{
	{Name: "invite.created", Targets: []string{"invite"}},
	{Name: "invite.resent", Targets: []string{"invite"}},
	{Name: "invite.redeemed", Targets: []string{"invite"}},
	{Name: "invite.redeem_failed", Targets: []string{"invite"}},
	{Name: "invite.revoked", Targets: []string{"invite"}},
}
