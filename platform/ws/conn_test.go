package ws_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/fasthttp/websocket"
	"github.com/stretchr/testify/require"

	"lyceum/platform/identity"
	"lyceum/platform/identity/identitytest"
	"lyceum/platform/ws"
)

func TestFramesKeepTheirOrderAndSize(t *testing.T) {
	s := startServer(t, roomy, time.Minute)
	_, _, token := s.newUser(identitytest.User)
	sizes := []int{0, 1, 125, 126, 65535, 65536, 200_000}
	s.accept = func(context.Context, ws.OpenRequest) (ws.Session, error) {
		return &fakeSession{onOpen: func(_ context.Context, c *ws.Conn) {
			var frames []ws.Frame
			for _, n := range sizes {
				frames = append(frames, ws.NewTextFrame([]byte(strings.Repeat("x", n))))
			}
			c.Send(ws.JoinFrames(frames...))
			c.Send(ws.EncodeFrame(map[string]string{"type": "last <&>"}))
		}}, nil
	}
	c := s.connect(token)
	for _, n := range sizes {
		require.Len(t, readText(t, c), n)
	}
	require.Equal(t, `{"type":"last <&>"}`, readText(t, c))
}

func TestEchoPingAndClose(t *testing.T) {
	s := startServer(t, roomy, time.Minute)
	_, _, token := s.newUser(identitytest.User)
	c := s.connect(token)
	pong := make(chan string, 1)
	c.SetPongHandler(func(p string) error { pong <- p; return nil })
	require.NoError(t, c.WriteMessage(client.PingMessage, []byte("are you there")))
	require.NoError(t, c.WriteMessage(client.TextMessage, []byte(`{"a":1}`)))
	require.Equal(t, `{"a":1}`, readText(t, c))
	require.Equal(t, "are you there", <-pong)
	_ = c.WriteControl(client.CloseMessage, client.FormatCloseMessage(1001, "bye"), time.Now().Add(time.Second))
	require.Equal(t, 1001, readCloseCode(t, c))
}

// W4 and the contract's close codes for what a client may not send.
func TestRefusedFrames(t *testing.T) {
	s := startServer(t, roomy, time.Minute)
	_, _, token := s.newUser(identitytest.User)
	for name, c := range map[string]struct {
		kind int
		data string
		want int
	}{
		"binary":              {client.BinaryMessage, "x", 1003},
		"not UTF-8":           {client.TextMessage, "\xff\xfe", 1007},
		"over 16 KiB":         {client.TextMessage, strings.Repeat("x", 16<<10+1), 1009},
		"very large":          {client.TextMessage, strings.Repeat("x", 2<<20), 1009},
		"exactly 16 KiB":      {client.TextMessage, strings.Repeat("x", 16<<10), 0},
		"characters are text": {client.TextMessage, "日本", 0},
	} {
		t.Run(name, func(t *testing.T) {
			conn := s.connect(token)
			_ = conn.WriteMessage(c.kind, []byte(c.data))
			if c.want == 0 {
				require.Equal(t, c.data, readText(t, conn))
				return
			}
			require.Equal(t, c.want, readCloseCode(t, conn))
		})
	}
}

// W9: a panic neither ends the process nor reaches the client.
func TestPanicIsNotSentToTheClient(t *testing.T) {
	s := startServer(t, roomy, time.Minute)
	_, _, token := s.newUser(identitytest.User)
	closed := make(chan struct{})
	s.accept = func(context.Context, ws.OpenRequest) (ws.Session, error) {
		return &fakeSession{
			onText:  func(context.Context, *ws.Conn, []byte) { panic("the secret") },
			onClose: func() { close(closed) },
		}, nil
	}
	c := s.connect(token)
	require.NoError(t, c.WriteMessage(client.TextMessage, []byte("x")))
	_, _, err := c.ReadMessage()
	require.True(t, client.IsCloseError(err, 1011), "%v", err)
	require.NotContains(t, err.Error(), "secret")
	<-closed
}

// W3, S7: what ends a session or an account ends its sockets, within a second.
func TestSocketsEndWithTheirCause(t *testing.T) {
	s := startServer(t, roomy, time.Minute)
	refuse, checks := atomic.Int32{}, atomic.Int32{}
	s.accept = func(context.Context, ws.OpenRequest) (ws.Session, error) {
		return &fakeSession{checkAccess: func(c identity.Caller) int {
			checks.Add(1)
			if c.Role == identitytest.User {
				return int(refuse.Load())
			}
			return 0
		}}, nil
	}
	for name, c := range map[string]struct {
		want  int
		cause func(user, session string)
	}{
		"logged out": {4401, func(_, session string) {
			delete(s.accounts.sessions, session)
			go s.signals.signal(identity.TopicSession, session)
		}},
		"disabled": {4401, func(user, _ string) {
			s.accounts.accounts[user] = identity.Account{Role: identitytest.Member}
			go s.signals.signal(identity.TopicAccount, user)
		}},
		"role lost": {4403, func(user, _ string) {
			refuse.Store(4403)
			s.accounts.accounts[user] = identity.Account{Role: identitytest.User, Active: true}
			go s.signals.signal(identity.TopicAccount, user)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			user, session, token := s.newUser(identitytest.Member)
			conn := s.connect(token)
			before := checks.Load()
			wasChecked := func() bool { return checks.Load() > before }
			require.Eventually(t, wasChecked, 5*time.Second, time.Millisecond)
			require.NoError(t, conn.WriteMessage(client.TextMessage, []byte("still here")))
			require.Equal(t, "still here", readText(t, conn))
			began := time.Now()
			s.accounts.mu.Lock()
			c.cause(user, session)
			s.accounts.mu.Unlock()
			require.Equal(t, c.want, readCloseCode(t, conn))
			require.Less(t, time.Since(began), time.Second)
		})
	}
}

func TestTokenRunsOutAndIsRenewed(t *testing.T) {
	s := startServer(t, roomy, 4*time.Second)
	user, session, token := s.newUser(identitytest.User)
	_, firstExpires, err := s.tokens.IssueToken(user, session, identitytest.User)
	require.NoError(t, err)
	_, _, other := s.newUser(identitytest.User)
	s.accept = func(context.Context, ws.OpenRequest) (ws.Session, error) {
		return &fakeSession{onText: func(ctx context.Context, c *ws.Conn, b []byte) {
			_, err := c.RenewToken(ctx, string(b))
			c.Send(ws.EncodeFrame(fmt.Sprint(err)))
		}}, nil
	}
	left, renewed := s.connect(token), s.connect(token)
	var later string
	require.Eventually(t, func() bool { // a token expires at a whole second
		issued, expires, err := s.tokens.IssueToken(user, session, identitytest.User)
		later = issued
		return err == nil && expires.StdTime().Unix() > firstExpires.StdTime().Unix()
	}, 3*time.Second, 10*time.Millisecond)
	for sent, want := range map[string]string{"x": "invalid-token", other: "forbidden", later: "nil"} {
		require.NoError(t, renewed.WriteMessage(client.TextMessage, []byte(sent)))
		require.Contains(t, readText(t, renewed), want)
	}
	require.Equal(t, 4401, readCloseCode(t, left))
	require.NoError(t, renewed.WriteMessage(client.TextMessage, []byte("x")))
	require.Contains(t, readText(t, renewed), "invalid-token")
	require.Equal(t, 4401, readCloseCode(t, renewed))
}

// W6: a client that does not read is cut off, and other clients do not notice.
func TestSlowReaderIsCutOff(t *testing.T) {
	s := startServer(t, roomy, time.Minute)
	_, _, token := s.newUser(identitytest.User)
	opened := make(chan *ws.Conn, 2)
	s.accept = func(context.Context, ws.OpenRequest) (ws.Session, error) {
		return &fakeSession{onOpen: func(_ context.Context, c *ws.Conn) { opened <- c }}, nil
	}
	slow, fast := s.connect(token), s.connect(token)
	conns := []*ws.Conn{<-opened, <-opened}

	const n = 2000
	received := make(chan struct{}, n)
	go func() {
		defer close(received)
		_ = fast.SetReadDeadline(time.Now().Add(20 * time.Second))
		for range n {
			if _, _, err := fast.ReadMessage(); err != nil {
				return
			}
			received <- struct{}{}
		}
	}()
	body := strings.Repeat("x", 32<<10)
	count := 0
	for i := range n {
		f := ws.EncodeFrame(map[string]any{"i": i, "body": body})
		for _, c := range conns {
			c.Send(f)
		}
		for i-count >= 64 { // the fast reader stays within its queue
			_, ok := <-received
			require.True(t, ok, "the fast reader was cut off")
			count++
		}
	}
	for range received {
		count++
	}
	require.Equal(t, n, count)
	require.Equal(t, 4408, readCloseCode(t, slow))
}

// A reply that is longer than the queue waits for the reader instead of cutting it off.
func TestSendWait(t *testing.T) {
	s := startServer(t, roomy, time.Minute)
	_, _, token := s.newUser(identitytest.User)
	opened := make(chan *ws.Conn, 1)
	const n = 3000
	padding := strings.Repeat("x", 8<<10) // more than the buffers of the kernel hold
	s.accept = func(context.Context, ws.OpenRequest) (ws.Session, error) {
		return &fakeSession{onOpen: func(ctx context.Context, c *ws.Conn) {
			opened <- c
			for i := range n {
				if c.SendWait(ctx, ws.EncodeFrame(map[string]any{"i": i, "padding": padding})) != nil {
					return
				}
			}
		}}, nil
	}
	c := s.connect(token)
	sender := <-opened
	require.Eventually(t, func() bool { return sender.CountQueued() > 128 }, 5*time.Second, time.Millisecond)
	for i := range n {
		var got struct{ I int }
		require.NoError(t, json.Unmarshal([]byte(readText(t, c)), &got))
		require.Equal(t, i, got.I)
	}
}

func TestSendToUserReachesEverySocketOfThatUser(t *testing.T) {
	s := startServer(t, roomy, time.Minute)
	user, _, token := s.newUser(identitytest.User)
	_, _, other := s.newUser(identitytest.User)
	a, b, c := s.connect(token), s.connect(token), s.connect(other)
	for _, conn := range []*client.Conn{a, b, c} { // all are open once they echo
		require.NoError(t, conn.WriteMessage(client.TextMessage, []byte("x")))
		require.Equal(t, "x", readText(t, conn))
	}
	s.hub.SendToUser(user, ws.EncodeFrame("hello"))
	require.Equal(t, `"hello"`, readText(t, a))
	require.Equal(t, `"hello"`, readText(t, b))
	require.NoError(t, c.WriteMessage(client.TextMessage, []byte("nothing else")))
	require.Equal(t, "nothing else", readText(t, c))
}

// Z1: a stop tells every socket and takes no new ones.
func TestDrainSockets(t *testing.T) {
	s := startServer(t, roomy, time.Minute)
	_, _, token := s.newUser(identitytest.User)
	var open []*client.Conn
	codes := make(chan int, 20)
	for range cap(codes) {
		open = append(open, s.connect(token))
	}
	for _, c := range open {
		go func() {
			var code int
			for {
				if _, _, err := c.ReadMessage(); err != nil {
					if closed, ok := err.(*client.CloseError); ok { //nolint:errorlint // the library wraps nothing
						code = closed.Code
					}
					break
				}
			}
			codes <- code
		}()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	s.hub.DrainSockets(ctx)
	require.NoError(t, ctx.Err())
	for range cap(codes) {
		require.Equal(t, 1001, <-codes)
	}
	_, status := s.dial("?token="+token, nil)
	require.Equal(t, http.StatusServiceUnavailable, status)
}

// Sockets that do not answer are cut when the time of a stop is over.
func TestDrainDoesNotWaitForTheSilent(t *testing.T) {
	s := startServer(t, roomy, time.Minute)
	_, _, token := s.newUser(identitytest.User)
	s.connect(token) // never reads, so never answers the close
	require.Eventually(t, func() bool { return true }, time.Second, 50*time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	began := time.Now()
	s.hub.DrainSockets(ctx)
	require.Less(t, time.Since(began), 3*time.Second)
}
