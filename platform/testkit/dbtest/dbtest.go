// Package dbtest opens databases with migrations for tests: SQLite in a folder of its own, and a new
// database of the PostgreSQL server that the test command starts.
package dbtest

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
	"lyceum/platform/migrate"
	"lyceum/platform/testkit"
)

// maxConns bounds the connections of one database, as many tests share a server.
const maxConns = 8

// OnBoth runs a test on SQLite and on PostgreSQL, at the same time. Each has a new database with the
// migrations.
func OnBoth(t *testing.T, test func(t *testing.T, d *db.DB), migrations ...[]migrate.Migration) {
	t.Helper()
	OnBothOptions(t, func(t *testing.T, o db.Options) { test(t, Open(t, o, migrations...)) })
}

// OnBothOptions is OnBoth for tests that open their database themselves: the options are those of a new,
// empty one.
func OnBothOptions(t *testing.T, test func(t *testing.T, o db.Options)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, Postgres(t))
	})
}

// SQLite returns the options of a new SQLite database, which is removed when the test ends.
func SQLite(t testing.TB) db.Options {
	t.Helper()
	return db.Options{Dir: t.TempDir(), MaxConns: maxConns}
}

// Postgres returns the options of a new PostgreSQL database, which is dropped when the test ends. It
// ends the test if no server is there.
func Postgres(t testing.TB) db.Options {
	t.Helper()
	return db.Options{URL: testkit.Postgres(t), MaxConns: maxConns}
}

// Open opens a database and runs the migrations that it does not have yet. It is closed when the test
// ends.
func Open(t testing.TB, o db.Options, migrations ...[]migrate.Migration) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	Migrate(t, d, migrations...)
	return d
}

// ReadMigrations returns the migrations of a module's folder, for tests of its inner packages. dir is
// relative to the folder of the test.
func ReadMigrations(t testing.TB, dir string) []migrate.Migration {
	t.Helper()
	migrations, err := migrate.LoadFiles(os.DirFS(dir))
	require.NoError(t, err)
	return migrations
}

// Migrate runs the migrations that a database does not have yet.
func Migrate(t testing.TB, d *db.DB, migrations ...[]migrate.Migration) {
	t.Helper()
	runner, err := migrate.NewRunner(d, migrations...)
	require.NoError(t, err)
	_, err = runner.Up(t.Context())
	require.NoError(t, err)
}
