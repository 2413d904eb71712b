package audit_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
)

// openLog is the log without what guards it, and with copies to put it back in order.
func openLog(t *testing.T, d *db.DB) (exec func(sql string), mend func()) {
	t.Helper()
	exec = func(sql string) {
		t.Helper()
		for statement := range strings.SplitSeq(sql, ";") {
			_, err := d.Pool().ExecContext(t.Context(), statement)
			require.NoError(t, err, "%s", statement)
		}
	}
	if d.Dialect() == db.Postgres {
		exec("ALTER TABLE audit_entries DISABLE TRIGGER ALL; ALTER TABLE audit_head DISABLE TRIGGER ALL")
	} else {
		for _, trigger := range []string{
			"entries_no_update", "entries_no_delete", "entries_append", "head_forward", "head_stays",
			"head_no_replace",
		} {
			exec("DROP TRIGGER audit_" + trigger)
		}
	}
	if d.Dialect() == db.Postgres {
		exec("ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_counted")
	}
	exec("CREATE TABLE kept AS SELECT * FROM audit_entries; CREATE TABLE kept_head AS SELECT * FROM audit_head")
	return exec, func() {
		exec("DELETE FROM audit_entries; INSERT INTO audit_entries SELECT * FROM kept; DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept_head")
	}
}

// tampering is what somebody does to the table, and the first entry that is bad then.
type tampering struct {
	sql  string
	want int
}

// forgedRow returns the statement that inserts a copy of an entry with another number.
func forgedRow(seq string) string {
	return "INSERT INTO audit_entries SELECT " + seq + ", '00000000-0000-7000-8000-000000000001', action, actor_id, target_type, target_id, ip, user_agent, request_id, data, created_at, '', 'forged' FROM audit_entries WHERE seq = 2"
}

// tamperings returns what somebody may do to a log of last entries on any database, by its name.
func tamperings(last int) map[string]tampering {
	cases := map[string]tampering{
		"deleted":       {"DELETE FROM audit_entries WHERE seq = 3", 3},
		"first deleted": {"DELETE FROM audit_entries WHERE seq = 1", 1},
		"swapped": {
			"UPDATE audit_entries SET seq = CASE seq WHEN 3 THEN -4 ELSE -3 END WHERE seq IN (3, 4); UPDATE audit_entries SET seq = -seq WHERE seq < 0",
			3,
		},
		"cut by one":  {fmt.Sprintf("DELETE FROM audit_entries WHERE seq = %d", last), last},
		"cut by four": {fmt.Sprintf("DELETE FROM audit_entries WHERE seq > %d", last-4), last - 3},
		"emptied":     {"DELETE FROM audit_entries", 1},
		"put before": {
			"INSERT INTO audit_entries SELECT 0, '01900000-0000-7000-8000-000000000000', action, actor_id, target_type, target_id, ip, user_agent, request_id, data, created_at, '', '' FROM audit_entries WHERE seq = 1",
			1,
		},
		"put behind": {
			fmt.Sprintf("INSERT INTO audit_entries SELECT seq + 1, '01900000-0000-7000-8000-000000000000', action, actor_id, target_type, target_id, ip, user_agent, request_id, data, created_at, hash, '' FROM audit_entries WHERE seq = %d",
				last),
			last + 1,
		},
		"head moved back": {
			fmt.Sprintf("DELETE FROM audit_entries WHERE seq = %[1]d; UPDATE audit_head SET seq = %[1]d - 1, hash = (SELECT hash FROM audit_entries WHERE seq = %[1]d - 1)",
				last),
			last,
		},
		"head without one": {"DELETE FROM audit_head", 1},
		"head unsealed":    {"UPDATE audit_head SET mac = ''", last + 1},
		"head dated later": {"UPDATE audit_head SET at = at + 59000", last + 1},
		"far below":        {forgedRow("-9223372036854775808"), 1},
		"actor removed": {
			"UPDATE audit_entries SET actor_id = NULL WHERE seq = (SELECT max(seq) FROM audit_entries WHERE actor_id IS NOT NULL)",
			last,
		},
	}
	for _, column := range []string{
		"action", "target_type", "target_id", "ip", "user_agent", "request_id", "data", "prev_hash", "hash",
	} {
		cases["a byte of "+column] = tampering{
			fmt.Sprintf("UPDATE audit_entries SET %[1]s = CASE substr(%[1]s, 1, 1) WHEN 'x' THEN 'y' ELSE 'x' END || substr(%[1]s, 2) WHERE seq = 5",
				column),
			5,
		}
	}
	for column, sql := range map[string]string{
		"id":         "id = '01900000-0000-7000-8000-000000000000'",
		"actor_id":   "actor_id = '01900000-0000-7000-8000-000000000000'",
		"created_at": "created_at = created_at + 1",
	} {
		cases["another "+column] = tampering{"UPDATE audit_entries SET " + sql + " WHERE seq = 6", 6}
	}
	return cases
}

// sqliteTamperings returns what SQLite takes in any column: values of other types, which no filter finds. acted
// and nobodys are entries with and without an actor.
func sqliteTamperings(last, acted, nobodys int) map[string]tampering {
	cases := map[string]tampering{}
	for name, sql := range map[string]string{
		"a number in bytes": forgedRow("X'35'"), "no number": forgedRow("NULL"),
		"a text for a number": forgedRow("'abc'"),
	} {
		cases[name] = tampering{sql, last + 1}
	}
	cases["half a number"] = tampering{forgedRow("1.5"), 2}
	for _, column := range []string{
		"id", "action", "actor_id", "target_id", "ip", "data", "created_at", "prev_hash", "hash",
	} {
		cases[column+" in bytes"] = tampering{
			fmt.Sprintf("UPDATE audit_entries SET %[1]s = CAST(%[1]s AS BLOB) WHERE seq = %[2]d", column, acted),
			acted,
		}
	}
	for name, sql := range map[string]string{
		"a word for a time": "created_at = 'abc'", "half a millisecond": "created_at = created_at + 0.5",
	} {
		cases[name] = tampering{"UPDATE audit_entries SET " + sql + " WHERE seq = 6", 6}
	}
	cases["nobody by an empty name"] = tampering{
		fmt.Sprintf("UPDATE audit_entries SET actor_id = '' WHERE seq = %d", nobodys), nobodys,
	}
	cases["a word for the head"] = tampering{"UPDATE audit_head SET seq = 'x'", 1}
	return cases
}

// Whatever was done to the table, verify says so, and names the first entry that is changed or
// missing (L2).
func TestVerifyFindsTampering(t *testing.T) {
	sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
		admin := s.AdminToken()
		_, _, user := s.NewAccount("tampered")
		for i := range 8 {
			s.Want(201, "POST", "/courses", admin, map[string]any{"title": fmt.Sprint(i)})
		}
		s.Want(204, "POST", "/auth/logout-all", user, nil)
		log := s.Want(200, "GET", "/admin/audit-logs?limit=100", admin, nil).Items()
		last := len(log)
		vars := map[string]string{
			"DATA_DIR": s.Config.DataDir, "DATABASE_URL": s.Config.DatabaseURL,
			"JWT_KEYS_DIR": s.Config.JWTKeysDir,
		}
		anchors := map[int]string{}
		for _, item := range log {
			e := item.(map[string]any)
			anchors[int(e["seq"].(float64))] = fmt.Sprintf("%d:%s", int(e["seq"].(float64)), e["hash"])
		}
		status, out := sitetest.RunCommand(t, vars, "audit", "anchor")
		require.Equal(t, []any{0, anchors[last] + "\n"}, []any{status, out})
		exec, mend := openLog(t, d)
		verdict := func() []any {
			v := s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil)
			return []any{v.Get("ok"), v.Get("first_bad_seq")}
		}
		sound := []any{true, nil}
		require.Equal(t, sound, verdict())

		var acted, nobodys int
		require.NoError(t,
			d.QueryRow(t.Context(), "SELECT min(seq) FROM audit_entries WHERE actor_id IS NOT NULL", nil, &acted))
		require.NoError(t,
			d.QueryRow(t.Context(), "SELECT min(seq) FROM audit_entries WHERE actor_id IS NULL", nil, &nobodys))
		cases := tamperings(last)
		if d.Dialect() == db.SQLite {
			maps.Copy(cases, sqliteTamperings(last, acted, nobodys))
		}
		for name, c := range cases {
			exec(c.sql)
			require.Equal(t, []any{false, float64(c.want)}, verdict(), name)
			status, out := sitetest.RunCommand(t, vars, "audit", "verify")
			require.Equal(t, 1, status, name)
			require.Contains(t, out, fmt.Sprintf("the first bad entry is %d", c.want), name)
			mend()
			require.Equal(t, sound, verdict(), name)
		}

		verifyAnchors(t, vars, anchors, last)
		exec("UPDATE audit_entries SET ip = 'x' WHERE seq = 5; UPDATE audit_head SET mac = ''")
		status, _ = sitetest.RunCommand(t, vars, "audit", "anchor")
		require.Equal(t, 1, status, "what does not hold is no anchor")
	})
}

// verifyAnchors verifies a sound log against noted anchors. Whoever has the server's secret can make an end that
// holds, but not the one that was noted elsewhere.
func verifyAnchors(t *testing.T, vars map[string]string, anchors map[int]string, last int) {
	t.Helper()
	for anchor, says := range map[string]string{anchors[last]: "", anchors[4]: "", "0:": "",
		fmt.Sprintf("%d:%s", last+2, anchors[last][strings.Index(anchors[last], ":")+1:]): fmt.Sprintf("the first bad entry is %d",
			last+1),
		fmt.Sprintf("4:%s", anchors[5][2:]): "the first bad entry is 4"} {
		status, out := sitetest.RunCommand(t, vars, "audit", "verify", "--anchor", anchor)
		require.Equal(t, says != "", status == 1, "%s: %s", anchor, out)
		require.Contains(t, out, says)
	}
	for _, bad := range []string{
		"", "x", "1", "1:", "1:abc", "-1:" + anchors[4][2:], anchors[4] + "0", "4:" + strings.Repeat("g", 64),
	} {
		status, _ := sitetest.RunCommand(t, vars, "audit", "verify", "--anchor", bad)
		require.Equal(t, 2, status, bad)
	}
}

// The database itself refuses to change or remove an entry, or to move the head back (L2).
func TestTheDatabaseRefusesChanges(t *testing.T) {
	sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
		admin := s.AdminToken()
		s.NewAccount("kept")
		attempts := []string{
			"UPDATE audit_entries SET ip = '1.2.3.4' WHERE seq = 2", "UPDATE audit_entries SET ip = ip",
			"DELETE FROM audit_entries WHERE seq = 2", "DELETE FROM audit_entries",
			"UPDATE audit_head SET seq = seq - 1", "UPDATE audit_head SET hash = ''", "DELETE FROM audit_head",
			"INSERT INTO audit_entries SELECT * FROM audit_entries WHERE seq = 2",
		}
		if d.Dialect() == db.Postgres {
			attempts = append(attempts,
				"INSERT INTO audit_entries SELECT -9223372036854775808, '00000000-0000-7000-8000-000000000001', action, actor_id, target_type, target_id, ip, user_agent, request_id, data, created_at, prev_hash, hash FROM audit_entries WHERE seq = 2",
				"TRUNCATE audit_entries", "TRUNCATE audit_head",
				"SET LOCAL session_replication_role = replica; DELETE FROM audit_entries",
				"INSERT INTO audit_entries SELECT * FROM audit_entries WHERE seq = 2 ON CONFLICT (seq) DO UPDATE SET ip = '1.2.3.4'")
		} else {
			for _, seq := range []string{
				"NULL", "X'35'", "'abc'", "1.5", "0", "-9223372036854775808",
				"(SELECT max(seq) + 2 FROM audit_entries)",
			} {
				attempts = append(attempts,
					"INSERT INTO audit_entries SELECT "+seq+", '00000000-0000-7000-8000-000000000001', action, actor_id, target_type, target_id, ip, user_agent, request_id, data, created_at, prev_hash, hash FROM audit_entries WHERE seq = 2")
			}
			attempts = append(attempts,
				`REPLACE INTO audit_entries (rowid, seq, id, action, target_type, target_id, ip, user_agent, request_id, data, created_at, prev_hash, hash)
				SELECT rowid, (SELECT max(seq) + 1 FROM audit_entries), '00000000-0000-7000-8000-000000000001', action, target_type, target_id, ip, user_agent, request_id, data, created_at, prev_hash, hash FROM audit_entries WHERE seq = 2`,
				"INSERT INTO audit_entries SELECT (SELECT max(seq) + 1 FROM audit_entries), '00000000-0000-7000-8000-000000000001', CAST(action AS BLOB), actor_id, target_type, target_id, ip, user_agent, request_id, data, created_at, prev_hash, hash FROM audit_entries WHERE seq = 2",
				"REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE seq = 2",
				"REPLACE INTO audit_head SELECT * FROM audit_head",
				"INSERT OR IGNORE INTO audit_entries SELECT * FROM audit_entries WHERE seq = 2",
				"INSERT INTO audit_entries SELECT * FROM audit_entries WHERE seq = 2 ON CONFLICT (seq) DO UPDATE SET ip = '1.2.3.4'")
		}
		for _, sql := range attempts {
			tx, err := d.Pool().BeginTx(t.Context(), nil)
			require.NoError(t, err)
			for statement := range strings.SplitSeq(sql, ";") {
				if _, err = tx.ExecContext(t.Context(), statement); err != nil {
					break
				}
			}
			require.Error(t, err, sql)
			require.NoError(t, tx.Rollback())
		}
		if d.Dialect() == db.Postgres {
			var privileges string
			require.NoError(t,
				d.Pool().QueryRowContext(t.Context(),
					"SELECT coalesce(string_agg(privilege_type, ' ' ORDER BY privilege_type), '') FROM information_schema.role_table_grants WHERE table_name = 'audit_entries'").Scan(&privileges))
			for _, right := range []string{"UPDATE", "DELETE", "TRUNCATE"} {
				require.NotContains(t, privileges, right)
			}
			require.Contains(t, privileges, "INSERT")
		}
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
	})
}

// exported is a line of an export, with data as the text that it is.
type exported struct {
	Seq    int64  `json:"seq"`
	ID     string `json:"id"`
	Action string `json:"action"`
	Actor  *struct {
		ID    string  `json:"id"`
		Email *string `json:"email"`
	} `json:"actor"`
	Target struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	} `json:"target"`
	IP        string          `json:"ip"`
	UserAgent string          `json:"user_agent"`
	RequestID string          `json:"request_id"`
	Data      json.RawMessage `json:"data"`
	PrevHash  string          `json:"prev_hash"`
	Hash      string          `json:"hash"`
	CreatedAt string          `json:"created_at"`
}

// digest is written from the README, not from the program.
func (e *exported) digest() string {
	actor := ""
	if e.Actor != nil {
		actor = e.Actor.ID
	}
	var b strings.Builder
	for _, field := range []string{
		fmt.Sprint(e.Seq), e.Action, actor, e.Target.Type, e.Target.ID, e.IP, e.UserAgent, e.RequestID,
		string(e.Data), e.CreatedAt, e.PrevHash,
	} {
		fmt.Fprintf(&b, "%d:%s", len(field), field)
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

func exportLog(s *sitetest.Site, token, query string) (out []exported) {
	s.T.Helper()
	a := s.Want(200, "GET", "/admin/audit-logs"+query, token, nil, sitetest.Header{"Accept": "application/x-ndjson"})
	require.Equal(s.T, "application/x-ndjson", a.Header.Get("Content-Type"))
	require.Equal(s.T, `attachment; filename="audit-log.ndjson"`, a.Header.Get("Content-Disposition"))
	require.Equal(s.T, "Accept", a.Header.Get("Vary"))
	for line := range bytes.Lines(a.Raw) {
		var e exported
		require.NoError(s.T, json.Unmarshal(line, &e))
		out = append(out, e)
	}
	return out
}

// Whoever keeps an export can check the chain with what the README says, and nothing of ours.
func TestAnExportCanBeVerifiedByAnybody(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, id, user := s.NewAccount("exported")
		s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password),
			sitetest.Header{"User-Agent": "<b>\u2028\"quoted\" & =1+1; ü日本\\"})
		s.Want(200, "PATCH", "/admin/users/"+id, admin, `{"display_name":"Renamed"}`)
		s.Redeem(user, "no code")
		course := s.Want(201, "POST", "/courses", admin, `{"title":"Exported","tags":["a<b"]}`).Text("id")
		s.Want(200, "PATCH", "/courses/"+course, admin, `{"title":"Exported again","summary":"x"}`)
		all := exportLog(s, admin, "")
		prev := ""
		for i, e := range all {
			require.EqualValues(t, i+1, e.Seq)
			require.Equal(t, prev, e.PrevHash)
			require.Equal(t, e.digest(), e.Hash, "%d", e.Seq)
			prev = e.Hash
		}
		pages := s.Want(200, "GET", "/admin/audit-logs?limit=100", admin, nil)
		require.Equal(t, "audit.exported", pages.Get("items.0.action"))
		require.Equal(t, map[string]any{"format": "ndjson"}, pages.Get("items.0.data"))
		require.Equal(t, []any{"audit_log", ""}, []any{pages.Get("items.0.target.type"), pages.Get("items.0.target.id")})
		require.Len(t, pages.Items(), len(all)+1, "all but the export's own")

		t.Run("filters hold as for pages", func(t *testing.T) { exportFiltered(s.For(t), admin, user, email, id) })
		t.Run("as a table", func(t *testing.T) { exportTable(s.For(t), admin, course) })
	})
}

// exportFiltered exports with filters, which the entry of the export names. A HEAD request exports nothing and
// writes nothing down.
func exportFiltered(s *sitetest.Site, admin, user, email, id string) {
	s.T.Helper()
	mine := exportLog(s, admin,
		"?action=auth.login_succeeded&actor_id="+id+"&limit=1&from=2020-01-01T00:00:00Z&to=9999-01-01T00:00:00Z&target_type=session")
	require.Len(s.T, mine, 2)
	require.Equal(s.T, email, *mine[0].Actor.Email)
	said := s.Want(200, "GET", "/admin/audit-logs?action=audit.exported", admin, nil).Get("items.0.data")
	require.Equal(s.T,
		map[string]any{
			"format": "ndjson", "filters": []any{"action", "actor_id", "from", "target_type", "to"},
			"action": "auth.login_succeeded", "actor_id": id, "target_type": "session",
			"from": "2020-01-01T00:00:00.000Z", "to": "9999-01-01T00:00:00.000Z",
		}, said)
	require.Empty(s.T, exportLog(s, admin, "?target_id=someone@example.com&actor_id=nobody&action=Who@example.com"))
	require.Equal(s.T, map[string]any{"format": "ndjson", "filters": []any{"action", "actor_id", "target_id"}},
		s.Want(200, "GET", "/admin/audit-logs?action=audit.exported", admin, nil).Get("items.0.data"))
	require.Empty(s.T,
		s.Want(200, "HEAD", "/admin/audit-logs", admin, nil, sitetest.Header{"Accept": "application/x-ndjson"}).Raw)
	require.Equal(s.T, 3, s.CountEntries(admin, "audit.exported"))
	s.WantProblem(403, "forbidden", "GET", "/admin/audit-logs", user, nil,
		sitetest.Header{"Accept": "application/x-ndjson"})
	s.WantProblem(422, "validation-failed", "GET", "/admin/audit-logs?target_type=secret", admin, nil,
		sitetest.Header{"Accept": "text/csv"})
}

// exportTable exports as CSV, which the Accept header has to ask for.
func exportTable(s *sitetest.Site, admin, course string) {
	s.T.Helper()
	table := s.Want(200, "GET", "/admin/audit-logs?target_id="+course, admin, nil,
		sitetest.Header{"Accept": "text/csv"})
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(table.Raw, []byte("\ufeff")))).ReadAll()
	require.NoError(s.T, err)
	require.Equal(s.T,
		"seq id created_at action actor_id actor_email target_type target_id ip user_agent request_id data prev_hash hash",
		strings.Join(rows[0], " "))
	require.Equal(s.T, []string{"course.created", "course.updated"}, []string{rows[1][3], rows[2][3]})
	require.Equal(s.T, []string{"admin@lyceum.local", "course", course}, rows[2][5:8])
	for accept, kind := range map[string]string{
		"": "application/json", "*/*": "application/json",
		"text/csv, application/json":                   "text/csv; charset=utf-8; header=present",
		"application/x-ndjson;q=0.5, application/json": "application/json", "application/xml": "application/json",
	} {
		require.Equal(s.T, kind,
			s.Want(200, http.MethodGet, "/admin/audit-logs", admin, nil, sitetest.Header{
				"Accept": accept,
			}).Header.Get("Content-Type"),
			accept)
	}
}
