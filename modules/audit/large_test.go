package audit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
)

// A log of any length is exported in little memory, checked, and searched by every filter.
func TestALongLogIsExportedInBoundedMemory(t *testing.T) {
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
				t.Logf("%d lines of %s, %d MiB, in %s: the heap grew by %d MiB", lines, accept, size>>20,
					time.Since(began).Round(time.Millisecond), grown>>20)
				require.GreaterOrEqual(t, lines, n)
				require.Less(t, grown, int64(64<<20))
			}
			began := time.Now()
			verdict := verifyLog(s, admin)
			t.Logf("verified in %s", time.Since(began).Round(time.Millisecond))
			require.Equal(t, true, verdict.Get("ok"))
			require.Greater(t, verdict.Get("entries"), float64(n))
			first := s.Want(200, "GET", "/admin/audit-logs?limit=1&action=user.registered", admin, nil).Text("items.0.created_at")
			for _, query := range []string{
				"", "?action=course.updated", "?action=user.registered", "?actor_id=" + actor,
				"?actor_id=" + ids.New(), "?target_id=" + actor, "?target_type=message",
				"?target_type=course", "?from=" + first, "?to=" + first, "?from=2001-01-01T00:00:00Z",
				"?to=2001-01-01T00:00:00Z", "?from=9998-01-01T00:00:00Z", "?actor_id=" + actor + "&from=" + first,
				"?action=course.updated&to=" + first,
			} {
				began := time.Now()
				s.Want(200, "GET", "/admin/audit-logs"+query, admin, nil)
				t.Logf("%8s  %s", time.Since(began).Round(10*time.Microsecond), query)
			}
		})
	}
}
