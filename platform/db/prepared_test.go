package db_test

import (
	"context"
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

// TestManyStatementsInATransaction writes with one long statement again and again, as a restore does. SQLite has 32-bit
// memory, which statements that are kept would fill.
func TestManyStatementsInATransaction(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t), shelves)
	statement, args := "INSERT INTO shelves (id, name) VALUES (?, ?)", []any{nil, "n"}
	for range 1999 {
		statement, args = statement+", (?, ?)", append(args, nil, "n")
	}
	require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
		for range 900 {
			if _, err := d.Exec(ctx, statement, args...); err != nil {
				return err
			}
		}
		return nil
	}))
}
