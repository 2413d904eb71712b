package live

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	client "github.com/fasthttp/websocket"
	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"lyceum/modules/chat/internal/messages"
	"lyceum/modules/chat/internal/presence"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/telemetry"
	"lyceum/platform/testkit"
	"lyceum/platform/tokens"
	"lyceum/platform/ws"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const publicURL = "http://lyceum.test"

// channelID is the channel of all tests.
var channelID = ids.New()

// fakeChannel is a channel in memory. It implements MessageReader, ChannelActions and Presence.
type fakeChannel struct {
	bus *broadcast.Bus

	mu         sync.Mutex
	messages   []messages.Message
	lastChange int64
	present    []presence.Entry
	marks      []int64
	// readErr is the error of the next reads, checkErr that of CheckReader, postErr that of
	// PostMessage.
	readErr, checkErr, postErr error
	// beforeList is called before each ListAfter, without the lock.
	beforeList func()
	// appended are called by offer.
	appended []func(messages.Appended)
	// commits receives what ends the commit of each message. If it is nil, messages are committed at once.
	commits chan func(error)
}

// add stores messages of an author without a signal.
func (f *fakeChannel) add(authorID string, bodies ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, body := range bodies {
		f.messages = append(f.messages, messages.Message{
			ID: ids.New(), ChannelID: channelID, Seq: int64(len(f.messages) + 1), AuthorID: authorID, Body: body,
		})
	}
}

// appendHere stores messages as this replica does: the feed learns of them without a signal.
func (f *fakeChannel) appendHere(authorID string, bodies ...string) {
	f.add(authorID, bodies...)
	f.mu.Lock()
	n := messages.Appended{
		ChannelID: channelID, Messages: slices.Clone(f.messages[len(f.messages)-len(bodies):]), LastChange: f.lastChange,
	}
	f.mu.Unlock()
	f.offer(n)
}

// offer tells the feed of messages that this replica has stored.
func (f *fakeChannel) offer(n messages.Appended) {
	for _, tell := range f.appended {
		tell(n)
	}
}

// addEdited stores a message and edits it, both without a signal, and returns it as it was before.
func (f *fakeChannel) addEdited(authorID, before, after string) messages.Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lastChange++
	m := messages.Message{
		ID: ids.New(), ChannelID: channelID, Seq: int64(len(f.messages) + 1), AuthorID: authorID, Body: before,
	}
	edited := m
	edited.Body, edited.Change = after, f.lastChange
	f.messages = append(f.messages, edited)
	return m
}

// edit changes a message without a signal. An empty body deletes it.
func (f *fakeChannel) edit(seq int64, body string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lastChange++
	m := &f.messages[seq-1]
	m.Body, m.Change = body, f.lastChange
	now := clock.System{}.Now()
	if body == "" {
		m.DeletedAt = &now
	} else {
		m.EditedAt = &now
	}
}

// OnAppended implements MessageReader.
func (f *fakeChannel) OnAppended(fn func(messages.Appended)) { f.appended = append(f.appended, fn) }

// onList calls fn before each ListAfter.
func (f *fakeChannel) onList(fn func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.beforeList = fn
}

// fail sets the errors of reads, checks and posts.
func (f *fakeChannel) fail(readErr, checkErr, postErr error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readErr, f.checkErr, f.postErr = readErr, checkErr, postErr
}

func (f *fakeChannel) ListHeads(context.Context, []string) ([]messages.Head, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return []messages.Head{{ID: channelID, LastSeq: int64(len(f.messages)), LastChange: f.lastChange}}, f.readErr
}

func (f *fakeChannel) ListAfter(_ context.Context, _ string, seq int64, limit int) ([]messages.Message, error) {
	f.mu.Lock()
	beforeList := f.beforeList
	f.mu.Unlock()
	if beforeList != nil {
		beforeList()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	rest := f.messages[min(int(seq), len(f.messages)):]
	return slices.Clone(rest[:min(limit, len(rest))]), f.readErr
}

// inRange returns the messages of a range in the order of their changes.
func (f *fakeChannel) inRange(r messages.ChangeRange) (found []messages.Message) {
	for _, m := range f.messages {
		if m.Change > max(r.After, 0) && m.Change <= r.UpTo && m.Seq <= r.MaxSeq {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b messages.Message) int { return int(a.Change - b.Change) })
	return found
}

func (f *fakeChannel) ListChanged(
	_ context.Context, _ string, r messages.ChangeRange, limit int,
) ([]messages.Message, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := f.inRange(r)
	return found[:min(limit, len(found))], f.readErr
}

func (f *fakeChannel) DescribeOlderChanges(
	_ context.Context, _ string, r messages.ChangeRange, kept int,
) (older messages.OlderChanges, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := f.inRange(r)
	for _, m := range found[:max(0, len(found)-kept)] {
		if older.Count++; older.Count == 1 {
			older.FromSeq = m.Seq
		}
		older.FromSeq, older.ToSeq, older.Change = min(older.FromSeq, m.Seq), max(older.ToSeq, m.Seq), m.Change
	}
	return older, f.readErr
}

func (f *fakeChannel) CheckReader(context.Context, identity.Caller, string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.checkErr
}

func (f *fakeChannel) PostMessage(
	ctx context.Context, _ string, n messages.NewMessage, done func(messages.Posted, error),
) error {
	f.mu.Lock()
	err := f.postErr
	f.mu.Unlock()
	if err != nil {
		return err
	}
	f.add(identity.CallerFrom(ctx).UserID, n.Body)
	f.mu.Lock()
	m := &f.messages[len(f.messages)-1]
	m.ClientID = n.ClientID
	posted := messages.Posted{Message: *m, IsFresh: true, IsCreated: true}
	f.mu.Unlock()
	f.bus.SendSignal(messages.TopicMessages, channelID)
	if f.commits == nil {
		done(posted, nil)
	} else {
		f.commits <- func(err error) { done(posted, err) }
	}
	return nil
}

func (f *fakeChannel) MarkRead(_ context.Context, _, _ string, seq int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.marks = append(f.marks, seq)
	return nil
}

func (f *fakeChannel) Join(_ context.Context, _, accountID string) {
	f.mu.Lock()
	f.present = append(f.present, presence.Entry{ChannelID: channelID, UserID: accountID, Since: clock.System{}.Now()})
	f.mu.Unlock()
	f.bus.SendSignal(presence.Topic, channelID)
}

func (f *fakeChannel) Leave(_, accountID string) {
	f.mu.Lock()
	f.present = slices.DeleteFunc(f.present, func(e presence.Entry) bool { return e.UserID == accountID })
	f.mu.Unlock()
	f.bus.SendSignal(presence.Topic, channelID)
}

func (f *fakeChannel) List(context.Context, string) ([]presence.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.present), f.readErr
}

// fakeAccounts knows every account by the name of its id. Its other methods are not called.
type fakeAccounts struct{ usersapi.Accounts }

func (fakeAccounts) Names(_ context.Context, accountIDs []string) (map[string]string, error) {
	names := map[string]string{}
	for _, id := range accountIDs {
		names[id] = "name of " + id
	}
	return names, nil
}

// fakeIdentity lets every session of a token in. The session's id is its account's.
type fakeIdentity struct{}

func (fakeIdentity) Session(_ context.Context, id string) (string, bool, error) { return id, true, nil }

func (fakeIdentity) Account(context.Context, string) (identity.Account, bool, error) {
	return identity.Account{Role: usersapi.RoleUser, Active: true}, true, nil
}

// replica is one running server with sockets of the channel.
type replica struct {
	t        *testing.T
	channel  *fakeChannel
	registry *Feeds
	tokens   *tokens.Tokens
	addr     string
}

// startReplica runs Feeds behind one route.
func startReplica(t *testing.T) *replica {
	t.Helper()
	keys, err := keyring.Open(t.TempDir(), time.Hour)
	require.NoError(t, err)
	bus := broadcast.New(nil)
	r := &replica{
		t: t, channel: &fakeChannel{bus: bus}, tokens: tokens.NewTokens(keys, publicURL, time.Hour, clock.System{}),
	}
	authenticator := tokens.NewAuthenticator(r.tokens, fakeIdentity{}, fakeIdentity{}, bus)
	hub := ws.NewHub(ws.Limits{Total: 100, PerUser: 100, PerIP: 100},
		httpx.NewAuthenticator(authenticator, publicURL, nil), telemetry.NewMetrics())
	r.registry = NewFeeds(Params{
		Messages: r.channel, Channels: r.channel, Presence: r.channel, Accounts: fakeAccounts{}, Broadcast: bus,
		Hub: hub, Clock: clock.System{},
	})
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Use(func(c *fiber.Ctx) error {
		c.SetUserContext(identity.WithCaller(context.Background(), identity.Caller{IP: c.IP()}))
		return c.Next()
	})
	app.Get("/ws", hub.UpgradeHandler(ws.Endpoint{
		Needs: identity.Permission{Name: "chat:read", Lowest: usersapi.RoleUser}, Accept: r.accept,
	}))
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r.addr = ln.Addr().String()
	go func() { _ = app.Listener(ln) }()
	ctx, cancel := context.WithCancel(context.Background())
	var background sync.WaitGroup
	background.Go(func() { hub.Run(ctx) })
	background.Go(func() { r.registry.Run(ctx) })
	t.Cleanup(func() {
		stop, done := context.WithTimeout(context.Background(), 5*time.Second)
		defer done()
		hub.DrainSockets(stop)
		cancel()
		background.Wait()
		_ = app.Shutdown()
	})
	return r
}

// accept returns the session of a socket with the after_seq and after_change of its address.
func (r *replica) accept(ctx context.Context, request ws.OpenRequest) (ws.Session, error) {
	number := func(name string) int64 {
		raw, ok := request.QueryParam(name)
		if !ok {
			return NoReplay
		}
		n, err := strconv.ParseInt(raw, 10, 64)
		if err != nil {
			return NoReplay
		}
		return n
	}
	return r.registry.NewSession(Opening{
		ChannelID: channelID, Slug: "hq", AccountID: identity.CallerFrom(ctx).UserID,
		AfterSeq: number("after_seq"), AfterChange: number("after_change"),
	}), nil
}

// frame is a frame that a client has received.
type frame = map[string]any

// socket is the client's end of one.
type socket struct {
	t         *testing.T
	accountID string
	conn      *client.Conn
}

// open opens a socket of an account and reads its welcome.
func (r *replica) open(accountID, query string) *socket {
	r.t.Helper()
	s := r.dial(accountID, query)
	require.Equal(r.t, "welcome", s.next()["type"])
	return s
}

// dial opens a socket of an account.
func (r *replica) dial(accountID, query string) *socket {
	r.t.Helper()
	token, _, err := r.tokens.IssueToken(accountID, accountID, usersapi.RoleUser)
	require.NoError(r.t, err)
	conn, _, err := client.DefaultDialer.DialContext(r.t.Context(), "ws://"+r.addr+"/ws?token="+token+query, nil)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = conn.Close() })
	return &socket{r.t, accountID, conn}
}

// next returns the next frame.
func (s *socket) next() frame {
	s.t.Helper()
	_ = s.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, raw, err := s.conn.ReadMessage()
	require.NoError(s.t, err)
	f := frame{}
	require.NoError(s.t, json.Unmarshal(raw, &f))
	return f
}

// until returns the next frame of one of the types.
func (s *socket) until(types ...string) frame {
	s.t.Helper()
	for {
		f := s.next()
		if kind, ok := f["type"].(string); ok && slices.Contains(types, kind) {
			return f
		}
	}
}

func (s *socket) send(f frame) {
	s.t.Helper()
	require.NoError(s.t, s.conn.WriteJSON(f))
}

// summaries returns the frames up to the answer to a ping, without presence, as short texts.
func (s *socket) summaries() (texts []string) {
	s.t.Helper()
	s.send(frame{"type": "ping"})
	for f := s.next(); f["type"] != "pong"; f = s.next() {
		switch f["type"] {
		case "message":
			texts = append(texts, fmt.Sprint(f["seq"], " ", f["body"]))
		case "gap":
			texts = append(texts, fmt.Sprint("gap ", f["from_seq"], " ", f["to_seq"]))
		case "edited", "deleted":
			texts = append(texts, fmt.Sprint(f["type"], " ", f["seq"], " change ", f["change"]))
		case "error":
			texts = append(texts, fmt.Sprint("error ", f["code"]))
		}
	}
	return texts
}

// closeCode reads until the socket is closed and returns the code.
func (s *socket) closeCode() int {
	s.t.Helper()
	_ = s.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		if _, _, err := s.conn.ReadMessage(); err != nil {
			var closed *client.CloseError
			require.ErrorAs(s.t, err, &closed)
			return closed.Code
		}
	}
}
