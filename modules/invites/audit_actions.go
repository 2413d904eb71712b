package invites

import "lyceum/modules/audit/auditapi"

// auditActions are what this module writes to the audit log.
var auditActions = []auditapi.Action{
	{Name: "invite.created", Targets: []string{"invite"}},
	{Name: "invite.resent", Targets: []string{"invite"}},
	{Name: "invite.redeemed", Targets: []string{"invite"}},
	{Name: "invite.redeem_failed", Targets: []string{"invite"}},
	{Name: "invite.revoked", Targets: []string{"invite"}},
}
