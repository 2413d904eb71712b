package ws

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"time"

	raw "github.com/fasthttp/websocket"
	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/identity"
)

// Session is what one socket is there for. Open, Receive and Closed are called one after another
// from one goroutine; Recheck from others, and perhaps once more after Closed.
type Session interface {
	// Open is called once after the upgrade, before anything is read.
	Open(ctx context.Context, c *Conn)
	// Receive handles one text frame. data is the session's to keep.
	Receive(ctx context.Context, c *Conn, data []byte)
	// Recheck says whether the caller, as the account is now, may stay: the close code if not,
	// else 0. It is asked twice a second, so it must be cheap.
	Recheck(ctx context.Context, caller identity.Caller) (code int, reason string)
	// Closed is called once when nothing can be sent any more.
	Closed()
}

// Identity is who a ticket stands for, and until when.
type Identity struct {
	UserID, SessionID string
	Expires           time.Time
}

// Endpoint is one kind of socket.
type Endpoint struct {
	// Needs is what a caller must be allowed to open one at all.
	Needs identity.Permission
	// Ticket redeems ?ticket=, once: 401 invalid-token for one that does not hold.
	Ticket func(ctx context.Context, ticket string) (Identity, error)
	// Accept decides before the upgrade, with the caller in ctx; its error is the answer.
	Accept func(ctx context.Context, o Opening) (Session, error)
}

// Opening is a request to open a socket.
type Opening struct{ params, query map[string]string }

// Param is a part of the path.
func (o Opening) Param(name string) string { return o.params[name] }

// Query is a query parameter, and whether it was there.
func (o Opening) Query(name string) (string, bool) {
	v, ok := o.query[name]
	return v, ok
}

// Handler answers upgrade requests; everything that speaks against one is a problem before it.
func (h *Hub) Handler(e Endpoint) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, expires, err := h.signIn(c, e)
		if err != nil {
			return err
		}
		if !h.gate.OriginAllowed(c.Get(fiber.HeaderOrigin), string(c.Context().Host())) {
			return apperr.Forbidden("Pages of this origin may not open sockets here.")
		}
		caller := identity.CallerFrom(ctx)
		if !caller.HasPermission(e.Needs) {
			return apperr.Forbidden("This needs the role " + string(e.Needs.Lowest) + ".")
		}
		place, err := h.reserve(caller.UserID, caller.IP)
		if err != nil {
			return err
		}
		err = h.upgrade(ctx, c, e, place, caller, expires)
		if err != nil {
			place.release()
		}
		return err
	}
}

func (h *Hub) upgrade(ctx context.Context, c *fiber.Ctx, e Endpoint, place *slot, caller identity.Caller, expires time.Time) error {
	session, err := e.Accept(ctx, Opening{cloned(c.AllParams()), cloned(c.Queries())})
	if err != nil {
		return err
	}
	if c.Method() != http.MethodGet || !websocket.IsWebSocketUpgrade(c) {
		return apperr.ProblemUpgradeRequired.New("This path speaks WebSocket.")
	}
	// Nothing of the request goes on with the socket: Fiber reuses it.
	serve := func(conn *websocket.Conn) { h.serve(conn.Conn, session, place, caller, expires) }
	return websocket.New(serve, websocket.Config{
		Subprotocols: []string{protocolBearer}, WriteBufferPool: buffers, ReadBufferSize: 1024,
		RecoverHandler: func(*websocket.Conn) {}, // serve has its own, which tells the client nothing
	})(c)
}

const protocolBearer = "bearer"

// signIn takes the token from where browsers and programs can put it.
func (h *Hub) signIn(c *fiber.Ctx, e Endpoint) (context.Context, time.Time, error) {
	ctx := c.UserContext()
	token := c.Query("token")
	if ticket := c.Query("ticket"); token == "" && ticket != "" && e.Ticket != nil {
		return h.redeem(ctx, e, ticket)
	}
	if header := c.Get(fiber.HeaderAuthorization); token == "" && header != "" {
		scheme, value, _ := strings.Cut(header, " ")
		if token = strings.TrimSpace(value); !strings.EqualFold(scheme, "Bearer") || token == "" {
			return nil, time.Time{}, apperr.InvalidToken()
		}
	}
	if token == "" {
		token = protocolToken(c.Get(fiber.HeaderSecWebSocketProtocol))
	}
	if token == "" {
		return nil, time.Time{}, apperr.Unauthenticated()
	}
	return h.gate.SignIn(ctx, strings.Clone(token))
}

func (h *Hub) redeem(ctx context.Context, e Endpoint, ticket string) (context.Context, time.Time, error) {
	who, err := e.Ticket(ctx, strings.Clone(ticket))
	if err != nil {
		return nil, time.Time{}, err
	}
	caller, err := h.gate.CheckCaller(ctx, who.UserID, who.SessionID)
	if err != nil {
		return nil, time.Time{}, err
	}
	return h.gate.As(ctx, caller), who.Expires, nil
}

// protocolToken reads "bearer, <token>": what a browser can send that sets no headers.
func protocolToken(header string) string {
	name, token, _ := strings.Cut(header, ",")
	if strings.TrimSpace(name) != protocolBearer {
		return ""
	}
	token, _, _ = strings.Cut(token, ",")
	return strings.TrimSpace(token)
}

func cloned(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range maps.All(m) {
		out[strings.Clone(k)] = strings.Clone(v)
	}
	return out
}

// buffers are for the library's own writes, of which there are next to none.
var buffers raw.BufferPool = &bufferPool{}
