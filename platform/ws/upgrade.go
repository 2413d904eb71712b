package ws

import (
	"context"
	"net/http"
	"strings"
	"time"

	fasthttpws "github.com/fasthttp/websocket"
	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/identity"
)

// opening is an accepted request: everything that its socket takes over from it.
type opening struct {
	session Session
	// slot is released by serveSocket, or by UpgradeHandler if the upgrade fails.
	slot         *slot
	caller       identity.Caller
	tokenExpires time.Time
}

// UpgradeHandler returns the handler of upgrade requests. It answers a refused request with a
// problem before the upgrade, as browsers can't read a reason from a failed handshake otherwise:
// 401 without a valid token or ticket, 403 for a foreign origin or a missing permission, 503 beyond
// the limits, the error of Endpoint.Accept, and 426 for a plain GET.
func (h *Hub) UpgradeHandler(e Endpoint) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, expires, err := h.signIn(c, e)
		if err != nil {
			return err
		}
		if !h.authenticator.OriginAllowed(c.Get(fiber.HeaderOrigin), string(c.Context().Host())) {
			// Browsers send cookies and stored tokens with sockets of any page; CORS does not apply.
			return apperr.Forbidden("Pages of this origin may not open sockets here.")
		}
		caller := identity.CallerFrom(ctx)
		if !caller.HasPermission(e.Needs) {
			return apperr.Forbidden("This needs the role " + string(e.Needs.Lowest) + ".")
		}
		s, err := h.reserveSlot(caller.UserID, caller.IP)
		if err != nil {
			return err
		}
		err = h.upgradeRequest(ctx, c, e, &opening{slot: s, caller: caller, tokenExpires: expires})
		if err != nil {
			s.releaseOnce()
		}
		return err
	}
}

// upgradeRequest asks the endpoint for a session and upgrades the connection.
func (h *Hub) upgradeRequest(ctx context.Context, c *fiber.Ctx, e Endpoint, o *opening) (err error) {
	// Fiber reuses the memory of the request, so nothing of it may go on with the socket uncopied.
	o.session, err = e.Accept(ctx, OpenRequest{cloneParams(c.AllParams()), cloneParams(c.Queries())})
	if err != nil {
		return err
	}
	if c.Method() != http.MethodGet || !websocket.IsWebSocketUpgrade(c) {
		return apperr.ProblemUpgradeRequired.New("This path is a WebSocket. Send an upgrade request.")
	}
	return websocket.New(func(conn *websocket.Conn) { h.serveSocket(conn.Conn, o) }, websocket.Config{
		Subprotocols: []string{protocolBearer}, WriteBufferPool: writeBuffers, ReadBufferSize: 1024,
		// serveSocket recovers itself; the default handler would send the panic to the client.
		RecoverHandler: func(*websocket.Conn) {},
	})(c)
}

// protocolBearer is the subprotocol under which a browser sends a token.
const protocolBearer = "bearer"

// signIn returns a context with the caller and the expiry of the token. It takes the token from the
// first of these places that has one: ?token=, ?ticket=, the Authorization header, the subprotocol.
func (h *Hub) signIn(c *fiber.Ctx, e Endpoint) (context.Context, time.Time, error) {
	ctx := c.UserContext()
	token := c.Query("token")
	if ticket := c.Query("ticket"); token == "" && ticket != "" && e.RedeemTicket != nil {
		return h.signInWithTicket(ctx, e, ticket)
	}
	if header := c.Get(fiber.HeaderAuthorization); token == "" && header != "" {
		scheme, value, _ := strings.Cut(header, " ")
		if token = strings.TrimSpace(value); !strings.EqualFold(scheme, "Bearer") || token == "" {
			return nil, time.Time{}, apperr.InvalidToken()
		}
	}
	if token == "" {
		token = tokenFromProtocol(c.Get(fiber.HeaderSecWebSocketProtocol))
	}
	if token == "" {
		return nil, time.Time{}, apperr.Unauthenticated()
	}
	return h.authenticator.SignIn(ctx, strings.Clone(token))
}

// signInWithTicket redeems a ticket and returns 401 if the session that it was issued for has ended.
func (h *Hub) signInWithTicket(ctx context.Context, e Endpoint, ticket string) (context.Context, time.Time, error) {
	holder, err := e.RedeemTicket(ctx, strings.Clone(ticket))
	if err != nil {
		return nil, time.Time{}, err
	}
	caller, err := h.authenticator.CheckCaller(ctx, holder.UserID, holder.SessionID)
	if err != nil {
		return nil, time.Time{}, err
	}
	return h.authenticator.As(ctx, caller), holder.Expires, nil
}

// tokenFromProtocol returns the token of a Sec-WebSocket-Protocol header "bearer, <token>", or an
// empty string. Scripts in a browser can set this header and no other.
func tokenFromProtocol(header string) string {
	name, token, _ := strings.Cut(header, ",")
	if strings.TrimSpace(name) != protocolBearer {
		return ""
	}
	token, _, _ = strings.Cut(token, ",")
	return strings.TrimSpace(token)
}

// cloneParams returns a copy whose strings do not share memory with the request.
func cloneParams(params map[string]string) map[string]string {
	clone := make(map[string]string, len(params))
	for name, value := range params {
		clone[strings.Clone(name)] = strings.Clone(value)
	}
	return clone
}

// writeBuffers serves the writes of the library, of which there are few: runWriter writes frames to
// the connection itself.
var writeBuffers fasthttpws.BufferPool = &bufferPool{}
