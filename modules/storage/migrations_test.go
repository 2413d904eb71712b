package storage

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMigrationsGoDownAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, m := range slices.Backward(Migrations) {
			for _, statement := range m.Down {
				require.NoError(t, w.db.Conn(t.Context()).Exec(statement).Error)
			}
		}
		require.False(t, w.db.Conn(t.Context()).Migrator().HasTable("storage_assets"))
	})
}
