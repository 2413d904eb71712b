package chat_test

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// BenchmarkChatFanOut measures how many messages a second reach the sockets of a channel. Eight senders post
// over HTTP, and each socket receives every message. Server, clients and PostgreSQL share the machine.
func BenchmarkChatFanOut(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(sitetest.GCPercent)) // as serve does
	const readers, senders = 100, 8
	vars := sitetest.Services(b)
	vars["RATE_LIMIT_ENABLED"], vars["DATABASE_MAX_CONNS"], vars["WS_MAX_PER_USER"] = "false", "8", "1000"
	s := sitetest.Start(b, vars)
	token := s.AdminToken()
	delivered := readMessages(b, s, token, readers)
	client := s.NewLoadClient(b)
	post := func(i int) {
		body := fmt.Sprintf(`{"body":"message %d"}`, i)
		if status := client.Try("POST", "/channels/hq/messages", token, body); status != 201 {
			b.Errorf("status %d", status)
		}
	}
	sitetest.MeasureRate(50, senders, post)
	require.Eventually(b, func() bool { return delivered.Load() >= 50*readers }, 30*time.Second, time.Millisecond)
	sent := max(b.N, 500)
	b.ResetTimer()
	began := time.Now()
	want := int64(50+sent) * readers
	sitetest.MeasureRate(sent, senders, post)
	require.Eventually(b, func() bool { return delivered.Load() >= want }, 30*time.Second, time.Millisecond)
	b.ReportMetric(float64(sent*readers)/time.Since(began).Seconds(), "deliveries/s")
	b.ReportMetric(0, "ns/op")
}

// readMessages opens sockets and returns the number of messages that they have received together, so far.
// When it returns each socket receives every message.
func readMessages(b *testing.B, s *sitetest.Site, token string, sockets int) *atomic.Int64 {
	b.Helper()
	delivered := &atomic.Int64{}
	var reading sync.WaitGroup
	var conns []*websocket.Conn
	address := "ws" + s.URL[len("http"):] + "/ws/channels/hq?token=" + token
	for range sockets {
		conn, _, err := websocket.DefaultDialer.DialContext(b.Context(), address, http.Header{})
		require.NoError(b, err)
		_, welcome, err := conn.ReadMessage()
		require.NoError(b, err)
		require.Contains(b, string(welcome), `"type":"welcome"`)
		reading.Go(func() {
			for {
				_, raw, err := conn.ReadMessage()
				if err != nil {
					return
				}
				// Frames are joined, one a line.
				delivered.Add(int64(bytes.Count(raw, []byte(`"type":"message"`))))
			}
		})
		conns = append(conns, conn)
	}
	b.Cleanup(func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
		reading.Wait()
	})
	return delivered
}
