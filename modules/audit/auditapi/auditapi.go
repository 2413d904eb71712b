// Package auditapi is how other modules tell the audit log what changed.
package auditapi

// Entry is published inside the transaction of the change that it records, so that neither exists
// without the other. Who acted, from where and in which request is taken from the context.
type Entry struct {
	// Action is one of the contract's list, such as "course.updated".
	Action string
	// TargetType and TargetID say what it was done to; ids only, never an address.
	TargetType string
	TargetID   string
	// ActorID overrides the caller, where the actor is the new user himself.
	ActorID string
	// Data says more: ids, roles, names of changed fields. Never an address, a secret or a text of users.
	Data map[string]any
}

// EventName implements events.Event.
func (Entry) EventName() string { return "audit.entry" }
