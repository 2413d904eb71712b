package mail

import "lyceum/platform/identity"

// The permissions that routes of this module ask for.
// PermissionManage lets callers see mails and send them again.
var PermissionManage = identity.Permission{Name: "mail:manage", Lowest: identity.Admin}

// Permissions lists the permissions of the mail routes.
var Permissions = []identity.Permission{PermissionManage}
