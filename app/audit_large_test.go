package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/modules/audit/auditapi"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	uuid "lyceum/platform/ids"
	"lyceum/platform/testkit"
)

// fillLog writes entries as modules do, of a hundred actors, many in a transaction.
func fillLog(t *testing.T, d *db.DB, bus *events.Bus, n int) (actor string) {
	t.Helper()
	actors := make([]string, 100)
	for i := range actors {
		actors[i] = uuid.New()
	}
	for written := 0; written < n; written += 2000 {
		err := d.InTx(t.Context(), func(ctx context.Context) error {
			for i := range min(2000, n-written) {
				who := identity.Caller{UserID: actors[i%len(actors)], IP: "192.0.2.1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", RequestID: uuid.New()}
				e := auditapi.Entry{Action: "course.updated", TargetType: "course", TargetID: uuid.New(), Data: map[string]any{"fields": []string{"title", "summary"}}}
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

// A log of any length is exported in little memory, checked, and searched by every filter.
func TestALongLogIsExportedInLittleMemory(t *testing.T) {
	for kind, vars := range map[string]func(*testing.T) map[string]string{
		"embedded": func(*testing.T) map[string]string { return nil },
		"services": func(t *testing.T) map[string]string { return sitetest.Services(t) },
	} {
		t.Run(kind, func(t *testing.T) { // one after another: the heap is one
			var d *db.DB
			var bus *events.Bus
			s := sitetest.Start(t, vars(t), &d, &bus)
			admin := s.AdminToken()
			n := testkit.Rounds(1_000_000)
			actor := fillLog(t, d, bus, n)
			for _, accept := range []string{"application/x-ndjson", "text/csv"} {
				growth, began := sitetest.WatchHeap(), time.Now()
				lines, size := countLines(s, admin, accept)
				grown := growth()
				t.Logf("%d lines of %s, %d MiB, in %s: the heap grew by %d MiB", lines, accept, size>>20, time.Since(began).Round(time.Millisecond), grown>>20)
				require.GreaterOrEqual(t, lines, n)
				require.Less(t, grown, int64(64<<20))
			}
			began := time.Now()
			verdict := verifyLog(s, admin)
			t.Logf("verified in %s", time.Since(began).Round(time.Millisecond))
			require.Equal(t, true, verdict.Get("ok"))
			require.Greater(t, verdict.Get("entries"), float64(n))
			first := s.Want(200, "GET", "/admin/audit-logs?limit=1&action=user.registered", admin, nil).Text("items.0.created_at")
			for _, query := range []string{"", "?action=course.updated", "?action=user.registered", "?actor_id=" + actor, "?actor_id=" + uuid.New(), "?target_id=" + actor, "?target_type=message",
				"?target_type=course", "?from=" + first, "?to=" + first, "?from=2001-01-01T00:00:00Z", "?to=2001-01-01T00:00:00Z", "?from=9998-01-01T00:00:00Z", "?actor_id=" + actor + "&from=" + first, "?action=course.updated&to=" + first} {
				began := time.Now()
				s.Want(200, "GET", "/admin/audit-logs"+query, admin, nil)
				t.Logf("%8s  %s", time.Since(began).Round(10*time.Microsecond), query)
			}
		})
	}
}

// verified waits for as long as a walk over a long log may take.
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
