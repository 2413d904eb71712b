package migrate_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/platform/db"
	"lyceum/platform/migrate"
	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var (
	createThings = migrate.Migration{
		ID:   "202601010000_test_create_things",
		Up:   []string{"CREATE TABLE things (id {uuid} PRIMARY KEY, name {bin} NOT NULL, sealed {bytes}, gone {bool})"},
		Down: []string{"DROP TABLE things"},
	}
	addSizes = migrate.Migration{
		ID: "202601020000_test_add_sizes",
		Up: []string{
			"ALTER TABLE things ADD size integer NOT NULL DEFAULT 0",
			"postgres:CREATE INDEX things_by_size ON things USING hash (size)",
			"sqlite:CREATE INDEX things_by_size ON things (size)",
		},
		Down: []string{"DROP INDEX things_by_size", "ALTER TABLE things DROP COLUMN size"},
	}
	addColors = migrate.Migration{
		ID:   "202601030000_test_add_colors",
		Up:   []string{"ALTER TABLE things ADD color text"},
		Down: []string{"ALTER TABLE things DROP COLUMN color"},
	}
)

// openDB opens a database: SQLite if the URL is empty, else PostgreSQL.
func openDB(t *testing.T, url, dir string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{URL: url, Dir: dir, MaxConns: 4})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// onBoth runs a test on an empty SQLite database and on an empty PostgreSQL database. open opens it
// once more, as another replica does.
func onBoth(t *testing.T, story func(t *testing.T, open func() *db.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		story(t, func() *db.DB { return openDB(t, "", dir) })
	})
	t.Run("postgres", func(t *testing.T) {
		url := testkit.Postgres(t)
		story(t, func() *db.DB { return openDB(t, url, "") })
	})
}

// newRunner returns a runner for migrations whose ids are sound.
func newRunner(t *testing.T, d *db.DB, all ...migrate.Migration) *migrate.Runner {
	t.Helper()
	r, err := migrate.NewRunner(d, all)
	require.NoError(t, err)
	return r
}

func TestNewRunner(t *testing.T) {
	r, err := migrate.NewRunner(nil, []migrate.Migration{addColors, createThings}, []migrate.Migration{addSizes})
	require.NoError(t, err)
	require.Equal(t, []string{createThings.ID, addSizes.ID, addColors.ID}, r.IDs(), "sorted over all groups")

	_, err = migrate.NewRunner(nil, []migrate.Migration{createThings}, []migrate.Migration{createThings})
	require.ErrorContains(t, err, "is there twice")
	for _, id := range []string{
		"", "things", "20260101_test_create", "202601010000_test", "202601010000_Test_create",
		"202601010000_test_create;",
	} {
		_, err = migrate.NewRunner(nil, []migrate.Migration{{ID: id}})
		require.ErrorContains(t, err, "an id is YYYYMMDDHHMM_module_verb_noun", id)
	}
}

func TestUpAndDown(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		r := newRunner(t, d, createThings, addSizes, addColors)
		pending, err := r.ListPending(t.Context())
		require.NoError(t, err)
		require.Equal(t, r.IDs(), pending)

		done, err := newRunner(t, d, createThings).Up(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{createThings.ID}, done)
		done, err = r.Up(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{addSizes.ID, addColors.ID}, done)
		done, err = r.Up(t.Context())
		require.NoError(t, err)
		require.Empty(t, done)
		insert := "INSERT INTO things (id, name, size, color) " +
			"VALUES ('0190a6b0-0000-7000-8000-000000000001', 'a', 1, 'red')"
		require.NoError(t, d.Conn(t.Context()).Exec(insert).Error)

		done, err = r.Down(t.Context(), 2)
		require.NoError(t, err)
		require.Equal(t, []string{addColors.ID, addSizes.ID}, done)
		states, err := r.ListStates(t.Context())
		require.NoError(t, err)
		require.Equal(t, []migrate.State{
			{ID: createThings.ID, Applied: true, Known: true},
			{ID: addSizes.ID, Known: true}, {ID: addColors.ID, Known: true},
		}, states)

		done, err = r.Down(t.Context(), 2)
		require.ErrorContains(t, err, "no migration left")
		require.Equal(t, []string{createThings.ID}, done)
	})
}

// A failed migration leaves no part of itself, those before it stay, and the next call goes on.
func TestFailedMigration(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		broken := addSizes
		broken.Up = slices.Concat(addSizes.Up, []string{"CREATE TABLE things (id text)"})
		done, err := newRunner(t, d, createThings, broken, addColors).Up(t.Context())
		require.ErrorContains(t, err, "migration "+addSizes.ID+": ")
		require.Equal(t, []string{createThings.ID}, done)

		done, err = newRunner(t, d, createThings, addSizes, addColors).Up(t.Context())
		require.NoError(t, err, "the column and the index of the failed attempt are gone")
		require.Equal(t, []string{addSizes.ID, addColors.ID}, done)
	})
}

func TestNewerSchema(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		_, err := newRunner(t, d, createThings, addSizes, addColors).Up(t.Context())
		require.NoError(t, err)

		older := newRunner(t, d, createThings)
		for name, call := range map[string]func() error{
			"up":      func() error { _, err := older.Up(t.Context()); return err },
			"down":    func() error { _, err := older.Down(t.Context(), 1); return err },
			"pending": func() error { _, err := older.ListPending(t.Context()); return err },
		} {
			var unknown *migrate.UnknownError
			require.ErrorAs(t, call(), &unknown, name)
			require.Equal(t, []string{addSizes.ID, addColors.ID}, unknown.IDs)
			require.ErrorContains(t, unknown, "newer than this program: it holds 2 migrations that are not known here "+
				"(the newest is "+addColors.ID+")")
		}
		states, err := older.ListStates(t.Context())
		require.NoError(t, err)
		require.Equal(t, migrate.State{ID: addColors.ID, Applied: true}, states[2])
	})
}

// Replicas that start at the same time run each migration once. SQLite has one process.
func TestReplicasMigrateAtOnce(t *testing.T) {
	url := testkit.Postgres(t)
	var (
		mu     sync.Mutex
		all    []string
		failed error
		wg     sync.WaitGroup
	)
	for range 4 {
		r := newRunner(t, openDB(t, url, ""), createThings, addSizes, addColors)
		wg.Go(func() {
			done, err := r.Up(context.Background())
			mu.Lock()
			defer mu.Unlock()
			all, failed = append(all, done...), errors.Join(failed, err)
		})
	}
	wg.Wait()
	require.NoError(t, failed)
	require.Equal(t, []string{createThings.ID, addSizes.ID, addColors.ID}, all, "one replica did all, in order")
}

func TestProvideMigrations(t *testing.T) {
	var collected migrate.Params
	app := fx.New(fx.NopLogger, migrate.ProvideMigrations(createThings, addSizes), migrate.ProvideMigrations(addColors),
		fx.Invoke(func(p migrate.Params) { collected = p }))
	require.NoError(t, app.Err())
	require.ElementsMatch(t, [][]migrate.Migration{{createThings, addSizes}, {addColors}}, collected.Groups)
}
