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

// fakeSignals delivers signals within one process, before signal returns.
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

func (f *fakeSignals) IsHealthy() bool { return true }

func (f *fakeSignals) signal(topic, key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fn := range f.fns[topic] {
		fn(key)
	}
}

// fakeAccounts holds the sessions and accounts of a test.
type fakeAccounts struct {
	mu       sync.Mutex
	sessions map[string]string
	accounts map[string]identity.Account
}

func (f *fakeAccounts) Session(_ context.Context, id string) (string, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	u, ok := f.sessions[id]
	return u, ok, nil
}

func (f *fakeAccounts) Account(_ context.Context, id string) (identity.Account, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a, ok := f.accounts[id]
	return a, ok, nil
}

// fakeSession is a session with func fields. Without onText it sends back what it receives.
type fakeSession struct {
	onOpen      func(context.Context, *ws.Conn)
	onText      func(context.Context, *ws.Conn, []byte)
	checkAccess func(identity.Caller) int
	onClose     func()
}

func (s *fakeSession) OnOpen(ctx context.Context, c *ws.Conn) {
	if s.onOpen != nil {
		s.onOpen(ctx, c)
	}
}

func (s *fakeSession) OnText(ctx context.Context, c *ws.Conn, b []byte) {
	if s.onText != nil {
		s.onText(ctx, c, b)
		return
	}
	c.Send(ws.NewTextFrame(b))
}

func (s *fakeSession) CheckAccess(_ context.Context, caller identity.Caller) (int, string) {
	if s.checkAccess != nil {
		return s.checkAccess(caller), "told"
	}
	return 0, ""
}

func (s *fakeSession) OnClose() {
	if s.onClose != nil {
		s.onClose()
	}
}

type server struct {
	t        *testing.T
	hub      *ws.Hub
	signals  *fakeSignals
	accounts *fakeAccounts
	tokens   *tokens.Tokens
	addr     string
	// accept makes the session of the next socket. Without it a session echoes.
	accept       func(context.Context, ws.OpenRequest) (ws.Session, error)
	redeemTicket func(string) (ws.TicketHolder, error)
}

const publicURL = "http://lyceum.test"

// startServer runs a hub behind one route of a real server. Access tokens live for ttl.
func startServer(t *testing.T, limits ws.Limits, ttl time.Duration) *server {
	t.Helper()
	keys, err := keyring.Open(t.TempDir(), time.Hour)
	require.NoError(t, err)
	s := &server{t: t, signals: &fakeSignals{fns: map[string][]func(string){}},
		accounts: &fakeAccounts{sessions: map[string]string{}, accounts: map[string]identity.Account{}},
		tokens:   tokens.NewTokens(keys, publicURL, ttl, clock.System{})}
	authenticator := tokens.NewAuthenticator(s.tokens, s.accounts, s.accounts, s.signals)
	s.hub = ws.NewHub(limits, httpx.NewAuthenticator(authenticator, publicURL, []string{"https://school.test"}),
		telemetry.NewMetrics())
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
	app.Get("/ws/:room", s.hub.UpgradeHandler(ws.Endpoint{
		Needs:        identity.Permission{Name: "chat:read", Lowest: identitytest.User},
		RedeemTicket: func(_ context.Context, code string) (ws.TicketHolder, error) { return s.redeemTicket(code) },
		Accept: func(ctx context.Context, o ws.OpenRequest) (ws.Session, error) {
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
		s.hub.DrainSockets(stop)
		cancel()
		_ = app.Shutdown()
	})
	return s
}

// newUser makes an account with a session and returns a token of it.
func (s *server) newUser(role identity.Role) (userID, sessionID, token string) {
	s.t.Helper()
	userID, sessionID = ids.New(), ids.New()
	s.accounts.mu.Lock()
	s.accounts.sessions[sessionID], s.accounts.accounts[userID] = userID, identity.Account{Role: role, Active: true}
	s.accounts.mu.Unlock()
	return userID, sessionID, s.issueToken(userID, sessionID)
}

func (s *server) issueToken(userID, sessionID string) string {
	token, _, err := s.tokens.IssueToken(userID, sessionID, identitytest.User)
	require.NoError(s.t, err)
	return token
}

// dial tries to open a socket and returns the status of the answer, with no socket if it is refused.
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

// readCloseCode reads until the socket is closed and returns the code.
func readCloseCode(t *testing.T, c *client.Conn) int {
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

// readText returns the next message.
func readText(t *testing.T, c *client.Conn) string {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, b, err := c.ReadMessage()
	require.NoError(t, err)
	return string(b)
}

var roomy = ws.Limits{Total: 1000, PerUser: 1000, PerIP: 1000}
