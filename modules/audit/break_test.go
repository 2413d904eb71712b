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

// headOf moves the head back to the middle of the log.
const headOf = "UPDATE audit_head SET seq = {middle}, hash = (SELECT hash FROM audit_entries WHERE seq = {middle}), at = (SELECT created_at FROM audit_entries WHERE seq = {middle})"

// brokenEnd is what somebody does to the end of the log.
type brokenEnd struct {
	// sql is what somebody does to the tables; {middle} and {last} are numbers of entries.
	sql string
	// bad gives the first bad entry.
	bad func(middle, last int) int
	// inside says that the end of the log holds, so that an anchor can be taken.
	inside bool
	// sqliteOnly is for what PostgreSQL's types refuse.
	sqliteOnly bool
}

var brokenEnds = map[string]brokenEnd{
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

// An end of the log that does not hold is never sealed anew (L2). Changes go on, verify reports the
// break from then on, and holds again once an operator has accepted it in writing.
func TestABrokenEndStaysMarked(t *testing.T) {
	for name, c := range brokenEnds {
		t.Run(name, func(t *testing.T) {
			sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
				if c.sqliteOnly && d.Dialect() != db.SQLite {
					return
				}
				b := breaking{Site: s, db: d, admin: s.AdminToken(), vars: s.CommandVars()}
				_, b.id, _ = s.NewAccount("marked")
				b.rename("One")
				last := logLength(t, d)
				middle := last - 2
				sitetest.ExecWithoutAuditTriggers(t, d,
					strings.NewReplacer("{middle}", fmt.Sprint(middle), "{last}", fmt.Sprint(last)).Replace(c.sql))
				bad := c.bad(middle, last)
				b.requireReported(bad, c.inside)
				b.acceptBreak(bad)
				b.requireGuarded()
			})
		})
	}
}

// breaking is a site whose log somebody has broken.
type breaking struct {
	*sitetest.Site
	db        *db.DB
	admin, id string
	vars      map[string]string
}

// rename changes an account, which writes an entry.
func (b breaking) rename(name string) {
	b.T.Helper()
	b.Want(200, "PATCH", "/admin/users/"+b.id, b.admin, map[string]string{"display_name": name})
}

// run runs a command of the audit log.
func (b breaking) run(args ...string) (status int, out string) {
	b.T.Helper()
	return sitetest.RunCommand(b.T, b.vars, append([]string{"audit"}, args...)...)
}

// requireReported checks that the break is reported, also after changes, which go on and are written down.
// An end that does not hold is no anchor.
func (b breaking) requireReported(bad int, inside bool) {
	b.T.Helper()
	want := []any{false, float64(bad)}
	require.Equal(b.T, want, auditVerdict(b.Site, b.admin), "before anything is written")
	b.Want(200, "GET", "/admin/audit-logs", b.admin, nil)
	before := b.CountEntries(b.admin, "user.updated")
	for i := range 3 {
		b.rename(fmt.Sprint("Two ", i))
		b.AdminToken()
		require.Equal(b.T, want, auditVerdict(b.Site, b.admin), "after a change")
	}
	require.Equal(b.T, before+3, b.CountEntries(b.admin, "user.updated"), "changes are written down")
	exportLog(b.Site, b.admin, "")
	status, out := b.run("verify")
	require.Equal(b.T, 1, status)
	require.Contains(b.T, out, fmt.Sprintf("the first bad entry is %d", bad))
	status, _ = b.run("anchor")
	require.Equal(b.T, !inside, status == 1, "an end that does not hold is no anchor")
}

// acceptBreak accepts the break, which takes a reason. The log holds afterwards and tells of the break.
func (b breaking) acceptBreak(bad int) {
	b.T.Helper()
	for _, reason := range []string{"", " ", strings.Repeat("x", 501), "two\nlines"} {
		status, _ := b.run("accept-break", "--reason", reason)
		require.Equal(b.T, 2, status, "%q", reason)
	}
	status, out := b.run("accept-break", "--reason",
		"restored from an older state")
	require.Equal(b.T, 0, status, out)
	entry := b.Want(200, "GET", "/admin/audit-logs?action=audit.break_accepted", b.admin, nil)
	require.Equal(b.T,
		map[string]any{"first_bad_seq": float64(bad), "reason": "restored from an older state", "via": "cli"},
		entry.Get("items.0.data"))
	require.Nil(b.T, entry.Get("items.0.actor"))
	b.rename("Three")
	v := b.Want(200, "GET", "/admin/audit-logs/verify", b.admin, nil)
	require.Equal(b.T, []any{true, nil, float64(bad), entry.Get("items.0.seq")},
		[]any{
			v.Get("ok"), v.Get("first_bad_seq"), v.Get("accepted_breaks.0.first_bad_seq"),
			v.Get("accepted_breaks.0.accepted_seq"),
		},
		"%s", v.Raw)
	status, out = b.run("verify")
	require.Equal(b.T, 0, status, out)
	require.Contains(b.T, out,
		fmt.Sprintf("entry %d the first that may be changed or missing, was accepted", bad))
	status, out = b.run("accept-break", "--reason", "again")
	require.Equal(b.T, 1, status, out)
}

// requireGuarded checks that what comes after the acceptance is guarded as before.
func (b breaking) requireGuarded() {
	b.T.Helper()
	var end int
	require.NoError(b.T, b.db.QueryRow(b.T.Context(), "SELECT seq FROM audit_head", nil, &end))
	sitetest.ExecWithoutAuditTriggers(b.T, b.db,
		fmt.Sprintf("UPDATE audit_entries SET ip = 'x' WHERE seq = %d", end))
	require.Equal(b.T, []any{false, float64(end)}, auditVerdict(b.Site, b.admin))
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
