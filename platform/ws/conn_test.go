package ws_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
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
	s := serve(t, roomy, time.Minute)
	_, _, token := s.user(identitytest.User)
	sizes := []int{0, 1, 125, 126, 65535, 65536, 200_000}
	s.accept = func(context.Context, ws.Opening) (ws.Session, error) {
		return &fakeSession{open: func(_ context.Context, c *ws.Conn) {
			var frames []ws.Frame
			for _, n := range sizes {
				frames = append(frames, ws.Raw([]byte(strings.Repeat("x", n))))
			}
			c.Send(ws.Join(frames...))
			c.Send(ws.Text(map[string]string{"type": "last <&>"}))
		}}, nil
	}
	c := s.connect(token)
	for _, n := range sizes {
		require.Len(t, read(t, c), n)
	}
	require.Equal(t, `{"type":"last <&>"}`, read(t, c))
}

func TestEchoPingAndClose(t *testing.T) {
	s := serve(t, roomy, time.Minute)
	_, _, token := s.user(identitytest.User)
	c := s.connect(token)
	pong := make(chan string, 1)
	c.SetPongHandler(func(p string) error { pong <- p; return nil })
	require.NoError(t, c.WriteMessage(client.PingMessage, []byte("are you there")))
	require.NoError(t, c.WriteMessage(client.TextMessage, []byte(`{"a":1}`)))
	require.Equal(t, `{"a":1}`, read(t, c))
	require.Equal(t, "are you there", <-pong)
	_ = c.WriteControl(client.CloseMessage, client.FormatCloseMessage(1001, "bye"), time.Now().Add(time.Second))
	require.Equal(t, 1001, closeCode(t, c))
}

// W4 and the contract's close codes for what a client may not send.
func TestRefusedFrames(t *testing.T) {
	s := serve(t, roomy, time.Minute)
	_, _, token := s.user(identitytest.User)
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
				require.Equal(t, c.data, read(t, conn))
				return
			}
			require.Equal(t, c.want, closeCode(t, conn))
		})
	}
}

// W9: a panic neither ends the process nor reaches the client.
func TestPanicIsNotTold(t *testing.T) {
	s := serve(t, roomy, time.Minute)
	_, _, token := s.user(identitytest.User)
	closed := make(chan struct{})
	s.accept = func(context.Context, ws.Opening) (ws.Session, error) {
		return &fakeSession{receive: func(context.Context, *ws.Conn, []byte) { panic("the secret") }, closed: func() { close(closed) }}, nil
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
	s := serve(t, roomy, time.Minute)
	refuse := atomic.Int32{}
	s.accept = func(context.Context, ws.Opening) (ws.Session, error) {
		return &fakeSession{recheck: func(c identity.Caller) int {
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
			delete(s.world.sessions, session)
			go s.signals.signal(identity.TopicSession, session)
		}},
		"disabled": {4401, func(user, _ string) {
			s.world.accounts[user] = identity.Account{Role: identitytest.Member}
			go s.signals.signal(identity.TopicAccount, user)
		}},
		"role lost": {4403, func(user, _ string) {
			refuse.Store(4403)
			s.world.accounts[user] = identity.Account{Role: identitytest.User, Active: true}
			go s.signals.signal(identity.TopicAccount, user)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			user, session, token := s.user(identitytest.Member)
			conn := s.connect(token)
			time.Sleep(500 * time.Millisecond) // looked at once, nothing happened
			require.NoError(t, conn.WriteMessage(client.TextMessage, []byte("still here")))
			require.Equal(t, "still here", read(t, conn))
			began := time.Now()
			s.world.mu.Lock()
			c.cause(user, session)
			s.world.mu.Unlock()
			require.Equal(t, c.want, closeCode(t, conn))
			require.Less(t, time.Since(began), time.Second)
		})
	}
}

func TestTokenRunsOutAndIsRenewed(t *testing.T) {
	s := serve(t, roomy, 4*time.Second) // a token ends at a whole second
	user, session, token := s.user(identitytest.User)
	_, _, other := s.user(identitytest.User)
	s.accept = func(context.Context, ws.Opening) (ws.Session, error) {
		return &fakeSession{receive: func(ctx context.Context, c *ws.Conn, b []byte) {
			_, err := c.Renew(ctx, string(b))
			c.Send(ws.Text(fmt.Sprint(err)))
		}}, nil
	}
	left, renewed := s.connect(token), s.connect(token)
	time.Sleep(1100 * time.Millisecond)
	for sent, want := range map[string]string{"x": "invalid-token", other: "forbidden", s.token(user, session): "nil"} {
		require.NoError(t, renewed.WriteMessage(client.TextMessage, []byte(sent)))
		require.Contains(t, read(t, renewed), want)
	}
	require.Equal(t, 4401, closeCode(t, left))
	require.NoError(t, renewed.WriteMessage(client.TextMessage, []byte("x")))
	require.Contains(t, read(t, renewed), "invalid-token")
	require.Equal(t, 4401, closeCode(t, renewed))
}

// W6: who does not read is cut off, and nobody else notices.
func TestSlowReaderIsCutOff(t *testing.T) {
	s := serve(t, roomy, time.Minute)
	_, _, token := s.user(identitytest.User)
	var mu sync.Mutex
	var conns []*ws.Conn
	s.accept = func(context.Context, ws.Opening) (ws.Session, error) {
		return &fakeSession{open: func(_ context.Context, c *ws.Conn) {
			mu.Lock()
			defer mu.Unlock()
			conns = append(conns, c)
		}}, nil
	}
	slow, fast := s.connect(token), s.connect(token)
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(conns) == 2 }, time.Second, time.Millisecond)
	const n = 2000
	got := make(chan int, 1)
	go func() {
		count := 0
		_ = fast.SetReadDeadline(time.Now().Add(20 * time.Second))
		for count < n {
			if _, _, err := fast.ReadMessage(); err != nil {
				break
			}
			count++
		}
		got <- count
	}()
	body := strings.Repeat("x", 32<<10)
	for i := range n {
		f := ws.Text(map[string]any{"i": i, "body": body})
		for _, c := range conns {
			c.Send(f)
		}
		if i%32 == 0 {
			time.Sleep(5 * time.Millisecond)
		}
	}
	require.Equal(t, n, <-got)
	require.Equal(t, 4408, closeCode(t, slow))
}

// What is more than a queue holds waits for the reader instead of cutting it off.
func TestSendWait(t *testing.T) {
	s := serve(t, roomy, time.Minute)
	_, _, token := s.user(identitytest.User)
	const n = 3000
	s.accept = func(context.Context, ws.Opening) (ws.Session, error) {
		return &fakeSession{open: func(ctx context.Context, c *ws.Conn) {
			for i := range n {
				if c.SendWait(ctx, ws.Text(i)) != nil {
					return
				}
			}
		}}, nil
	}
	c := s.connect(token)
	time.Sleep(100 * time.Millisecond)
	for i := range n {
		var got int
		require.NoError(t, json.Unmarshal([]byte(read(t, c)), &got))
		require.Equal(t, i, got)
	}
}

func TestSendUserReachesEverySocketOfThatUser(t *testing.T) {
	s := serve(t, roomy, time.Minute)
	user, _, token := s.user(identitytest.User)
	_, _, other := s.user(identitytest.User)
	a, b, c := s.connect(token), s.connect(token), s.connect(other)
	for _, conn := range []*client.Conn{a, b, c} { // all are open once they echo
		require.NoError(t, conn.WriteMessage(client.TextMessage, []byte("x")))
		require.Equal(t, "x", read(t, conn))
	}
	s.hub.SendUser(user, ws.Text("hello"))
	require.Equal(t, `"hello"`, read(t, a))
	require.Equal(t, `"hello"`, read(t, b))
	require.NoError(t, c.WriteMessage(client.TextMessage, []byte("nothing else")))
	require.Equal(t, "nothing else", read(t, c))
}

// Z1: a stop tells every socket and takes no new ones.
func TestDrain(t *testing.T) {
	s := serve(t, roomy, time.Minute)
	_, _, token := s.user(identitytest.User)
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
	s.hub.Drain(ctx)
	require.NoError(t, ctx.Err())
	for range cap(codes) {
		require.Equal(t, 1001, <-codes)
	}
	_, status := s.dial("?token="+token, nil)
	require.Equal(t, http.StatusServiceUnavailable, status)
}

// Sockets that do not answer are cut when the time of a stop is over.
func TestDrainDoesNotWaitForTheSilent(t *testing.T) {
	s := serve(t, roomy, time.Minute)
	_, _, token := s.user(identitytest.User)
	s.connect(token) // never reads, so never answers the close
	require.Eventually(t, func() bool { return true }, time.Second, 50*time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	began := time.Now()
	s.hub.Drain(ctx)
	require.Less(t, time.Since(began), 3*time.Second)
}
