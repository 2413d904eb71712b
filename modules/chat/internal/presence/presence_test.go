package presence

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// openSQLite returns an embedded database with the tables of chat.
func openSQLite(t *testing.T) *db.DB {
	t.Helper()
	return dbtest.Open(t, dbtest.SQLite(t), dbtest.ReadMigrations(t, "../.."))
}

// onBoth runs a test on an empty database of either kind.
func onBoth(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	dbtest.OnBoth(t, test, dbtest.ReadMigrations(t, "../.."))
}

// run runs a registry until the returned function is called.
func run(t *testing.T, r *Registry) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(stop)
	return stop
}

// listAccounts returns the accounts that are present in a channel.
func listAccounts(t *testing.T, s *store, channelID string) (accounts []string) {
	t.Helper()
	found, err := s.listPresent(t.Context(), channelID)
	require.NoError(t, err)
	for _, e := range found {
		accounts = append(accounts, e.UserID)
	}
	return accounts
}

func TestPresenceOverReplicas(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		bus := broadcast.New(nil)
		signals := make(chan string, 100)
		bus.Subscribe(Topic, func(channelID string) { signals <- channelID })
		here, there := NewRegistry(d, bus, clock.System{}), NewRegistry(d, bus, clock.System{})
		run(t, here)
		stopThere := run(t, there)
		channelID, uli, olga := ids.New(), ids.New(), ids.New()
		list := func() []string { return listAccounts(t, here.store, channelID) }

		here.Join(t.Context(), channelID, uli)
		require.Equal(t, []string{uli}, list(), "Join waits until others see the account")
		require.Equal(t, channelID, <-signals)
		there.Join(t.Context(), channelID, uli)
		there.Join(t.Context(), channelID, olga)
		require.Equal(t, []string{uli, olga}, list(), "an account on two replicas is listed once")
		require.Empty(t, listAccounts(t, here.store, ids.New()))

		here.Join(t.Context(), channelID, uli)
		here.Leave(channelID, uli)
		here.Leave(channelID, uli)
		require.Eventually(t, func() bool {
			var rows int64
			err := d.Conn(t.Context()).Table("chat_presence").Where("replica_id = ?", here.replicaID).Count(&rows).Error
			return err == nil && rows == 0
		}, 10*time.Second, 10*time.Millisecond)
		require.Equal(t, []string{uli, olga}, list(), "the account is still on the other replica")
		stopThere()
		require.Empty(t, list(), "a replica that stops removes everybody")
	})
}

// A page that is loaded anew closes its socket and opens another.
func TestReloadIsNoLeave(t *testing.T) {
	d := openSQLite(t)
	bus := broadcast.New(nil)
	signals := make(chan string, 100)
	bus.Subscribe(Topic, func(channelID string) { signals <- channelID })
	r := NewRegistry(d, bus, clock.System{})
	run(t, r)
	channelID, uli := ids.New(), ids.New()
	r.Join(t.Context(), channelID, uli)
	<-signals
	r.Leave(channelID, uli)
	r.Join(t.Context(), channelID, uli)
	select {
	case <-signals:
		t.Error("the reload was announced")
	case <-time.After(2 * leaveDelay):
	}
	require.Equal(t, []string{uli}, listAccounts(t, r.store, channelID))
}

func TestDeadReplicasDoNotCount(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		r := NewRegistry(d, broadcast.New(nil), clock.System{})
		channelID, uli := ids.New(), ids.New()
		short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		r.Join(short, channelID, uli)
		r.write(t.Context(), false)
		require.Equal(t, []string{uli}, listAccounts(t, r.store, channelID))
		count := func(table string) (n int64) {
			require.NoError(t, d.Conn(t.Context()).Table(table).Count(&n).Error)
			return n
		}
		age := func(by time.Duration) {
			at := time.Now().Add(-by).UnixMilli()
			require.NoError(t, d.Conn(t.Context()).Exec("UPDATE chat_replicas SET seen_at = ?", at).Error)
		}
		age(replicaLife + time.Second)
		require.Empty(t, listAccounts(t, r.store, channelID))
		require.NoError(t, r.RemoveDeadReplicas(t.Context()))
		require.EqualValues(t, 1, count("chat_presence"), "it may come back")
		age(10 * replicaLife)
		require.NoError(t, r.RemoveDeadReplicas(t.Context()))
		require.Zero(t, count("chat_presence"))
		require.Zero(t, count("chat_replicas"))

		r.write(t.Context(), true)
		require.Equal(t, []string{uli}, listAccounts(t, r.store, channelID), "it was only slow, and writes everybody again")
	})
}

// Presence that could not be written is written later.
func TestPresenceOutlivesAnOutage(t *testing.T) {
	reachable, unreachable := &store{openSQLite(t)}, &store{openSQLite(t)}
	require.NoError(t, unreachable.db.Close())
	r := NewRegistry(unreachable.db, broadcast.New(nil), clock.System{})
	channelID, uli, olga := ids.New(), ids.New(), ids.New()
	list := func() []string { return listAccounts(t, reachable, channelID) }

	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	r.Join(short, channelID, uli)
	r.Join(short, channelID, olga)
	r.write(t.Context(), false)
	require.True(t, r.isEmpty())
	r.store = reachable
	r.write(t.Context(), true)
	require.ElementsMatch(t, []string{uli, olga}, list())

	r.store = unreachable
	r.Leave(channelID, uli)
	require.Eventually(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.dirty) > 0
	}, 10*leaveDelay, time.Millisecond)
	r.write(t.Context(), false)
	require.ElementsMatch(t, []string{uli, olga}, list())
	r.store = reachable
	r.removeAll()
	require.Empty(t, list())
}
