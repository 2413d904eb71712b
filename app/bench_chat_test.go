package main

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

// BenchmarkChatFanOut measures how many messages a second reach the sockets of a channel: eight senders post by REST,
// each socket receives every message. Server, clients and PostgreSQL share the machine.
func BenchmarkChatFanOut(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent)) // as serve does
	const readers, senders = 100, 8
	vars := sitetest.Services(b)
	vars["RATE_LIMIT_ENABLED"], vars["DATABASE_MAX_CONNS"], vars["WS_MAX_PER_USER"] = "false", "8", "1000"
	s := sitetest.Start(b, vars)
	token := s.AdminToken()
	var delivered atomic.Int64
	var reading sync.WaitGroup
	var conns []*websocket.Conn
	for range readers {
		conn, _, err := websocket.DefaultDialer.DialContext(b.Context(), "ws"+s.URL[len("http"):]+"/ws/channels/hq?token="+token, http.Header{})
		require.NoError(b, err)
		_, welcome, err := conn.ReadMessage() // from here on the socket gets every message
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
	defer func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
		reading.Wait()
	}()
	c := s.NewLoadClient(b)
	post := func(i int) {
		if status := c.Try("POST", "/channels/hq/messages", token, fmt.Sprintf(`{"body":"message %d"}`, i)); status != 201 {
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
