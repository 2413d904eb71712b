// Package chattest gives the tests of the module's inner packages a database with the module's
// tables.
package chattest

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
	"lyceum/platform/migrate"
)

// OpenDatabase returns a database with the tables of chat and of the other migrations. It is closed
// when the test ends. The test must be of a package in modules/chat/internal, as the migrations are
// found from there.
func OpenDatabase(t *testing.T, o db.Options, others ...[]migrate.Migration) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	migrations, err := migrate.LoadFiles(os.DirFS("../.."))
	require.NoError(t, err)
	runner, err := migrate.NewRunner(d, append(others, migrations)...)
	require.NoError(t, err)
	_, err = runner.Up(t.Context())
	require.NoError(t, err)
	return d
}
