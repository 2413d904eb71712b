package users

import "lyceum/modules/audit/auditapi"

// auditActions are what this module writes to the audit log.
var auditActions = []auditapi.Action{
	{Name: "user.registered", Targets: []string{"user"}},
	{Name: "user.role_changed", Targets: []string{"user"}},
	{Name: "user.disabled", Targets: []string{"user"}},
	{Name: "user.enabled", Targets: []string{"user"}},
	{Name: "user.deleted", Targets: []string{"user"}},
	{Name: "user.exported", Targets: []string{"user"}},
	{Name: "user.updated", Targets: []string{"user"}},
	{Name: "user.email_verified", Targets: []string{"user"}},
	{Name: "user.email_changed", Targets: []string{"user"}},
}
