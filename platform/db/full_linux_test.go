package db_test

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
	"lyceum/platform/testkit"
)

// A real SQLite file reports a write that finds no room, rolls the transaction back and works again later.
func TestFullDiskOfSQLite(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a file system needs root")
	}
	dir := testkit.NewDisk(t, "1m").Dir
	d, err := db.Open(t.Context(), db.Options{Dir: dir, MaxConns: 8})
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	require.NoError(t, d.Conn(t.Context()).Exec("CREATE TABLE things (name text)").Error)
	for err == nil {
		err = d.InTx(t.Context(), func(ctx context.Context) error { return add(ctx, d, strings.Repeat("x", 8000)) })
	}
	require.Equal(t, "storage-full", db.ClassifyError(err).Code, "%v", err)
	stored := len(names(t, d))
	require.Error(t,
		d.InTx(t.Context(), func(ctx context.Context) error { return add(ctx, d, strings.Repeat("x", 8000)) }))
	require.NoError(t, syscall.Mount("", dir, "tmpfs", syscall.MS_REMOUNT, "size=8m"))
	require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error { return add(ctx, d, "x") }))
	require.Len(t, names(t, d), stored+1)
}
