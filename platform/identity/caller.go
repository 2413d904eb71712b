// Package identity knows who is calling: roles, permissions and the caller in a context. Modules own accounts and
// sessions; they answer the small interfaces of this package.
package identity

import "context"

// Role is how much a caller may do; each includes the one before.
type Role string

// The roles, and Anonymous for callers without a token.
const (
	Anonymous  Role = ""
	User       Role = "user"
	Member     Role = "member"
	Instructor Role = "instructor"
	Admin      Role = "admin"
)

var rank = map[Role]int{Anonymous: 0, User: 1, Member: 2, Instructor: 3, Admin: 4}

// IsValid says whether r is a role that an account can have.
func (r Role) IsValid() bool { return rank[r] > 0 }

// IsAtLeast says whether r includes other.
func (r Role) IsAtLeast(other Role) bool { return rank[r] >= rank[other] }

// Caller is who a request comes from, and how. It travels in the context; services and the audit
// log read it there.
type Caller struct {
	UserID    string
	SessionID string
	Role      Role
	// IP, UserAgent and RequestID describe the request; empty on the command line.
	IP        string
	UserAgent string
	RequestID string
	// Via is "cli" when a command acts, so that the audit log can say so.
	Via string
}

// IsSignedIn says whether a token was presented and held.
func (c Caller) IsSignedIn() bool { return c.UserID != "" }

// HasRole says whether the caller's role includes r.
func (c Caller) HasRole(r Role) bool { return c.Role.IsAtLeast(r) }

type callerKey struct{}

// WithCaller puts the caller into the context.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, &c)
}

// CallerFrom gives the caller, the zero Caller when there is none.
func CallerFrom(ctx context.Context) Caller {
	if c, ok := ctx.Value(callerKey{}).(*Caller); ok {
		return *c
	}
	return Caller{}
}
