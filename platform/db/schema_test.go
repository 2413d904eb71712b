package db_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
	"lyceum/platform/migrate"
	"lyceum/platform/testkit/dbtest"
)

var shelves = []migrate.Migration{{
	ID: "202601010000_test_create_shelves",
	Up: []string{
		"CREATE TABLE shelves (id {uuid} PRIMARY KEY, name text)",
		"CREATE TABLE books (shelf_id {uuid} REFERENCES shelves (id), title text, pages bigint, lent {bool}, cover {bytes}, PRIMARY KEY (title, shelf_id))",
		"sqlite:CREATE TRIGGER books_stay BEFORE DELETE ON books BEGIN SELECT RAISE(ABORT, 'books stay'); END",
		"sqlite:CREATE TRIGGER books_count AFTER INSERT ON books BEGIN UPDATE shelves SET name = 'filled'; END",
		"postgres:CREATE FUNCTION books_stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'books stay'; END $$",
		"postgres:CREATE FUNCTION books_count() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE shelves SET name = 'filled'; RETURN NULL; END $$",
		"postgres:CREATE TRIGGER books_stay BEFORE DELETE ON books FOR EACH STATEMENT EXECUTE FUNCTION books_stay()",
		"postgres:ALTER TABLE books ENABLE ALWAYS TRIGGER books_stay",
		"postgres:CREATE TRIGGER books_count AFTER INSERT ON books FOR EACH ROW EXECUTE FUNCTION books_count()",
	},
	Down: []string{"DROP TABLE books", "DROP TABLE shelves"},
}}

func TestDescribeTables(t *testing.T) {
	dbtest.OnBoth(t, func(t *testing.T, d *db.DB) {
		tables, err := d.DescribeTables(t.Context(), []string{"books", "shelves", "not there"})
		require.NoError(t, err)
		require.Len(t, tables, 2)
		require.Equal(t, "shelves", tables[0].Name, "the parent comes first")
		books := tables[1]
		require.Equal(t, []db.Column{
			{Name: "shelf_id", Kind: db.KindText}, {Name: "title", Kind: db.KindText}, {Name: "pages", Kind: db.KindInteger},
			{Name: "lent", Kind: db.KindBoolean}, {Name: "cover", Kind: db.KindBytes},
		}, books.Columns)
		require.Equal(t, []string{"shelves"}, books.Parents)
		require.Len(t, books.Order, 2)
		require.Contains(t, books.Order[0], "title")

		require.NoError(t, d.ExecSchema(t.Context(), "CREATE TABLE odd (at timestamp)"))
		_, err = d.DescribeTables(t.Context(), []string{"odd"})
		require.ErrorContains(t, err, "odd.at")
	}, shelves)
}

func TestInSnapshot(t *testing.T) {
	dbtest.OnBoth(t, func(t *testing.T, d *db.DB) {
		count := func(ctx context.Context) (n int) {
			require.NoError(t, d.QueryRow(ctx, "SELECT count(*) FROM shelves", nil, &n))
			return n
		}
		add := func(ctx context.Context) error {
			_, err := d.Exec(ctx, "INSERT INTO shelves VALUES ('11111111-1111-7111-8111-111111111111', 'new')")
			return err
		}
		require.NoError(t, d.InSnapshot(t.Context(), []string{"shelves", "books"}, func(ctx context.Context) error {
			require.NoError(t, add(t.Context()), "others go on")
			require.Zero(t, count(ctx), "and the snapshot stays, from its beginning")
			require.Equal(t, 1, count(t.Context()))
			return nil
		}))
		require.Error(t, d.InSnapshot(t.Context(), nil, add), "it is for reading")
		require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
			require.Error(t, d.InSnapshot(ctx, nil, add))
			_, err := d.Exec(ctx, "DELETE FROM shelves")
			return err
		}), "the connection can write again")
		require.Zero(t, count(t.Context()))
	}, shelves)
}

func TestSuspendGuards(t *testing.T) {
	dbtest.OnBoth(t, func(t *testing.T, d *db.DB) {
		_, err := d.SuspendGuards(t.Context())
		require.Error(t, err, "outside a transaction")
		_, err = d.Exec(t.Context(), "INSERT INTO shelves VALUES ('11111111-1111-7111-8111-111111111111', 'new')")
		require.NoError(t, err)
		const addBook = "INSERT INTO books (shelf_id, title) VALUES ('11111111-1111-7111-8111-111111111111', 'a')"
		removeBooks := func(ctx context.Context) error { _, err := d.Exec(ctx, "DELETE FROM books"); return err }
		require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
			resume, err := d.SuspendGuards(ctx)
			require.NoError(t, err)
			_, err = d.Exec(ctx, addBook)
			require.NoError(t, err)
			var name string
			require.NoError(t, d.QueryRow(ctx, "SELECT name FROM shelves", nil, &name))
			require.Equal(t, "filled", name, "triggers that keep an index stay")
			require.NoError(t, removeBooks(ctx))
			return resume(ctx)
		}))
		_, err = d.Exec(t.Context(), addBook)
		require.NoError(t, err)
		require.ErrorContains(t, removeBooks(t.Context()), "books stay")
		if d.Dialect() == db.Postgres {
			var mode string
			require.NoError(t, d.QueryRow(t.Context(), "SELECT tgenabled::text FROM pg_trigger WHERE tgname = 'books_stay'", nil, &mode))
			require.Equal(t, "A", mode, "as the migration has set it")
		}
	}, shelves)
}
