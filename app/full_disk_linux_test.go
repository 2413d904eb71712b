package main

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// smallDisk is a file system of its own, and a site that keeps its data on it.
type smallDisk struct {
	*testkit.Disk
	t *testing.T
	s *sitetest.Site
}

func newSmallDisk(t *testing.T, size string) *smallDisk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting a file system needs root")
	}
	return &smallDisk{Disk: testkit.NewDisk(t, size), t: t}
}

// fill leaves no room, in the write-ahead log neither.
func (d *smallDisk) fill() {
	d.t.Helper()
	_, err := d.s.Running.Parts.DB.Exec(d.t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
	require.NoError(d.t, err)
	d.Fill()
}

// writeless are the operations of the walk whose calls write nothing to the disk.
var writeless = []string{
	"GET /courses/{id}/export", "GET /courses/{id}/learners", "GET /storage/sign", "GET /ws/channels/{slug}",
	"POST /notifications/read-all",
}

// Every call of the walk is made on a full disk first: one that writes is refused with storage-full and leaves nothing
// behind, so that the call itself works once there is room; any other is answered as ever.
func TestEveryWriteOnAFullDisk(t *testing.T) {
	t.Parallel()
	d := newSmallDisk(t, "64m")
	d.s = sitetest.Start(t, map[string]string{"DATA_DIR": d.Dir, "RATE_LIMIT_ENABLED": "false"})
	w := newWalk(t, d.s)
	for _, operation := range slices.Sorted(maps.Keys(deeds)) {
		refused := 0
		var full sitetest.Answer
		w.OnCall = func(method, path, token string, body any, headers ...sitetest.Header) {
			if !isOf(operation, method, strings.TrimPrefix(path, w.URL)) {
				return
			}
			before, after := w.OnCall, w.OnAnswer
			w.OnCall, w.OnAnswer = nil, nil
			d.fill()
			full = w.Call(method, path, token, body, headers...)
			d.Free()
			w.OnCall, w.OnAnswer = before, after
		}
		w.OnAnswer = func(method, path, _ string, _ any, a sitetest.Answer) {
			if !isOf(operation, method, strings.TrimPrefix(path, w.URL)) {
				return
			}
			if full.Status != http.StatusServiceUnavailable {
				require.Equal(t, a.Status, full.Status, "%s: %s", operation, full.Raw)
				return
			}
			require.Equal(t, "storage-full", full.Text("code"), operation)
			require.Equal(t, "30", full.Header.Get("Retry-After"), operation)
			refused++
		}
		deeds[operation].do(w)
		require.Equal(t, slices.Contains(writeless, operation), refused == 0, operation)
	}
}

// Group commits tell each of their messages apart from an outage, and the channel goes on by itself.
func TestChatOnAFullDisk(t *testing.T) {
	t.Parallel()
	d := newSmallDisk(t, "64m")
	d.s = sitetest.Start(t, map[string]string{"DATA_DIR": d.Dir, "RATE_LIMIT_ENABLED": "false"})
	s := d.s
	admin := s.AdminToken()
	c := s.Dial("/ws/channels/hq?token="+admin, nil)
	c.Until("welcome")
	d.fill()
	other := s.Dial("/ws/channels/hq?token="+admin, nil)
	require.EqualValues(t, 0, other.Until("welcome")["last_seq"], "reads go on")
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			assert.Equal(t, "storage-full",
				s.Call("POST", "/channels/hq/messages", admin, map[string]string{"body": fmt.Sprint(n)}).Text("code"))
		})
		c.Send(map[string]any{"type": "message", "body": fmt.Sprint(n)})
	}
	all.Wait()
	for range 20 {
		require.Equal(t, "storage-full", c.Until("error")["code"])
	}
	c.Send(map[string]any{"type": "ping"})
	c.Until("pong")
	s.Want(200, "GET", "/channels/hq/messages", admin, nil)
	require.Equal(t, "ready", s.Want(200, "GET", "/readyz", "", nil).Text("status"))
	d.Free()
	c.Send(map[string]any{"type": "message", "body": "room again"})
	require.EqualValues(t, 1, c.Until("ack")["seq"])
	require.Equal(t, "room again", other.Until("message")["body"])
	d.fill()
	c.Send(map[string]any{"type": "read", "seq": 1})
	require.Equal(t, "storage-full", c.Until("error")["code"])
}
