package chat

import "lyceum/modules/audit/auditapi"

// auditActions are the actions that this module writes to the audit log.
var auditActions = []auditapi.Action{
	{Name: "channel.created", Targets: []string{"channel"}},
	{Name: "channel.updated", Targets: []string{"channel"}},
	{Name: "channel.deleted", Targets: []string{"channel"}},
	{Name: "message.deleted", Targets: []string{"message"}},
}
