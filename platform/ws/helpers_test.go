package ws_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	client "github.com/fasthttp/websocket"
	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/identity"
	"lyceum/platform/identity/identitytest"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/telemetry"
	"lyceum/platform/tokens"
	"lyceum/platform/ws"
)

// fakeSignals hears everything at once, as in one process.
type fakeSignals struct {
	mu  sync.Mutex
	fns map[string][]func(string)
}

func (f *fakeSignals) Subscribe(topic string, fn func(string)) func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fns[topic] = append(f.fns[topic], fn)
	return func() {}
}

func (f *fakeSignals) Healthy() bool { return true }

func (f *fakeSignals) signal(topic, key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fn := range f.fns[topic] {
		fn(key)
	}
}

// world is who exists.
type world struct {
	mu       sync.Mutex
	sessions map[string]string
	accounts map[string]identity.Account
}

func (w *world) Session(_ context.Context, id string) (string, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, ok := w.sessions[id]
	return u, ok, nil
}

func (w *world) Account(_ context.Context, id string) (identity.Account, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, ok := w.accounts[id]
	return a, ok, nil
}

// fakeSession is a session with func fields.
type fakeSession struct {
	open    func(context.Context, *ws.Conn)
	receive func(context.Context, *ws.Conn, []byte)
	recheck func(identity.Caller) int
	closed  func()
}

func (s *fakeSession) Open(ctx context.Context, c *ws.Conn) {
	if s.open != nil {
		s.open(ctx, c)
	}
}

func (s *fakeSession) Receive(ctx context.Context, c *ws.Conn, b []byte) {
	if s.receive != nil {
		s.receive(ctx, c, b)
		return
	}
	c.Send(ws.Raw(b))
}

func (s *fakeSession) Recheck(_ context.Context, caller identity.Caller) (int, string) {
	if s.recheck != nil {
		return s.recheck(caller), "told"
	}
	return 0, ""
}

func (s *fakeSession) Closed() {
	if s.closed != nil {
		s.closed()
	}
}

type server struct {
	t       *testing.T
	hub     *ws.Hub
	signals *fakeSignals
	world   *world
	tokens  *tokens.Tokens
	addr    string
	// accept makes the session of the next socket; an echo when nil.
	accept func(context.Context, ws.Opening) (ws.Session, error)
	ticket func(string) (ws.Identity, error)
}

const publicURL = "http://lyceum.test"

func serve(t *testing.T, limits ws.Limits, ttl time.Duration) *server {
	t.Helper()
	keys, err := keyring.Open(t.TempDir(), time.Hour)
	require.NoError(t, err)
	s := &server{t: t, signals: &fakeSignals{fns: map[string][]func(string){}},
		world:  &world{sessions: map[string]string{}, accounts: map[string]identity.Account{}},
		tokens: tokens.NewTokens(keys, publicURL, ttl, clock.System{})}
	gate := httpx.NewAuthenticator(tokens.NewAuthenticator(s.tokens, s.world, s.world, s.signals), publicURL, []string{"https://school.test"})
	s.hub = ws.NewHub(limits, gate, telemetry.NewMetrics())
	app := fiber.New(fiber.Config{DisableStartupMessage: true, ErrorHandler: func(c *fiber.Ctx, err error) error {
		if e, ok := apperr.As(err); ok {
			return c.Status(problem.StatusOf(e.Kind)).SendString(e.Code)
		}
		return fiber.DefaultErrorHandler(c, err)
	}})
	app.Use(func(c *fiber.Ctx) error {
		c.SetUserContext(identity.WithCaller(context.Background(), identity.Caller{IP: c.IP()}))
		return c.Next()
	})
	app.Get("/ws/:room", s.hub.Handler(ws.Endpoint{
		Needs:  identity.Permission{Name: "chat:read", Lowest: identitytest.User},
		Ticket: func(_ context.Context, code string) (ws.Identity, error) { return s.ticket(code) },
		Accept: func(ctx context.Context, o ws.Opening) (ws.Session, error) {
			if s.accept != nil {
				return s.accept(ctx, o)
			}
			return &fakeSession{}, nil
		},
	}))
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = ln.Addr().String()
	go func() { _ = app.Listener(ln) }()
	ctx, cancel := context.WithCancel(context.Background())
	go s.hub.Run(ctx)
	t.Cleanup(func() {
		stop, done := context.WithTimeout(context.Background(), 5*time.Second)
		defer done()
		s.hub.Drain(stop)
		cancel()
		_ = app.Shutdown()
	})
	return s
}

// user makes an account with a session and gives a token.
func (s *server) user(role identity.Role) (userID, sessionID, token string) {
	s.t.Helper()
	userID, sessionID = ids.New(), ids.New()
	s.world.mu.Lock()
	s.world.sessions[sessionID], s.world.accounts[userID] = userID, identity.Account{Role: role, Active: true}
	s.world.mu.Unlock()
	return userID, sessionID, s.token(userID, sessionID)
}

func (s *server) token(userID, sessionID string) string {
	token, _, err := s.tokens.IssueToken(userID, sessionID, identitytest.User)
	require.NoError(s.t, err)
	return token
}

// dial tries to open a socket and gives the status when that is refused.
func (s *server) dial(query string, header http.Header) (*client.Conn, int) {
	s.t.Helper()
	c, res, err := client.DefaultDialer.DialContext(s.t.Context(), "ws://"+s.addr+"/ws/one"+query, header)
	if err != nil {
		require.NotNil(s.t, res, "%v", err)
		return nil, res.StatusCode
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c, res.StatusCode
}

func (s *server) connect(token string) *client.Conn {
	s.t.Helper()
	c, status := s.dial("?token="+token, nil)
	require.Equal(s.t, http.StatusSwitchingProtocols, status)
	return c
}

// closeCode reads until the socket is closed.
func closeCode(t *testing.T, c *client.Conn) int {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(8 * time.Second))
	for {
		if _, _, err := c.ReadMessage(); err != nil {
			var closed *client.CloseError
			require.ErrorAs(t, err, &closed)
			return closed.Code
		}
	}
}

func read(t *testing.T, c *client.Conn) string {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, b, err := c.ReadMessage()
	require.NoError(t, err)
	return string(b)
}

var roomy = ws.Limits{Total: 1000, PerUser: 1000, PerIP: 1000}
