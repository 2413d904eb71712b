package ws

import (
	"context"
	"time"

	"lyceum/platform/identity"
)

// Session handles the frames of one socket. One goroutine calls OnOpen, OnText and OnClose, one after
// another. Other goroutines call CheckAccess, possibly once more after OnClose.
type Session interface {
	// OnOpen is called once after the upgrade, before the first frame is read.
	OnOpen(ctx context.Context, c *Conn)
	// OnText handles one text frame. The session may keep data.
	OnText(ctx context.Context, c *Conn, data []byte)
	// CheckAccess returns the close code and the reason if the caller, with the present role of the
	// account, may not stay, and 0 otherwise. It is called more than twice a second and must be
	// cheap.
	CheckAccess(ctx context.Context, caller identity.Caller) (code int, reason string)
	// OnClose is called once, when nothing can be sent any more.
	OnClose()
}

// Endpoint declares one kind of socket.
type Endpoint struct {
	// Needs is the permission without which a caller gets 403.
	Needs identity.Permission
	// RedeemTicket returns the holder of the value of ?ticket= and invalidates the ticket. It
	// returns 401 invalid-token for a ticket that is unknown, expired or used.
	RedeemTicket func(ctx context.Context, ticket string) (TicketHolder, error)
	// Accept returns the session of a new socket. It is called before the upgrade with the caller in
	// ctx, and its error is the answer to the request.
	Accept func(ctx context.Context, r OpenRequest) (Session, error)
}

// TicketHolder is the account and session for which a ticket was issued. Expires is the end of the
// access token that it was issued with.
type TicketHolder struct {
	UserID, SessionID string
	Expires           time.Time
}

// OpenRequest is a request to open a socket.
type OpenRequest struct{ params, query map[string]string }

// PathParam returns a parameter of the path, or an empty string if the route has none of that name.
func (r OpenRequest) PathParam(name string) string { return r.params[name] }

// QueryParam returns a query parameter and whether it was given.
func (r OpenRequest) QueryParam(name string) (string, bool) {
	v, ok := r.query[name]
	return v, ok
}
