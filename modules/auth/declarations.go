package auth

import (
	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// The permissions that routes of this module ask for.
// permissionOwnSessions lets callers list and end their own sessions.
var permissionOwnSessions = identity.Permission{Name: "sessions:self", Lowest: usersapi.RoleUser}

// auditActions are what this module writes to the audit log.
var auditActions = []auditapi.Action{
	{Name: "auth.login_succeeded", Targets: []string{"session"}},
	{Name: "auth.login_failed", Targets: []string{"user"}},
	{Name: "auth.mfa_required", Targets: []string{"user"}},
	{Name: "auth.logged_out", Targets: []string{"session", "user"}},
	{Name: "auth.refresh_reused", Targets: []string{"session"}},
	{Name: "auth.password_changed", Targets: []string{"user"}},
	{Name: "auth.password_reset", Targets: []string{"user"}},
	{Name: "auth.reset_requested", Targets: []string{"user"}},
	{Name: "auth.session_revoked", Targets: []string{"session"}},
	{Name: "auth.mfa_enabled", Targets: []string{"user"}},
	{Name: "auth.mfa_disabled", Targets: []string{"user"}},
}
