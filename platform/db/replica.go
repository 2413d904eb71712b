package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lyceum/platform/batching"
)

// Bounds of a read replica. A request waits catchUpTime at most for the replica to have what the primary had when the
// request came; then it asks the primary. Requests do not try the replica again for restTime then.
const (
	catchUpTime  = 100 * time.Millisecond
	catchUpPause = 5 * time.Millisecond
	restTime     = time.Second
)

// replica is a PostgreSQL server that follows the primary. Reads go to it that were allowed to by PreferReplica, and only
// if it has everything that was committed when the first of them was made: nobody reads less than before, also not a
// caller whose change went through another process.
type replica struct {
	sql *sql.DB
	// positions asks the primary how far it is, once for all requests that come together.
	positions *batching.Group[*position]
	// primary returns the primary's pool, with which the replica is compared once.
	primary func() *sql.DB
	// isCompared says that the replica was found to follow the primary.
	isCompared atomic.Bool
	// restsUntil is the time in nanoseconds until which the replica is not asked, after it was away or far behind.
	restsUntil atomic.Int64
	// isResting says that the log has been told.
	isResting atomic.Bool
}

// position is the end of the primary's log when it was asked, as PostgreSQL writes it.
type position struct{ end string }

// newReplica returns a replica for a postgres:// URL. It does not connect: reads go to the primary while it is away.
func newReplica(d *DB, url string, maxConns int) (*replica, error) {
	pool, err := openPostgres("DATABASE_REPLICA_URL", Options{URL: url, MaxConns: maxConns})
	if err != nil {
		return nil, err
	}
	r := &replica{sql: pool, primary: func() *sql.DB { return d.sql }}
	r.positions = batching.NewGroup(func(waiting []*position) error {
		ctx, cancel := context.WithTimeout(context.Background(), catchUpTime)
		defer cancel()
		var end string
		err := d.QueryRow(ctx, "SELECT pg_current_wal_flush_lsn()::text", nil, &end)
		for _, p := range waiting {
			p.end = end
		}
		return err
	})
	return r, nil
}

// replicaChoice says, once for a request, where its reads go.
type replicaChoice struct {
	once      sync.Once
	isAllowed bool
}

type replicaKey struct{}

// PreferReplica returns a context whose queries outside transactions may be answered by the read replica, if there is one
// and it is not behind. It is for requests that only read.
func PreferReplica(ctx context.Context) context.Context {
	return context.WithValue(ctx, replicaKey{}, &replicaChoice{})
}

// OnPrimary takes back PreferReplica. It is for what is kept beyond the request: a later change would be missing in it.
func OnPrimary(ctx context.Context) context.Context {
	if ctx.Value(replicaKey{}) == nil {
		return ctx
	}
	return context.WithValue(ctx, replicaKey{}, (*replicaChoice)(nil))
}

// readPool returns the pool for a query outside transactions: that of the replica or that of the primary.
func (d *DB) readPool(ctx context.Context, query string) *sql.DB {
	if d.replica == nil || !strings.HasPrefix(strings.TrimSpace(query), "SELECT") {
		return d.sql
	}
	choice, _ := ctx.Value(replicaKey{}).(*replicaChoice)
	if choice == nil {
		return d.sql
	}
	choice.once.Do(func() { choice.isAllowed = d.replica.hasCaughtUp(ctx) })
	if choice.isAllowed {
		return d.replica.sql
	}
	return d.sql
}

// hasCaughtUp reports whether the replica has everything that is committed now. It waits for that, up to catchUpTime.
func (r *replica) hasCaughtUp(ctx context.Context) bool {
	if time.Now().UnixNano() < r.restsUntil.Load() {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, catchUpTime)
	defer cancel()
	if !r.isCompared.Load() {
		if err := r.compare(ctx); err != nil {
			r.rest(err)
			return false
		}
	}
	var p position
	if err := r.positions.Do(&p); err != nil {
		return false // the primary has a check of its own
	}
	for {
		// A server that follows nobody is the primary itself, or was made one.
		var hasIt bool
		err := r.sql.QueryRowContext(ctx, "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= $1::pg_lsn", p.end).Scan(&hasIt)
		if err == nil && hasIt {
			if r.isResting.Swap(false) {
				slog.Info("the read replica is used again")
			}
			return true
		}
		select {
		case <-ctx.Done():
			r.rest(err)
			return false
		case <-time.After(catchUpPause):
		}
	}
}

// compare returns an error unless the replica has the same database as the primary: a wrong address must not show the data
// of another installation.
func (r *replica) compare(ctx context.Context) error {
	const identity = "SELECT system_identifier::text || ' ' || current_database() FROM pg_control_system()"
	var ours, theirs string
	if err := r.primary().QueryRowContext(ctx, identity).Scan(&ours); err != nil {
		return err
	}
	if err := r.sql.QueryRowContext(ctx, identity).Scan(&theirs); err != nil {
		return err
	}
	if ours != theirs {
		return errors.New("DATABASE_REPLICA_URL: it is another database and follows none of DATABASE_URL")
	}
	r.isCompared.Store(true)
	return nil
}

// CheckReplica returns an error unless the read replica can be used: it answers, follows the primary and is not behind. It
// returns false without one.
func (d *DB) CheckReplica(ctx context.Context) (hasReplica bool, err error) {
	if d.replica == nil {
		return false, nil
	}
	if err := d.replica.compare(ctx); err != nil {
		return true, errors.New(withoutURL(err))
	}
	d.replica.restsUntil.Store(0)
	if !d.replica.hasCaughtUp(ctx) {
		return true, fmt.Errorf("it did not catch up within %s", catchUpTime)
	}
	return true, nil
}

// rest leaves the replica alone for a while.
func (r *replica) rest(err error) {
	r.restsUntil.Store(time.Now().Add(restTime).UnixNano())
	if r.isResting.Swap(true) {
		return
	}
	cause := "it is behind"
	if err != nil {
		cause = withoutURL(err)
	}
	slog.Warn("the read replica is not used, lists are read from the primary", "cause", cause)
}
