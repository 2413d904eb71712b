package db_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
	"lyceum/platform/testkit/dbtest"
)

func TestRemoveRows(t *testing.T) {
	dbtest.OnBoth(t, func(t *testing.T, d *db.DB) {
		require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
			for i := range 2100 {
				id := fmt.Sprintf("00000000-0000-7000-8000-%012d", i)
				if _, err := d.Exec(ctx, "INSERT INTO shelves VALUES (?, ?)", id, fmt.Sprint(i%2)); err != nil {
					return err
				}
			}
			return nil
		}))
		removed, err := d.RemoveRows(t.Context(), "shelves", "name = ?", "1")
		require.NoError(t, err)
		require.EqualValues(t, 1050, removed, "more than one group")
		removed, err = d.RemoveRows(t.Context(), "shelves", "name = ?", "1")
		require.NoError(t, err)
		require.Zero(t, removed)
		if d.Dialect() == db.SQLite {
			return
		}
		// Somebody holds a row: it is left for the next time.
		require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
			_, err := d.Exec(ctx, "UPDATE shelves SET name = '0' WHERE id = '00000000-0000-7000-8000-000000000000'")
			require.NoError(t, err)
			removed, err := d.RemoveRows(t.Context(), "shelves", "name = '0'")
			require.EqualValues(t, 1049, removed)
			return err
		}))
	}, shelves)
}
