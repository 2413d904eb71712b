package presence

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/migrate"
)

// openDatabase returns an empty SQLite database with the tables of chat.
func openDatabase(t *testing.T) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{Dir: t.TempDir(), MaxConns: 2})
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	migrations, err := migrate.LoadFiles(os.DirFS("../.."))
	require.NoError(t, err)
	runner, err := migrate.NewRunner(d, migrations)
	require.NoError(t, err)
	_, err = runner.Up(t.Context())
	require.NoError(t, err)
	return d
}

// Presence that could not be written is written later.
func TestPresenceOutlivesAnOutage(t *testing.T) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	reachable, unreachable := &store{openDatabase(t)}, &store{openDatabase(t)}
	require.NoError(t, unreachable.db.Close())
	r := NewRegistry(unreachable.db, broadcast.New(nil), clock.System{})
	channelID, uli, olga := ids.New(), ids.New(), ids.New()
	listed := func() (accounts []string) {
		found, err := reachable.listPresent(t.Context(), channelID)
		require.NoError(t, err)
		for _, e := range found {
			accounts = append(accounts, e.UserID)
		}
		return accounts
	}

	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	r.Join(short, channelID, uli)
	r.Join(short, channelID, olga)
	r.write(t.Context(), false)
	require.True(t, r.isEmpty())
	r.store = reachable
	r.write(t.Context(), true)
	require.ElementsMatch(t, []string{uli, olga}, listed())

	r.store = unreachable
	r.Leave(channelID, uli)
	require.Eventually(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.dirty) > 0
	}, 10*leaveDelay, time.Millisecond)
	r.write(t.Context(), false)
	require.ElementsMatch(t, []string{uli, olga}, listed())
	r.store = reachable
	r.removeAll()
	require.Empty(t, listed())
}
