package db_test

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

// portOf returns the port of the server that answers a query.
func portOf(ctx context.Context, t *testing.T, d *db.DB) string {
	t.Helper()
	var port int
	require.NoError(t, d.QueryRow(ctx, "SELECT inet_server_port()", nil, &port))
	return strconv.Itoa(port)
}

// addShelf adds a row and returns its id.
func addShelf(t *testing.T, d *db.DB, n int) (id string) {
	t.Helper()
	id = fmt.Sprintf("00000000-0000-7000-8000-%012d", n)
	_, err := d.Exec(t.Context(), "INSERT INTO shelves VALUES (?, 'new')", id)
	require.NoError(t, err)
	return id
}

// requireShelf checks that a list has a row.
func requireShelf(ctx context.Context, t *testing.T, d *db.DB, id string) {
	t.Helper()
	var name string
	require.NoError(t, d.QueryRow(ctx, "SELECT name FROM shelves WHERE id = ?", []any{id}, &name), id)
}

// TestReplica has a server that follows another one answer reads, and nobody reads less than what was committed before,
// whatever happens to it.
func TestReplica(t *testing.T) {
	primary := testkit.OwnPostgres(t)
	follower := testkit.OwnReplica(t, primary)
	_, primaryPort, _ := net.SplitHostPort(primary.Addr)
	_, followerPort, _ := net.SplitHostPort(follower.Addr)
	d := dbtest.Open(t, db.Options{URL: primary.URL, ReplicaURL: follower.URL, MaxConns: 8}, shelves)
	other := dbtest.Open(t, db.Options{URL: primary.URL, MaxConns: 8}, shelves)
	list := func() context.Context { return db.PreferReplica(t.Context()) } // each request has its own
	usesFollower := func() bool { return portOf(list(), t, d) == followerPort }
	require.Eventually(t, usesFollower, 30*time.Second, 50*time.Millisecond, "once it has caught up")

	t.Run("only what was allowed to", func(t *testing.T) {
		require.Equal(t, primaryPort, portOf(t.Context(), t, d))
		require.Equal(t, primaryPort, portOf(db.OnPrimary(list()), t, d))
		require.NoError(t, d.InTx(list(), func(ctx context.Context) error {
			require.Equal(t, primaryPort, portOf(ctx, t, d))
			return nil
		}))
		var id string
		require.NoError(t, d.QueryRow(list(), "INSERT INTO shelves VALUES ('00000000-0000-7000-8000-999999999999', 'n') RETURNING id", nil, &id))
	})
	t.Run("what another process has committed is there", func(t *testing.T) {
		fromFollower := 0
		for n := range 200 {
			id, ctx := addShelf(t, other, n), list()
			requireShelf(ctx, t, d, id)
			if portOf(ctx, t, d) == followerPort {
				fromFollower++
			}
		}
		require.Positive(t, fromFollower)
		t.Logf("%d of 200 lists were read from the replica", fromFollower)
	})
	onFollower := func(statement string) {
		direct := dbtest.Open(t, db.Options{URL: follower.URL, MaxConns: 2}, shelves)
		require.NoError(t, direct.ExecSchema(t.Context(), statement))
	}
	t.Run("it is behind", func(t *testing.T) {
		onFollower("SELECT pg_wal_replay_pause()")
		id := addShelf(t, other, 1000)
		begun := time.Now()
		requireShelf(list(), t, d, id)
		require.Less(t, time.Since(begun), time.Second)
		for n := range 20 {
			requireShelf(list(), t, d, addShelf(t, other, 1001+n))
		}
		onFollower("SELECT pg_wal_replay_resume()")
		require.Eventually(t, usesFollower, 30*time.Second, 50*time.Millisecond, "used again")
	})
	t.Run("it hangs", func(t *testing.T) {
		follower.Freeze()
		begun := time.Now()
		requireShelf(list(), t, d, addShelf(t, other, 2000))
		require.Less(t, time.Since(begun), time.Second)
		follower.Thaw()
		require.Eventually(t, usesFollower, 30*time.Second, 50*time.Millisecond)
	})
	t.Run("it is killed and comes back", func(t *testing.T) {
		follower.Kill()
		for n := range 20 {
			requireShelf(list(), t, d, addShelf(t, other, 3000+n))
		}
		follower.Start()
		require.Eventually(t, usesFollower, 30*time.Second, 50*time.Millisecond)
	})
}

// TestAPromotedReplicaIsNotUsed makes a primary of a server that has followed one. What it has is no copy any more.
func TestAPromotedReplicaIsNotUsed(t *testing.T) {
	primary := testkit.OwnPostgres(t)
	follower := testkit.OwnReplica(t, primary)
	_, primaryPort, _ := net.SplitHostPort(primary.Addr)
	_, followerPort, _ := net.SplitHostPort(follower.Addr)
	d := dbtest.Open(t, db.Options{URL: primary.URL, ReplicaURL: follower.URL, MaxConns: 8}, shelves)
	port := func() string { return portOf(db.PreferReplica(t.Context()), t, d) }
	require.Eventually(t, func() bool { return port() == followerPort }, 30*time.Second, 50*time.Millisecond)
	direct := dbtest.Open(t, db.Options{URL: follower.URL, MaxConns: 2}, shelves)
	require.NoError(t, direct.ExecSchema(t.Context(), "SELECT pg_promote()"))
	n := 0
	// For longer than it rests: it is looked at again.
	require.Never(t, func() bool {
		n++
		requireShelf(db.PreferReplica(t.Context()), t, d, addShelf(t, d, n))
		return port() != primaryPort
	}, 2500*time.Millisecond, 100*time.Millisecond)
	_, err := d.CheckReplica(t.Context())
	require.ErrorContains(t, err, "does not follow")
}

func TestAReplicaThatIsAwayAtTheStart(t *testing.T) {
	o := dbtest.Postgres(t)
	o.ReplicaURL = "postgres://me:secret@127.0.0.1:1/x"
	d := dbtest.Open(t, o, shelves)
	requireShelf(db.PreferReplica(t.Context()), t, d, addShelf(t, d, 1))
	o.ReplicaURL = o.URL
	d = dbtest.Open(t, o, shelves)
	requireShelf(db.PreferReplica(t.Context()), t, d, addShelf(t, d, 2))
	has, err := d.CheckReplica(t.Context())
	require.True(t, has)
	require.NoError(t, err)
	o.ReplicaURL = dbtest.Postgres(t).URL
	d = dbtest.Open(t, o, shelves)
	requireShelf(db.PreferReplica(t.Context()), t, d, addShelf(t, d, 3))
	_, err = d.CheckReplica(t.Context())
	require.ErrorContains(t, err, "another database")
	o.ReplicaURL = "postgres://%zz"
	_, err = db.Open(t.Context(), o)
	require.ErrorContains(t, err, "DATABASE_REPLICA_URL")
}
