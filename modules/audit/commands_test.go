package audit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
)

// Operators read in one line what is wrong with the log and where it begins.
func TestVerifyCommandSaysWhatIsWrong(t *testing.T) {
	sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
		s.NewAccount("printed")
		last, vars := logLength(t, d), s.CommandVars()
		run := func(wantStatus int, args ...string) string {
			t.Helper()
			status, out := sitetest.RunCommand(t, vars, append([]string{"audit"}, args...)...)
			require.Equal(t, wantStatus, status, "%s", out)
			return out
		}
		anchor := strings.TrimSpace(run(0, "anchor"))
		intact := fmt.Sprintf("the log is intact: %d entries checked", last)
		require.Equal(t, intact+"\n", run(0, "verify"))
		require.Equal(t, fmt.Sprintf("%s, and agrees with the anchor of entry %d\n", intact, last),
			run(0, "verify", "--anchor", anchor))

		exec, mend := openLog(t, d)
		for name, c := range map[string]struct {
			sql     string
			entries int
			want    string
			bad     int
		}{
			"a damaged row": {
				"UPDATE audit_entries SET ip = 'x' WHERE seq = 2", last, "an entry is changed or missing", 2,
			},
			"a missing row": {"DELETE FROM audit_entries WHERE seq = 2", last - 1, "an entry is changed or missing", 2},
			"a cut tail": {
				fmt.Sprintf("DELETE FROM audit_entries WHERE seq = %d", last), last - 1, "the log ends too early", last,
			},
			"a replaced head": {
				"UPDATE audit_head SET mac = 'forged'", last,
				"the head is not sealed with this server's secret", last + 1,
			},
			"a removed head": {"DELETE FROM audit_head", 0, "the head is missing", 1},
			"a head of another time": {
				"UPDATE audit_head SET at = at + 1", last, "the head's times are not theirs", last + 1,
			},
			"a row below the first": {
				"UPDATE audit_entries SET seq = 0 WHERE seq = 1", last, "there are entries before the first", 1,
			},
		} {
			exec(c.sql)
			out := run(1, "verify")
			require.Contains(t, out, fmt.Sprintf("the log of %d entries is not intact: ", c.entries), name)
			require.Contains(t, out, c.want, name)
			require.Regexp(t, fmt.Sprintf(`; the first bad entry is %d\n$`, c.bad), out, name)
			mend()
		}
		cut := fmt.Sprintf("%d:%s", last+1, strings.Repeat("0", 64))
		require.Contains(t, run(1, "verify", "--anchor", cut), "the log ends before the anchor: its end was cut off")
		other := fmt.Sprintf("%d:%s", last, strings.Repeat("0", 64))
		require.Contains(t, run(1, "verify", "--anchor", other), "is not the one that the anchor was taken of")
		require.Contains(t, run(2, "verify", "--anchor", "7"), `found "7", accepted is SEQ:HASH`)
		require.Equal(t, intact+"\n", run(0, "verify"))
	})
}

// A row whose data is damaged is still listed and exported: verify is what names it.
func TestDamagedDataIsListed(t *testing.T) {
	sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
		admin := s.AdminToken()
		for _, damaged := range []string{"", "x", `{"a":`, `["a"]`, `{"a":1}}`} {
			sitetest.ExecWithoutAuditTriggers(t, d, "UPDATE audit_entries SET data = '"+damaged+"' WHERE seq = 1")
			oldest := s.Want(200, "GET", "/admin/audit-logs?limit=100", admin, nil).Items()
			require.Equal(t, map[string]any{}, oldest[len(oldest)-1].(map[string]any)["data"], damaged)
			require.JSONEq(t, "{}", string(exportLog(s, admin, "")[0].Data), damaged)
			require.Equal(t, []any{false, 1.0}, auditVerdict(s, admin), damaged)
		}
	})
}
