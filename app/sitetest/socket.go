package sitetest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/stretchr/testify/require"
)

// Socket is a WebSocket client.
type Socket struct {
	T testing.TB
	// Conn is nil if the server refused the upgrade with Status.
	Conn   *websocket.Conn
	Status int
}

// Dial opens a WebSocket, which may be refused. It is closed at the end of the test.
func (s *Site) Dial(path string, h http.Header) *Socket {
	s.T.Helper()
	url := "ws" + strings.TrimPrefix(s.URL, "http") + path
	conn, res, err := websocket.DefaultDialer.DialContext(s.T.Context(), url, h) //nolint:bodyclose // its connection is not reused
	if res == nil {
		require.NoError(s.T, err)
	}
	c := &Socket{T: s.T, Conn: conn, Status: res.StatusCode}
	if conn != nil {
		s.T.Cleanup(func() { _ = conn.Close() })
	}
	return c
}

// Send sends a frame as JSON.
func (c *Socket) Send(frame any) {
	c.T.Helper()
	require.NoError(c.T, c.Conn.WriteJSON(frame))
}

// Until reads on to the first frame of a type and returns it.
func (c *Socket) Until(kind string) map[string]any {
	c.T.Helper()
	require.NoError(c.T, c.Conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	for {
		_, raw, err := c.Conn.ReadMessage()
		require.NoError(c.T, err, "waiting for %s", kind)
		var frame map[string]any
		require.NoError(c.T, json.Unmarshal(raw, &frame))
		if frame["type"] == kind {
			return frame
		}
	}
}

// CloseCode reads until the server closes the socket and returns its code.
func (c *Socket) CloseCode() int {
	c.T.Helper()
	require.NoError(c.T, c.Conn.SetReadDeadline(time.Now().Add(5*time.Second)))
	for {
		if _, _, err := c.Conn.ReadMessage(); err != nil {
			var e *websocket.CloseError
			require.ErrorAs(c.T, err, &e)
			return e.Code
		}
	}
}
