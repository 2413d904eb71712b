package chat_test

import (
	"fmt"
	"testing"

	"github.com/fasthttp/websocket"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// Fifty refused messages within ten seconds are no mistake any more.
func TestFloodingSocketIsClosed(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	c := s.Dial("/ws/channels/hq?token="+s.AdminToken(), nil)
	c.Until("welcome")
	for range 50 {
		c.Send(map[string]any{"type": "message", "body": ""})
	}
	require.Equal(t, 4429, c.CloseCode())
}

// RATE_LIMIT_CHAT: ten messages a minute in one channel, over the socket and the route together.
func TestMessagesAreLimited(t *testing.T) {
	sitetest.OnBoth(t, map[string]string{"RATE_LIMIT_CHAT": "10/1m"}, func(t *testing.T, s *sitetest.Site) {
		_, _, token := s.NewAccount("talkative")
		c := s.Dial("/ws/channels/hq?token="+token, nil)
		c.Until("welcome")
		for n := range 5 {
			s.Want(201, "POST", "/channels/hq/messages", token, `{"body":"one"}`)
			c.Send(map[string]any{"type": "message", "body": "two", "client_id": fmt.Sprint("x", n)})
			c.Until("ack")
		}
		s.WantProblem(429, "rate-limited", "POST", "/channels/hq/messages", token, `{"body":"too much"}`)
		c.Send(map[string]any{"type": "message", "body": "too much"})
		require.Equal(t, "rate-limited", c.Until("error")["code"])
		require.EqualValues(t, 10, s.Want(200, "GET", "/channels/hq", token, nil).Get("last_seq"))
	})
}

// V3: a frame is text. Escapes that are no text are refused, and bytes that are not UTF-8 end the socket.
func TestFramesAreText(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		c := s.Dial("/ws/channels/hq?token="+s.AdminToken(), nil)
		c.Until("welcome")
		for _, bad := range sitetest.InvalidText {
			frame := `{"type":"message","body":"` + bad + `"}`
			require.NoError(t, c.Conn.WriteMessage(websocket.TextMessage, []byte(frame)))
			c.Until("error")
		}
		frame := "{\"type\":\"message\",\"body\":\"\xff\"}"
		require.NoError(t, c.Conn.WriteMessage(websocket.TextMessage, []byte(frame)))
		require.Equal(t, 1007, c.CloseCode())
	})
}
