package db_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/db"
)

// openWithThings opens a database with the things a, b and c.
func openWithThings(t *testing.T) *db.DB {
	t.Helper()
	d := open(t)
	for _, name := range []string{"a", "b", "c"} {
		n, err := d.Exec(t.Context(), "INSERT INTO things (name) VALUES (?)", name)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
	}
	return d
}

func TestStatementsBesideGORM(t *testing.T) {
	d := openWithThings(t)
	t.Run("one row", func(t *testing.T) {
		var name string
		require.NoError(t,
			d.QueryRow(t.Context(), "SELECT name FROM things WHERE name > ? ORDER BY name", []any{"a"}, &name))
		require.Equal(t, "b", name)
		require.ErrorIs(t, d.QueryRow(t.Context(), "SELECT name FROM things WHERE name = ?", []any{"z"}, &name),
			db.ErrNotFound)
		require.True(t, db.IsNotFound(d.QueryRow(t.Context(), "SELECT name FROM things WHERE name = ?", []any{"z"}, &name)))
	})
	t.Run("many rows, until the first error", func(t *testing.T) {
		var seen []string
		read := func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			seen = append(seen, name)
			return err
		}
		require.NoError(t, d.Query(t.Context(), "SELECT name FROM things ORDER BY name", nil, read))
		require.Equal(t, []string{"a", "b", "c"}, seen)
		enough := errors.New("enough")
		seen = nil
		err := d.Query(t.Context(), "SELECT name FROM things ORDER BY name", nil, func(scan func(...any) error) error {
			return errors.Join(read(scan), enough)
		})
		require.ErrorIs(t, err, enough)
		require.Equal(t, []string{"a"}, seen)
	})
	t.Run("inside a transaction", func(t *testing.T) {
		undo := errors.New("undo")
		require.ErrorIs(t, d.InTx(t.Context(), func(ctx context.Context) error {
			n, err := d.Exec(ctx, "DELETE FROM things")
			require.NoError(t, err)
			require.EqualValues(t, 3, n)
			var left int
			require.NoError(t, d.QueryRow(ctx, "SELECT count(*) FROM things", nil, &left))
			require.Zero(t, left)
			return undo
		}), undo)
		require.Len(t, names(t, d), 3)
	})
	t.Run("what can't be prepared is an error", func(t *testing.T) {
		_, err := d.Exec(t.Context(), "DELETE FROM nothing")
		require.Error(t, err)
		require.Error(t, d.QueryRow(t.Context(), "SELECT x FROM nothing", nil))
		require.Error(t, d.Query(t.Context(), "SELECT x FROM nothing", nil, nil))
	})
	t.Run("they are counted like those of GORM", func(t *testing.T) {
		ctx, n := db.CountStatements(t.Context())
		require.NoError(t, d.InTx(ctx, func(ctx context.Context) error {
			_, err := d.Exec(ctx, "DELETE FROM things WHERE name = ?", "a")
			require.NoError(t, err)
			return add(ctx, d, "a")
		}))
		require.EqualValues(t, 2, n.Load(), "beginning and commit do not count")
	})
}

func TestTransactionsAreTriedAgain(t *testing.T) {
	d := open(t)
	conflict := &pgconn.PgError{Code: "40P01"}
	t.Run("after a deadlock, up to three times", func(t *testing.T) {
		runs := 0
		err := d.InTx(t.Context(), func(context.Context) error { runs++; return conflict })
		require.ErrorIs(t, err, conflict)
		require.Equal(t, 3, runs)
	})
	t.Run("until it succeeds", func(t *testing.T) {
		runs, after := 0, 0
		require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
			db.AfterCommit(ctx, func() { after++ })
			if runs++; runs < 3 {
				return errors.Join(add(ctx, d, "a"), conflict)
			}
			return add(ctx, d, "a")
		}))
		require.Equal(t, []int{3, 1}, []int{runs, after}, "only the last one is committed")
	})
	t.Run("not inside another, which has to begin again itself", func(t *testing.T) {
		inner := 0
		_ = d.InTx(t.Context(), func(ctx context.Context) error {
			_ = d.InTx(ctx, func(context.Context) error { inner++; return conflict })
			return nil
		})
		require.Equal(t, 1, inner)
	})
	t.Run("not for another error", func(t *testing.T) {
		runs := 0
		require.Error(t, d.InTx(t.Context(), func(context.Context) error { runs++; return errors.New("no") }))
		require.Equal(t, 1, runs)
	})
	for _, err := range []error{conflict, &pgconn.PgError{Code: "40001"}, sqlite3.BUSY_SNAPSHOT} {
		require.True(t, db.IsRetryable(err))
	}
	require.False(t, db.IsRetryable(&pgconn.PgError{Code: "23505"}))
}

func TestVersions(t *testing.T) {
	for ifMatch, holds := range map[string]bool{
		"": true, "*": true, " * ": true, `"7"`: true, `"7.abc"`: true, `"6", "7.x"`: true, "7": true,
		`"8"`: false, `"x"`: false, `"77"`: false, `W/"7"`: false, `"7`: true,
	} {
		err := db.CheckVersion(db.ExpectVersion(t.Context(), ifMatch), 7)
		if holds {
			require.NoError(t, err, "%q", ifMatch)
			continue
		}
		fault, ok := apperr.As(err)
		require.True(t, ok, "%q", ifMatch)
		require.Equal(t, apperr.KindPreconditionFailed, fault.Kind, "%q", ifMatch)
	}
	require.NoError(t, db.CheckVersion(t.Context(), 7), "nobody asked")
}

func TestTheEmbeddedFileIsItsOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	d, err := db.Open(t.Context(), db.Options{Dir: dir, MaxConns: 4})
	require.NoError(t, err)
	require.NoError(t, d.Conn(t.Context()).Exec("CREATE TABLE things (name text)").Error)
	info, err := os.Stat(filepath.Join(dir, "lyceum.db"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, d.Ping(t.Context()))
	require.NoError(t, d.Close())
	require.Error(t, d.Ping(t.Context()))
}

func TestAnUnreachableDatabaseIsNamedWithoutItsPassword(t *testing.T) {
	for _, url := range []string{
		"postgres://lyceum:secret@127.0.0.1:1/lyceum", "postgres://lyceum:secret@127.0.0.1:port/x",
		"sqlite:///dev/null/secret/x.db",
	} {
		_, err := db.Open(t.Context(), db.Options{URL: url, MaxConns: 4})
		require.Error(t, err, url)
		require.NotContains(t, err.Error(), ":secret@")
	}
}

func TestErrorsOfConstraints(t *testing.T) {
	require.True(t, db.IsDuplicate(&pgconn.PgError{Code: "23505"}))
	require.True(t, db.IsMissingReference(&pgconn.PgError{Code: "23503"}))
	require.False(t, db.IsDuplicate(&pgconn.PgError{Code: "23503"}))
	require.False(t, db.IsMissingReference(errors.New("no")))
	require.Nil(t, db.ClassifyError(&pgconn.PgError{Code: "23505"}), "a fault of the program")
	require.Nil(t, db.ClassifyError(errors.New("no")))
}

func TestSQLOfEachDatabase(t *testing.T) {
	d := open(t)
	require.Equal(t, db.SQLite, d.Dialect())
	require.Empty(t, d.ForUpdate()+d.SkipLocked(), "a transaction has the database to itself")
	var now int64
	require.NoError(t, d.QueryRow(t.Context(), "SELECT "+d.NowMillis(), nil, &now))
	require.Greater(t, now, int64(1.7e12))
}
