package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	client "github.com/fasthttp/websocket"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/chat/chatapi"
	"lyceum/modules/chat/internal/live"
	"lyceum/modules/chat/internal/messages"
	"lyceum/modules/chat/internal/presence"
	"lyceum/modules/chat/internal/tickets"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/modules/users/userstest"
	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/idempotency"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/telemetry"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
	"lyceum/platform/tokens"
	"lyceum/platform/ws"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// maxReplay is how many missed messages a socket is sent.
const maxReplay = 5000

const publicURL = "http://lyceum.test"

// fakeAccounts holds the accounts and sessions of a site.
type fakeAccounts struct {
	userstest.Accounts

	mu       sync.Mutex
	sessions map[string]string
}

// Session tells the authenticator whose session an id is.
func (f *fakeAccounts) Session(_ context.Context, id string) (string, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	u, ok := f.sessions[id]
	return u, ok, nil
}

// site holds what replicas share.
type site struct {
	t        *testing.T
	db       db.Options
	redis    string
	keys     string
	accounts *fakeAccounts
	courses  coursesapi.Reader
	ttl      time.Duration
}

// onSQLite is a site that needs nothing installed.
func onSQLite(t *testing.T) *site {
	t.Helper()
	mini := miniredis.RunT(t)
	return &site{
		t: t, db: dbtest.SQLite(t), redis: "redis://" + mini.Addr(), keys: t.TempDir(),
		ttl:      time.Hour,
		accounts: &fakeAccounts{sessions: map[string]string{}}}
}

// onPostgres is a site on the real things.
func onPostgres(t *testing.T) *site {
	t.Helper()
	s := onSQLite(t)
	s.db = dbtest.Postgres(t)
	return s
}

// onBoth runs a test on either database.
func onBoth(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, onSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); test(t, onPostgres(t)) })
}

// person is an account with a session.
type person struct{ id, session, name string }

func (s *site) user(name string) person       { return s.person(usersapi.RoleUser, name) }
func (s *site) member(name string) person     { return s.person(usersapi.RoleMember, name) }
func (s *site) instructor(name string) person { return s.person(usersapi.RoleInstructor, name) }
func (s *site) admin(name string) person      { return s.person(usersapi.RoleAdmin, name) }

func (s *site) person(role identity.Role, name string) person {
	p := person{s.accounts.New(name, role).ID, ids.New(), name}
	s.accounts.mu.Lock()
	defer s.accounts.mu.Unlock()
	s.accounts.sessions[p.session] = p.id
	return p
}

// replica is a running server of a site.
type replica struct {
	*site
	db       *db.DB
	service  *Service
	messages *messages.Service
	live     *live.Feeds
	presence *presence.Registry
	hub      *ws.Hub
	bus      *broadcast.Bus
	events   *events.Bus
	tokens   *tokens.Tokens
	addr     string
	audit    *recorder
	mentions chan chatapi.Mentioned
	stop     func()
}

// recorder keeps audit entries.
type recorder struct {
	mu      sync.Mutex
	entries []auditapi.Entry
}

func (r *recorder) note(_ context.Context, e auditapi.Entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, e)
	return nil
}

func (r *recorder) actions() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.entries {
		out = append(out, e.Action)
	}
	return out
}

// replicas are two servers, or twice the same where the database serves only one.
func (s *site) replicas() (first, second *replica) {
	s.t.Helper()
	first = s.replica()
	if s.db.URL == "" {
		return first, first
	}
	return first, s.replica()
}

func (s *site) replica() *replica {
	t := s.t
	t.Helper()
	r := &replica{site: s, audit: &recorder{}, mentions: make(chan chatapi.Mentioned, 100)}
	r.db = dbtest.Open(t, s.db, events.Migrations, idempotency.Migrations, Migrations)
	o, err := redis.ParseURL(s.redis)
	require.NoError(t, err)
	rc := redis.NewClient(o)
	keys, err := keyring.Open(s.keys, time.Hour)
	require.NoError(t, err)
	r.tokens = tokens.NewTokens(keys, publicURL, s.ttl, clock.System{})
	r.bus, r.events = broadcast.New(rc), events.NewBus(r.db, clock.System{})
	gate := httpx.NewAuthenticator(tokens.NewAuthenticator(r.tokens, s.accounts, s.accounts, r.bus), publicURL, nil)
	metrics := telemetry.NewMetrics()
	r.hub = ws.NewHub(ws.Limits{Total: 1000, PerUser: 1000, PerIP: 1000}, gate, metrics)
	st := newStore(r.db)
	right := newAccess(st, Courses{Reader: s.courses}, r.bus)
	present := presence.NewRegistry(r.db, r.bus, clock.System{})
	r.messages = messages.NewService(messages.Params{
		DB: r.db, Accounts: s.accounts, Events: r.events, Broadcast: r.bus, Clock: clock.System{},
		Config: &messages.Config{},
	})
	r.service = newService(Params{
		DB: r.db, Store: st, Access: right, Messages: r.messages, Presence: present,
		Tickets: tickets.NewService(r.db, clock.System{}), Accounts: s.accounts, Events: r.events, Broadcast: r.bus,
		Clock: clock.System{},
	})
	r.presence = present
	ports := newLivePorts(r.messages, present, right, st)
	r.live = live.NewFeeds(live.Params{
		Messages: ports.Source, Channels: ports.Channels, Presence: ports.Presence, Accounts: s.accounts, Broadcast: r.bus,
		Hub: r.hub, Clock: clock.System{},
	})
	require.NoError(t, r.events.AttachSubscriptions(newSubscribers(r.service), []events.Subscription{
		events.SubscribeInTx("audit", r.audit.note),
		events.SubscribeDurable("notifications", func(_ context.Context, e chatapi.Mentioned) error {
			r.mentions <- e
			return nil
		}),
	}))
	for _, starter := range newStarters(r.service) {
		require.NoError(t, starter.Run(t.Context()))
	}
	options := httpx.Options{
		PublicURL: publicURL, Keys: keys, Authenticator: gate, DB: r.db, Clock: clock.System{}, Metrics: metrics,
	}
	handlers := newHandlers(r.service, r.live, r.hub, gate, pagination.NewCursors(keys))
	server, err := httpx.New(options, []httpx.Table{newRoutes(handlers)})
	require.NoError(t, err)
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r.addr = ln.Addr().String()
	go func() { _ = server.Serve(ln) }()
	r.run(server, rc)
	return r
}

func (r *replica) run(server *httpx.Server, rc *redis.Client) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { r.bus.Run(ctx) })
	wg.Go(func() { r.hub.Run(ctx) })
	for _, b := range newBackgrounds(r.service, r.live, r.presence) {
		wg.Go(func() { b.Run(ctx) })
	}
	r.stop = sync.OnceFunc(func() {
		drain, done := context.WithTimeout(context.Background(), 5*time.Second)
		defer done()
		r.hub.DrainSockets(drain)
		_ = server.Shutdown(drain)
		cancel()
		wg.Wait()
		_ = rc.Close()
		_ = r.db.Close()
	})
	r.t.Cleanup(r.stop)
	require.Eventually(r.t, r.bus.IsHealthy, 5*time.Second, 10*time.Millisecond)
}

func (r *replica) token(p person) string {
	token, _, err := r.tokens.IssueToken(p.id, p.session, usersapi.RoleUser)
	require.NoError(r.t, err)
	return token
}

// hq returns the channel that always exists.
func (r *replica) hq() *channel {
	r.t.Helper()
	c, err := r.service.findChannel(r.t.Context(), hqSlug)
	require.NoError(r.t, err)
	return c
}

// post posts a message of p without HTTP.
func (r *replica) post(p person, c *channel, n messages.NewMessage) (messages.Posted, error) {
	return r.messages.Post(r.as(p), r.service.access.channelForMessages(c), n)
}

// append stores messages of an author without limits.
func (r *replica) append(author person, bodies ...string) {
	r.t.Helper()
	drafts := make([]messages.Draft, len(bodies))
	for i, body := range bodies {
		drafts[i] = messages.Draft{AuthorID: author.id, NewMessage: messages.NewMessage{Body: body}}
	}
	_, err := r.messages.Append(r.t.Context(), r.hq().ID, drafts)
	require.NoError(r.t, err)
}

// publish publishes an event of p in a transaction of its own.
func (r *replica) publish(p person, e events.Event) {
	r.t.Helper()
	require.NoError(r.t, r.db.InTx(r.as(p), func(ctx ctx) error { return r.events.Publish(ctx, e) }))
}

// changeAccount changes the account of p and signals that.
func (r *replica) changeAccount(p person, change func(a *usersapi.Account)) {
	r.accounts.Change(p.id, change)
	r.bus.SendSignal(identity.TopicAccount, p.id)
}

// as returns a context in which p acts.
func (r *replica) as(p person) context.Context {
	a, _, _ := r.accounts.ByID(context.Background(), p.id)
	return identity.WithCaller(context.Background(), identity.Caller{UserID: p.id, SessionID: p.session, Role: a.Role})
}

// reply is the answer to a request.
type reply struct {
	status int
	header http.Header
	body   map[string]any
}

func (a reply) code() string { c, _ := a.body["code"].(string); return c }

func (r *replica) call(p person, method, path string, body any, header ...string) reply {
	r.t.Helper()
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		require.NoError(r.t, err)
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+r.addr+path, in)
	require.NoError(r.t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.id != "" {
		req.Header.Set("Authorization", "Bearer "+r.token(p))
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	defer func() { _ = res.Body.Close() }()
	out := reply{status: res.StatusCode, header: res.Header, body: map[string]any{}}
	raw, err := io.ReadAll(res.Body)
	require.NoError(r.t, err)
	if len(raw) > 0 {
		require.NoError(r.t, json.Unmarshal(raw, &out.body), string(raw))
	}
	return out
}

// want is call with the status that the answer must have.
func (r *replica) want(status int, p person, method, path string, body any, header ...string) reply {
	r.t.Helper()
	a := r.call(p, method, path, body, header...)
	require.Equal(r.t, status, a.status, "%s %s: %v", method, path, a.body)
	return a
}

func items(a reply) (out []map[string]any) {
	list, _ := a.body["items"].([]any)
	for _, i := range list {
		out = append(out, i.(map[string]any))
	}
	return out
}

// numbered returns the texts "1" to n.
func numbered(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = strconv.Itoa(i + 1)
	}
	return texts
}

// pick returns the values of some fields of an object.
func pick(o object, fields ...string) (values []any) {
	for _, f := range fields {
		values = append(values, o[f])
	}
	return values
}

type (
	object = map[string]any
	ctx    = context.Context
)

// socket is the client's end of a socket.
type socket struct {
	t *testing.T
	*client.Conn
}

func (r *replica) dial(p person, path string) (*socket, int) {
	r.t.Helper()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	c, res, err := client.DefaultDialer.DialContext(context.Background(), "ws://"+r.addr+path+sep+"token="+r.token(p), nil)
	if err != nil {
		require.NotNil(r.t, res, "%v", err)
		return nil, res.StatusCode
	}
	r.t.Cleanup(func() { _ = c.Close() })
	return &socket{r.t, c}, 101
}

// enter opens a socket and reads its welcome.
func (r *replica) enter(p person, path string) *socket {
	r.t.Helper()
	s, status := r.dial(p, path)
	require.Equal(r.t, 101, status)
	welcome := s.next()
	require.Equal(r.t, "welcome", welcome["type"], welcome)
	return s
}

func (s *socket) next() object {
	s.t.Helper()
	_ = s.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, raw, err := s.ReadMessage()
	require.NoError(s.t, err)
	out := object{}
	require.NoError(s.t, json.Unmarshal(raw, &out))
	return out
}

// until reads on to a frame of one of these types.
func (s *socket) until(types ...string) object {
	s.t.Helper()
	for {
		f := s.next()
		for _, t := range types {
			if f["type"] == t {
				return f
			}
		}
	}
}

func (s *socket) send(f object) {
	s.t.Helper()
	require.NoError(s.t, s.WriteJSON(f))
}

func (s *socket) say(body string) object {
	s.t.Helper()
	s.send(object{"type": "message", "body": body})
	return s.until("ack", "error")
}

func (s *socket) closeCode() int {
	s.t.Helper()
	_ = s.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		if _, _, err := s.ReadMessage(); err != nil {
			var closed *client.CloseError
			require.ErrorAs(s.t, err, &closed)
			return closed.Code
		}
	}
}

func seqOf(f object) int64 { n, _ := f["seq"].(float64); return int64(n) }

func (f *fakeAccounts) Names(ctx context.Context, list []string) (map[string]string, error) {
	found, err := f.ByIDs(ctx, list)
	out := map[string]string{}
	for id, a := range found {
		out[id] = a.DisplayName
	}
	return out, err
}

func (f *fakeAccounts) ByEmails(context.Context, []string) (map[string]usersapi.Account, error) {
	return nil, nil
}
