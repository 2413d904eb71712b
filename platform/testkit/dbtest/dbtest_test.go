package dbtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
	"lyceum/platform/migrate"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var createThings = []migrate.Migration{{
	ID:   "202601010000_test_create_things",
	Up:   []string{"CREATE TABLE things (name text)"},
	Down: []string{"DROP TABLE things"},
}}

func count(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	require.NoError(t, d.Conn(t.Context()).Raw("SELECT COUNT(*) FROM things").Scan(&n).Error)
	return n
}

func TestOnBoth(t *testing.T) {
	dialects := make(chan db.Dialect, 2)
	t.Run("both", func(t *testing.T) {
		dbtest.OnBoth(t, func(t *testing.T, d *db.DB) {
			require.Zero(t, count(t, d), "a new database with the migrations")
			dialects <- d.Dialect()
		}, createThings)
	})
	require.ElementsMatch(t, []db.Dialect{db.SQLite, db.Postgres}, []db.Dialect{<-dialects, <-dialects})
}

func TestOpenAgain(t *testing.T) {
	dbtest.OnBothOptions(t, func(t *testing.T, o db.Options) {
		first := dbtest.Open(t, o, createThings)
		require.NoError(t, first.Conn(t.Context()).Exec("INSERT INTO things VALUES ('one')").Error)
		second := dbtest.Open(t, o, createThings)
		require.Equal(t, 1, count(t, second), "the same database, and no migration runs twice")
	})
}
