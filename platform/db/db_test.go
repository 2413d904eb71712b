package db_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/migrate"
)

func open(t *testing.T) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{Dir: t.TempDir(), MaxConns: 8})
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	r, err := migrate.NewRunner(d, []migrate.Migration{{ID: "202601010000_test_create_things",
		Up:   []string{"CREATE TABLE things (name {bin} PRIMARY KEY)", "postgres:SELECT nothing_of_the_kind"},
		Down: []string{"DROP TABLE things"}}})
	require.NoError(t, err)
	done, err := r.Up(t.Context())
	require.NoError(t, err)
	require.Len(t, done, 1)
	return d
}

func names(t *testing.T, d *db.DB) (out []string) {
	t.Helper()
	require.NoError(t, d.Conn(t.Context()).Raw("SELECT name FROM things ORDER BY name").Scan(&out).Error)
	return out
}

func add(ctx context.Context, d *db.DB, name string) error {
	return d.Conn(ctx).Exec("INSERT INTO things (name) VALUES (?)", name).Error
}

func TestAFailedSavepointLeavesTheRest(t *testing.T) {
	d := open(t)
	var woken []string
	err := d.InTx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, add(ctx, d, "a"))
		db.AfterCommit(ctx, func() { woken = append(woken, "a") })
		err := d.InTx(ctx, func(ctx context.Context) error {
			require.NoError(t, add(ctx, d, "b"))
			db.AfterCommit(ctx, func() { woken = append(woken, "b") })
			return errors.New("no")
		})
		require.Error(t, err)
		require.Empty(t, woken)
		return d.InTx(ctx, func(ctx context.Context) error {
			db.BeforeCommit(ctx, func(ctx context.Context) error { return add(ctx, d, "last") })
			return add(ctx, d, "c")
		})
	})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "c", "last"}, names(t, d))
	require.Equal(t, []string{"a"}, woken)
}

func TestAnErrorBeforeCommitRollsAllBack(t *testing.T) {
	d := open(t)
	err := d.InTx(t.Context(), func(ctx context.Context) error {
		db.BeforeCommit(ctx, func(context.Context) error { return errors.New("no entry, no change") })
		return add(ctx, d, "a")
	})
	require.Error(t, err)
	require.Empty(t, names(t, d))
}

func TestDuplicatesAreTold(t *testing.T) {
	d := open(t)
	require.NoError(t, add(t.Context(), d, "a"))
	require.True(t, db.IsDuplicate(add(t.Context(), d, "a")))
}

func TestAWriterWaitsNoLongerThanItsContext(t *testing.T) {
	d := open(t)
	held, release := make(chan struct{}), make(chan struct{})
	go func() {
		_ = d.InTx(context.Background(), func(context.Context) error { close(held); <-release; return nil })
	}()
	<-held
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := d.InTx(ctx, func(context.Context) error { return nil })
	close(release)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, apperr.KindUnavailable, db.ClassifyError(err).Kind)
}

func TestMigrationsRefuseRepeatedAndMalformedIDs(t *testing.T) {
	m := migrate.Migration{ID: "202601010000_test_create_things"}
	_, err := migrate.NewRunner(nil, []migrate.Migration{m}, []migrate.Migration{m})
	require.ErrorContains(t, err, "twice")
	_, err = migrate.NewRunner(nil, []migrate.Migration{{ID: "create_things"}})
	require.ErrorContains(t, err, "YYYYMMDDHHMM")
}

func TestDownPastTheFirstIsAnError(t *testing.T) {
	d := open(t)
	r, err := migrate.NewRunner(d,
		[]migrate.Migration{{ID: "202601010000_test_create_things", Down: []string{"DROP TABLE things"}}})
	require.NoError(t, err)
	done, err := r.Down(t.Context(), 2)
	require.Error(t, err)
	require.Equal(t, []string{"202601010000_test_create_things"}, done)
}

func TestClassifyFullDisk(t *testing.T) {
	for _, full := range []error{
		&pgconn.PgError{Code: "53100"}, sqlite3.FULL, sqlite3.IOERR_SHMSIZE, syscall.ENOSPC, syscall.EDQUOT,
		&fs.PathError{Op: "write", Err: syscall.ENOSPC},
	} {
		e := db.ClassifyError(fmt.Errorf("courses: %w", full))
		require.Equal(t, "storage-full", e.Code, "%v", full)
	}
	for _, away := range []error{&pgconn.PgError{Code: "53300"}, sqlite3.IOERR_READ, context.DeadlineExceeded} {
		require.Equal(t, "unavailable", db.ClassifyError(away).Code, "%v", away)
	}
}

// A hint is given whatever a commit returns, as one that was cut off may have succeeded; but not for what was rolled
// back before it.
func TestAfterCommitAttempt(t *testing.T) {
	d := open(t)
	var hints []string
	hint := func(ctx context.Context, name string) {
		db.AfterCommitAttempt(ctx, func() { hints = append(hints, name) })
	}
	hint(t.Context(), "outside")
	require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
		hint(ctx, "committed")
		failed := d.InTx(ctx, func(ctx context.Context) error { hint(ctx, "savepoint"); return errors.New("planted") })
		require.Error(t, failed)
		require.Equal(t, []string{"outside"}, hints)
		return nil
	}))
	require.Error(t, d.InTx(t.Context(), func(ctx context.Context) error {
		hint(ctx, "rolled back")
		return errors.New("planted")
	}))
	cutOff, cancel := context.WithCancel(t.Context())
	require.Error(t, d.InTx(cutOff, func(ctx context.Context) error {
		hint(ctx, "cut off")
		db.AfterCommit(ctx, func() { hints = append(hints, "never") })
		cancel()
		return nil
	}))
	require.Equal(t, []string{"outside", "committed", "cut off"}, hints)
}
