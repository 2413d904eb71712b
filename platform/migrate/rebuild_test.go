package migrate_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
	"lyceum/platform/migrate"
)

var errUndo = errors.New("undo")

func TestRebuild(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		all := []migrate.Migration{createThings, addSizes, addColors}
		r, err := migrate.NewRunner(d, all)
		require.NoError(t, err)
		require.Error(t, r.Rebuild(t.Context(), nil), "outside a transaction")
		rebuild := func(end error, ids ...string) error {
			return d.InTx(t.Context(), func(ctx context.Context) error {
				if err := r.Rebuild(ctx, ids); err != nil {
					return err
				}
				return end
			})
		}
		applied := func() []string {
			ids, err := r.ListApplied(t.Context())
			require.NoError(t, err)
			return ids
		}
		require.NoError(t, rebuild(nil, addSizes.ID, createThings.ID), "an empty database, the ids in any order")
		require.Equal(t, []string{createThings.ID, addSizes.ID}, applied())
		_, err = d.Exec(t.Context(), "INSERT INTO things (id, name, size) VALUES ('11111111-1111-7111-8111-111111111111', 'a', 1)")
		require.NoError(t, err)

		require.ErrorIs(t, rebuild(errUndo, createThings.ID), errUndo)
		require.Equal(t, []string{createThings.ID, addSizes.ID}, applied())
		count := func() (n int) {
			require.NoError(t, d.QueryRow(t.Context(), "SELECT count(*) FROM things", nil, &n))
			return n
		}
		require.Equal(t, 1, count(), "rolled back with all rows")

		require.NoError(t, rebuild(nil, createThings.ID, addColors.ID), "a height that skips one")
		require.Equal(t, []string{createThings.ID, addColors.ID}, applied())
		require.Zero(t, count())
		done, err := r.Up(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{addSizes.ID}, done, "the library goes on from there")

		var unknown *migrate.UnknownError
		require.ErrorAs(t, rebuild(nil, "202601040000_test_from_later"), &unknown)
		older, err := migrate.NewRunner(d, all[:1])
		require.NoError(t, err)
		require.ErrorAs(t, d.InTx(t.Context(), func(ctx context.Context) error { return older.Rebuild(ctx, nil) }), &unknown)
	})
}

func TestListTables(t *testing.T) {
	r, err := migrate.NewRunner(openDB(t, "", t.TempDir()), []migrate.Migration{{
		ID: "202601010000_test_create_tables",
		Up: []string{
			"CREATE TABLE things (id {uuid})", "create table IF NOT EXISTS others (id {uuid})",
			"sqlite:CREATE TABLE texts (id text)", "CREATE INDEX x ON things (id)",
			"sqlite:CREATE TABLE pairs (id text)", "postgres:CREATE TABLE pairs (id text)",
			"ALTER TABLE things RENAME TO renamed",
		},
		Down: []string{"DROP TABLE renamed"},
	}})
	require.NoError(t, err)
	require.Equal(t, []string{"others", "pairs", "renamed", "things"}, r.ListTables())
}
