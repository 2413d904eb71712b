package chat

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
	"lyceum/platform/migrate"
)

func TestMigrationsGoUpAndDown(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		d, err := db.Open(t.Context(), s.db)
		require.NoError(t, err)
		defer func() { _ = d.Close() }()
		runner, err := migrate.NewRunner(d, Migrations)
		require.NoError(t, err)
		for range 2 {
			done, err := runner.Up(t.Context())
			require.NoError(t, err)
			require.Len(t, done, len(Migrations))
			_, err = runner.Down(t.Context(), len(Migrations))
			require.NoError(t, err)
		}
	})
}
