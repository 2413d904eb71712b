package identity

import "context"

// Caller is the account that a request comes from, and the way it came. It travels in the context:
// services and the audit log read it there. The zero Caller is an anonymous one.
type Caller struct {
	// UserID and SessionID are empty for a caller without a token.
	UserID    string
	SessionID string
	// Role is the role of the account now, not the one that its token was issued with.
	Role Role
	// IP, UserAgent and RequestID describe the request. They are empty on the command line.
	IP        string
	UserAgent string
	RequestID string
	// Via is "cli" if a command acts, so that the audit log can tell it from a request.
	Via string
}

// IsSignedIn reports whether the caller presented a valid token.
func (c Caller) IsSignedIn() bool { return c.UserID != "" }

// HasRole reports whether the role of the caller includes r.
func (c Caller) HasRole(r Role) bool { return c.Role.IsAtLeast(r) }

// HasPermission reports whether the role of the caller has the permission. No role has the zero
// Permission, so that a route whose permission was forgotten is closed.
func (c Caller) HasPermission(p Permission) bool { return p.Name != "" && c.HasRole(p.Lowest) }

type callerKey struct{}

// WithCaller returns a context that carries the caller.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, &c)
}

// CallerFrom returns the caller that ctx carries, or the zero Caller if it carries none.
func CallerFrom(ctx context.Context) Caller {
	if c, ok := ctx.Value(callerKey{}).(*Caller); ok {
		return *c
	}
	return Caller{}
}
