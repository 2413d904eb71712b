package storage

import "lyceum/modules/audit/auditapi"

// auditActions are what this module writes to the audit log.
var auditActions = []auditapi.Action{
	{Name: "asset.uploaded", Targets: []string{"asset"}},
	{Name: "asset.deleted", Targets: []string{"asset"}},
}
