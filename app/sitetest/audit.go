package sitetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
)

// ExecWithoutAuditTriggers runs SQL on the audit tables as the owner of the database could: it
// removes the triggers that guard them and puts them back afterwards.
func ExecWithoutAuditTriggers(t testing.TB, d *db.DB, sql string) {
	t.Helper()
	exec := func(statement string) {
		t.Helper()
		_, err := d.Pool().ExecContext(t.Context(), statement)
		require.NoError(t, err, "%s", statement)
	}
	var triggers [][2]string
	if d.Dialect() == db.SQLite {
		require.NoError(t, d.Query(t.Context(), "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit%'", nil,
			func(scan func(...any) error) error {
				var found [2]string
				err := scan(&found[0], &found[1])
				triggers = append(triggers, found)
				return err
			}))
		require.NotEmpty(t, triggers)
	}
	for _, trigger := range triggers {
		exec("DROP TRIGGER " + trigger[0])
	}
	for statement := range strings.SplitSeq(sql, ";") {
		if d.Dialect() == db.Postgres {
			statement = "BEGIN; ALTER TABLE audit_entries DISABLE TRIGGER ALL; ALTER TABLE audit_head DISABLE TRIGGER ALL; " +
				"GRANT ALL ON audit_entries TO CURRENT_USER; " + statement +
				"; ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_entries_keep; ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_forward; " +
				"ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_stays; COMMIT"
		}
		exec(statement)
	}
	for _, trigger := range triggers {
		exec(trigger[1])
	}
}
