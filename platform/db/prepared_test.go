package db_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/testkit/dbtest"
)

// TestATransactionPreparesNothing guards against statements that are prepared for each use and kept until the commit.
func TestATransactionPreparesNothing(t *testing.T) {
	d := dbtest.Open(t, dbtest.Postgres(t), shelves)
	require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
		for range 3 {
			require.NoError(t, d.Conn(ctx).Exec("UPDATE shelves SET name = ? WHERE name = ?", "a", "b").Error)
		}
		var prepared int
		require.NoError(t, d.QueryRow(ctx, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'UPDATE shelves%' AND name NOT LIKE 'stmtcache%'", nil, &prepared))
		require.Zero(t, prepared)
		return nil
	}))
}

// TestManyStatementsInATransaction runs one long statement again and again, as a restore does. SQLite has 32-bit memory,
// which statements that are kept until the commit would fill.
func TestManyStatementsInATransaction(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t), shelves)
	args := make([]any, 30_000)
	statement := "UPDATE shelves SET name = name WHERE name IN (?" + strings.Repeat(", ?", len(args)-1) + ")"
	require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
		for range 200 {
			if _, err := d.Exec(ctx, statement, args...); err != nil {
				return err
			}
		}
		return nil
	}))
}
