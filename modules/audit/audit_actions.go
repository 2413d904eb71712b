package audit

import "lyceum/modules/audit/auditapi"

// auditActions are what this module writes to the audit log.
var auditActions = []auditapi.Action{
	{Name: "audit.exported", Targets: []string{"audit_log"}},
	{Name: "audit.break_accepted", Targets: []string{"audit_log"}},
}
