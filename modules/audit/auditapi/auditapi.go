// Package auditapi is how other modules tell the audit log what changed.
package auditapi

// Entry is published inside the transaction of the change that it records, so that neither exists
// without the other. Who acted, from where and in which request is taken from the context.
type Entry struct {
	// Action is one of Actions; another is an error, which takes the change back.
	Action string
	// TargetType and TargetID say what it was done to; ids only, never an address.
	TargetType string
	TargetID   string
	// ActorID overrides the caller, where the actor is the new user himself.
	ActorID string
	// Data says more: ids, roles, names of changed fields. Never an address, a secret or a text of users.
	Data map[string]any
}

// Actions are all that the log tells of.
var Actions = []string{
	"user.registered", "user.role_changed", "user.disabled", "user.enabled", "user.deleted", "user.exported", "user.updated", "user.email_verified",
	"auth.login_succeeded", "auth.login_failed", "auth.logged_out", "auth.refresh_reused", "auth.password_changed", "auth.password_reset",
	"auth.reset_requested", "auth.session_revoked", "auth.mfa_enabled", "auth.mfa_disabled",
	"invite.created", "invite.redeemed", "invite.redeem_failed", "invite.revoked", "invite.resent",
	"course.created", "course.updated", "course.published", "course.archived", "course.deleted", "course.restored",
	"lesson.created", "lesson.updated", "lesson.deleted", "lesson.reordered", "enrollment.created", "enrollment.deleted",
	"asset.uploaded", "asset.deleted", "channel.created", "channel.updated", "channel.deleted", "message.deleted", "audit.exported",
}

// EventName implements events.Event.
func (Entry) EventName() string { return "audit.entry" }
