package audit_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/modules/audit/auditapi"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
)

// Whoever leaves in the middle of a stream, politely or not, ends that stream and nothing else: not
// the process, and no connection of others that has taken its place.
func TestALeftExportEndsAlone(t *testing.T) {
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
			_, err = fmt.Fprintf(conn,
				"GET /admin/audit-logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nAccept: %s\r\n\r\n",
				admin, accept)
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

// fillLog writes entries as modules do, of a hundred actors, many in a transaction.
func fillLog(t *testing.T, d *db.DB, bus *events.Bus, n int) (actor string) {
	t.Helper()
	actors := make([]string, 100)
	for i := range actors {
		actors[i] = ids.New()
	}
	for written := 0; written < n; written += 2000 {
		err := d.InTx(t.Context(), func(ctx context.Context) error {
			for i := range min(2000, n-written) {
				who := identity.Caller{
					UserID: actors[i%len(actors)], IP: "192.0.2.1",
					UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", RequestID: ids.New(),
				}
				e := auditapi.Entry{
					Action: "course.updated", TargetType: "course", TargetID: ids.New(),
					Data: map[string]any{"fields": []string{"title", "summary"}},
				}
				if err := bus.Publish(identity.WithCaller(ctx, who), e); err != nil {
					return err
				}
			}
			return nil
		})
		require.NoError(t, err)
	}
	return actors[0]
}

// countLines reads an answer without keeping it.
func countLines(s *sitetest.Site, token, accept string) (lines, size int) {
	s.T.Helper()
	req, err := http.NewRequestWithContext(s.T.Context(), http.MethodGet, s.URL+"/admin/audit-logs", nil)
	require.NoError(s.T, err)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", accept)
	res, err := (&http.Client{Timeout: 10 * time.Minute}).Do(req)
	require.NoError(s.T, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(s.T, 200, res.StatusCode)
	in := bufio.NewScanner(res.Body)
	in.Buffer(make([]byte, 64<<10), 1<<20)
	for in.Scan() {
		if lines, size = lines+1, size+len(in.Bytes())+1; lines == 1 && accept == "text/csv" {
			require.True(s.T, bytes.HasPrefix(in.Bytes(), []byte("\ufeffseq,id,")), fmt.Sprint(in.Text()))
		}
	}
	require.NoError(s.T, in.Err())
	return lines, size
}

// verifyLog waits for as long as a walk over a long log may take.
func verifyLog(s *sitetest.Site, token string) (v sitetest.Answer) {
	s.T.Helper()
	req, err := http.NewRequestWithContext(s.T.Context(), http.MethodGet, s.URL+"/admin/audit-logs/verify", nil)
	require.NoError(s.T, err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := (&http.Client{Timeout: time.Minute}).Do(req)
	require.NoError(s.T, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(s.T, 200, res.StatusCode)
	require.NoError(s.T, json.NewDecoder(res.Body).Decode(&v.JSON))
	return v
}
