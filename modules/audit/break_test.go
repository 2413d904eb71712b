package audit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
)

// auditVerdict is what verify answers.
func auditVerdict(s *sitetest.Site, admin string) []any {
	s.T.Helper()
	v := s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil)
	return []any{v.Get("ok"), v.Get("first_bad_seq")}
}

// logLength is the number of entries.
func logLength(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	require.NoError(t, d.QueryRow(t.Context(), "SELECT count(*) FROM audit_entries", nil, &n))
	return n
}

// An end of the log that does not hold is never sealed anew (L2). Changes go on, verify reports the
// break from then on, and holds again once an operator has accepted it in writing.
func TestABrokenEndStaysMarked(t *testing.T) {
	const headOf = "UPDATE audit_head SET seq = {middle}, hash = (SELECT hash FROM audit_entries WHERE seq = {middle}), at = (SELECT created_at FROM audit_entries WHERE seq = {middle})"
	cases := map[string]struct {
		// sql is what somebody does to the tables; {middle} and {last} are numbers of entries.
		sql string
		// bad gives the first bad entry.
		bad func(middle, last int) int
		// inside says that the end of the log holds, so that an anchor can be taken.
		inside bool
		// sqliteOnly is for what PostgreSQL's types refuse.
		sqliteOnly bool
	}{
		"cut, with a head of a wrong seal": {
			sql: "DELETE FROM audit_entries WHERE seq > {middle}; " + headOf + ", mac = 'forged'",
			bad: func(middle, _ int) int { return middle + 1 },
		},
		"cut, with a head without a seal": {sql: "DELETE FROM audit_entries WHERE seq > {middle}; " + headOf + ", mac = ''",
			bad: func(middle, _ int) int { return middle + 1 }},
		"cut, with the head of before": {
			sql: "DELETE FROM audit_entries WHERE seq > {middle}", inside: true,
			bad: func(middle, _ int) int { return middle + 1 },
		},
		"emptied, with a head like new": {
			sql: "DELETE FROM audit_entries; UPDATE audit_head SET seq = 0, hash = '', mac = '', at = 0",
			bad: func(int, int) int { return 1 },
		},
		"emptied":      {sql: "DELETE FROM audit_entries", inside: true, bad: func(int, int) int { return 1 }},
		"removed head": {sql: "DELETE FROM audit_head", bad: func(int, int) int { return 1 }},
		"emptied, without a head": {
			sql: "DELETE FROM audit_entries; DELETE FROM audit_head", bad: func(int, int) int { return 1 },
		},
		"head far ahead": {
			sql: "UPDATE audit_head SET seq = 9223372036854775807", bad: func(_, last int) int { return last + 1 },
		},
		"put behind": {
			sql: "INSERT INTO audit_entries SELECT {last} + 1, '01900000-0000-7000-8000-000000000000', action, actor_id, target_type, target_id, ip, user_agent, " +
				"request_id, data, created_at, hash, 'forged' FROM audit_entries WHERE seq = {last}", bad: func(_, last int) int { return last + 1 },
		},
		"put ahead": {
			sql: "INSERT INTO audit_entries SELECT {last} + 100, '01900000-0000-7000-8000-000000000000', action, actor_id, target_type, target_id, ip, user_agent, " +
				"request_id, data, created_at, hash, 'forged' FROM audit_entries WHERE seq = {last}", bad: func(_, last int) int { return last + 1 },
		},
		"a word for the head": {
			sql: "UPDATE audit_head SET seq = 'x'", sqliteOnly: true, bad: func(int, int) int { return 1 },
		},
		"a word for a time": {
			sql: "UPDATE audit_entries SET created_at = 'zz' WHERE seq = {middle}", sqliteOnly: true, inside: true,
			bad: func(middle, _ int) int { return middle },
		},
		"bytes for a text": {
			sql: "UPDATE audit_entries SET action = x'ff00', data = 5 WHERE seq = {middle}", sqliteOnly: true,
			inside: true,
			bad:    func(middle, _ int) int { return middle },
		},
		"a changed entry": {
			sql: "UPDATE audit_entries SET ip = 'x' WHERE seq = {middle}", inside: true,
			bad: func(middle, _ int) int { return middle },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
				if c.sqliteOnly && d.Dialect() != db.SQLite {
					return
				}
				admin := s.AdminToken()
				_, id, _ := s.NewAccount("marked")
				rename := func(name string) {
					s.Want(200, "PATCH", "/admin/users/"+id, admin, map[string]string{"display_name": name})
				}
				rename("One")
				last := logLength(t, d)
				middle, vars := last-2, s.CommandVars()
				sitetest.ExecWithoutAuditTriggers(t, d,
					strings.NewReplacer("{middle}", fmt.Sprint(middle), "{last}", fmt.Sprint(last)).Replace(c.sql))
				bad := c.bad(middle, last)
				want := []any{false, float64(bad)}
				require.Equal(t, want, auditVerdict(s, admin), "before anything is written")
				s.Want(200, "GET", "/admin/audit-logs", admin, nil)
				before := s.CountEntries(admin, "user.updated")
				for i := range 3 {
					rename(fmt.Sprint("Two ", i))
					s.AdminToken()
					require.Equal(t, want, auditVerdict(s, admin), "after a change")
				}
				require.Equal(t, before+3, s.CountEntries(admin, "user.updated"), "changes are written down")
				exportLog(s, admin, "")
				status, out := sitetest.RunCommand(t, vars, "audit", "verify")
				require.Equal(t, 1, status)
				require.Contains(t, out, fmt.Sprintf("the first bad entry is %d", bad))
				status, _ = sitetest.RunCommand(t, vars, "audit", "anchor")
				require.Equal(t, !c.inside, status == 1, "an end that does not hold is no anchor")

				for _, reason := range []string{"", " ", strings.Repeat("x", 501), "two\nlines"} {
					status, _ = sitetest.RunCommand(t, vars, "audit", "accept-break", "--reason", reason)
					require.Equal(t, 2, status, "%q", reason)
				}
				status, out = sitetest.RunCommand(t, vars, "audit", "accept-break", "--reason",
					"restored from an older state")
				require.Equal(t, 0, status, out)
				entry := s.Want(200, "GET", "/admin/audit-logs?action=audit.break_accepted", admin, nil)
				require.Equal(t,
					map[string]any{"first_bad_seq": float64(bad), "reason": "restored from an older state", "via": "cli"},
					entry.Get("items.0.data"))
				require.Nil(t, entry.Get("items.0.actor"))
				rename("Three")
				v := s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil)
				require.Equal(t, []any{true, nil, float64(bad), entry.Get("items.0.seq")},
					[]any{
						v.Get("ok"), v.Get("first_bad_seq"), v.Get("accepted_breaks.0.first_bad_seq"),
						v.Get("accepted_breaks.0.accepted_seq"),
					},
					"%s", v.Raw)
				status, out = sitetest.RunCommand(t, vars, "audit", "verify")
				require.Equal(t, 0, status, out)
				require.Contains(t, out,
					fmt.Sprintf("entry %d the first that may be changed or missing, was accepted", bad))
				status, out = sitetest.RunCommand(t, vars, "audit", "accept-break", "--reason", "again")
				require.Equal(t, 1, status, out)

				// What comes after the acceptance is guarded as ever.
				var end int
				require.NoError(t, d.QueryRow(t.Context(), "SELECT seq FROM audit_head", nil, &end))
				sitetest.ExecWithoutAuditTriggers(t, d,
					fmt.Sprintf("UPDATE audit_entries SET ip = 'x' WHERE seq = %d", end))
				require.Equal(t, []any{false, float64(end)}, auditVerdict(s, admin))
			})
		})
	}
}

// A row that nothing can follow is reported, and changes go on.
func TestARowBeyondAllNumbersStopsNoChange(t *testing.T) {
	sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
		admin := s.AdminToken()
		_, id, _ := s.NewAccount("beyond")
		sitetest.ExecWithoutAuditTriggers(t, d,
			"INSERT INTO audit_entries SELECT 9223372036854775807, '01900000-0000-7000-8000-000000000000', action, actor_id, target_type, "+
				"target_id, ip, user_agent, request_id, data, created_at, hash, 'forged' FROM audit_entries WHERE seq = 1")
		s.Want(200, "PATCH", "/admin/users/"+id, admin, `{"display_name":"Beyond"}`)
		require.Equal(t, false, auditVerdict(s, admin)[0])
		status, out := sitetest.RunCommand(t, s.CommandVars(), "audit", "accept-break", "--reason",
			"a forged row that can't be removed")
		require.Equal(t, 0, status, out)
		s.Want(200, "PATCH", "/admin/users/"+id, admin, `{"display_name":"Beyond again"}`)
		require.Equal(t, []any{true, nil}, auditVerdict(s, admin))
	})
}

// Nobody without the server's secret can take a mark away or forge an acceptance.
func TestMarksOfTheLogCantBeForged(t *testing.T) {
	sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
		admin := s.AdminToken()
		_, id, _ := s.NewAccount("forged")
		sitetest.ExecWithoutAuditTriggers(t, d, "UPDATE audit_head SET mac = ''")
		s.Want(200, "PATCH", "/admin/users/"+id, admin, `{"display_name":"Marked"}`)
		want := auditVerdict(s, admin)
		require.Equal(t, false, want[0])
		for _, sql := range []string{
			"UPDATE audit_head SET breaks = ''", `UPDATE audit_head SET breaks = '[{"from":1,"accepted":5}]'`,
			"UPDATE audit_head SET breaks = 'x'",
		} {
			sitetest.ExecWithoutAuditTriggers(t, d, sql)
			require.Equal(t, false, auditVerdict(s, admin)[0], sql)
			s.Want(200, "PATCH", "/admin/users/"+id, admin,
				map[string]string{"display_name": sql[:20] + fmt.Sprint(len(sql))})
			require.Equal(t, false, auditVerdict(s, admin)[0], sql)
		}
	})
}

// A log of another secret does not hold: neither at once, nor once something was written with the
// new one, nor while it is empty. Accepting the break makes it hold again.
func TestLostKeysAreReported(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, vars map[string]string) {
		vars["DATA_DIR"], vars["ADMIN_EMAIL"], vars["ADMIN_PASSWORD"] = t.TempDir(), "admin@lyceum.local", sitetest.AdminPassword
		vars["JWT_KEYS_DIR"] = filepath.Join(t.TempDir(), "keys")
		var d *db.DB
		s := sitetest.Start(t, vars, &d)
		require.Equal(t, []any{true, nil}, auditVerdict(s, s.AdminToken()))
		last := logLength(t, d)
		s.Stop()
		require.NoError(t, os.RemoveAll(vars["JWT_KEYS_DIR"]))
		s = sitetest.Start(t, vars, &d)
		want := []any{false, float64(last + 1)}
		admin := s.AdminToken()
		require.Equal(t, want, auditVerdict(s, admin))
		s.NewAccount("later")
		require.Equal(t, want, auditVerdict(s, admin))
		status, out := sitetest.RunCommand(t, s.CommandVars(), "audit", "accept-break", "--reason", "the keys were lost")
		require.Equal(t, 0, status, out)
		s.NewAccount("latest")
		require.Equal(t, []any{true, nil}, auditVerdict(s, admin))
	})
}

// The log may be off when the database is set up and on later.
func TestALogTurnedOnLaterIsIntact(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, vars map[string]string) {
		vars["DATA_DIR"], vars["MODULES_DISABLED"] = t.TempDir(), "audit"
		s := sitetest.Start(t, vars)
		s.NewAccount("unaudited")
		s.Stop()
		delete(vars, "MODULES_DISABLED")
		s = sitetest.Start(t, vars)
		require.Equal(t, []any{true, nil}, auditVerdict(s, s.AdminToken()))
	})
}
