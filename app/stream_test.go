package main

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/testkit"
)

// Whoever leaves in the middle of a stream, politely or not, ends that stream and nothing else: not the process, and no
// connection of others that has taken the place of his.
func TestLeavingAStreamEndsNothingElse(t *testing.T) {
	t.Parallel()
	var d *db.DB
	var bus *events.Bus
	s := sitetest.Start(t, map[string]string{"RATE_LIMIT_ENABLED": "false"}, &d, &bus)
	admin := s.AdminToken()
	fillLog(t, d, bus, 20_000)
	want := len(exportLog(s, admin, ""))
	for i := range testkit.Rounds(2000) {
		for _, accept := range []string{"text/csv", "application/x-ndjson"} {
			conn, err := net.Dial("tcp", s.Running.Addr.String())
			require.NoError(t, err)
			_, err = fmt.Fprintf(conn, "GET /admin/audit-logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nAccept: %s\r\n\r\n", admin, accept)
			require.NoError(t, err)
			_, err = io.ReadFull(conn, make([]byte, 1+i*997%300_000))
			require.NoError(t, err)
			if i%2 == 0 {
				require.NoError(t, conn.(*net.TCPConn).SetLinger(0)) // a reset
			}
			require.NoError(t, conn.Close())
		}
		if i%10 == 0 {
			require.Greater(t, len(exportLog(s, admin, "?action=course.updated")), want-100)
		}
	}
	time.Sleep(200 * time.Millisecond)
	s.Want(200, "GET", "/healthz", "", nil)
}
