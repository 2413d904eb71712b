package storage

import (
	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/backup"
	"lyceum/platform/identity"
)

// The permissions that routes of this module require.
var (
	// permissionRead lets callers get signed URLs of files that they may read.
	permissionRead = identity.Permission{Name: "files:read", Lowest: usersapi.RoleUser}
	// permissionWrite lets callers upload files and delete their own.
	permissionWrite = identity.Permission{Name: "files:write", Lowest: usersapi.RoleInstructor}
)

// auditActions are what this module writes to the audit log.
var auditActions = []auditapi.Action{
	{Name: "asset.uploaded", Targets: []string{"asset"}},
	{Name: "asset.deleted", Targets: []string{"asset"}},
}

// objectColumns say which objects a backup holds: those of completed uploads.
var objectColumns = backup.ObjectColumns{
	Table: "storage_assets", ID: "blob_id", Size: "size", ContentType: "content_type", Where: "status = 'completed'",
}
