package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/stretchr/testify/require"
)

// socket is a WebSocket client.
type socket struct {
	t      testing.TB
	conn   *websocket.Conn
	status int
}

func (s *site) dial(path string, h http.Header) *socket {
	s.t.Helper()
	conn, res, err := websocket.DefaultDialer.DialContext(s.t.Context(), "ws"+strings.TrimPrefix(s.base, "http")+path, h)
	if res == nil {
		require.NoError(s.t, err)
	}
	c := &socket{t: s.t, conn: conn, status: res.StatusCode}
	if conn != nil {
		s.t.Cleanup(func() { _ = conn.Close() })
	}
	return c
}

func (c *socket) send(frame any) {
	c.t.Helper()
	require.NoError(c.t, c.conn.WriteJSON(frame))
}

// until reads on to the first frame of a type.
func (c *socket) until(kind string) map[string]any {
	c.t.Helper()
	require.NoError(c.t, c.conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	for {
		_, raw, err := c.conn.ReadMessage()
		require.NoError(c.t, err, "waiting for %s", kind)
		var frame map[string]any
		require.NoError(c.t, json.Unmarshal(raw, &frame))
		if frame["type"] == kind {
			return frame
		}
	}
}

// closed gives the code with which the server closes.
func (c *socket) closed() int {
	c.t.Helper()
	require.NoError(c.t, c.conn.SetReadDeadline(time.Now().Add(5*time.Second)))
	for {
		if _, _, err := c.conn.ReadMessage(); err != nil {
			var e *websocket.CloseError
			require.ErrorAs(c.t, err, &e)
			return e.Code
		}
	}
}
