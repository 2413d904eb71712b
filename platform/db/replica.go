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

	"github.com/jackc/pgx/v5"

	"lyceum/platform/batching"
)

// Bounds of a read replica. A request waits catchUpTime at most for the replica to have what the primary had when the
// request came; then it asks the primary. Requests do not try the replica again for restTime then.
const (
	catchUpTime  = 100 * time.Millisecond
	catchUpPause = 5 * time.Millisecond
	restTime     = time.Second
)

// replica is a PostgreSQL server that follows the primary. Reads go to it that were allowed to by
// PreferReplica, and only if it has everything that was committed when the first of them was made: nobody reads
// less than before, also not a caller whose change went through another process.
type replica struct {
	sql *sql.DB
	// positions asks the primary how far it is, once for all requests that come together.
	positions *batching.Group[*position]
	// primary returns the primary's pool, with which the replica is compared once.
	primary func() *sql.DB
	// isCompared says that the replica was found to have the database of the primary, and isSameServer that it is the
	// primary itself.
	isCompared   atomic.Bool
	isSameServer atomic.Bool
	// restsUntil is the time in nanoseconds until which the replica is not asked, after it was away or far behind.
	restsUntil atomic.Int64
	// isUnused says that the log has been told that it rests.
	isUnused atomic.Bool
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

// replicaChoice says, once for a request, whether its reads may go to the replica, and what it must have for that.
type replicaChoice struct {
	once      sync.Once
	isAllowed bool
	// end is the end of the primary's log when the first read was made.
	end string
}

type replicaKey struct{}

// PreferReplica returns a context whose queries outside transactions may be answered by the read replica, if
// there is one and it is not behind. It is for requests that only read.
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

// errBehind means that a connection to the replica does not have what it must have.
var errBehind = errors.New("it is behind")

// withReader calls read with a connection for a query outside transactions: one to the replica that has caught
// up, else one to the primary. If the replica fails before read has begun to hand rows on, as canRepeat tells,
// the primary answers.
func (d *DB) withReader(ctx context.Context, query string, read func(*pgx.Conn) error, canRepeat func() bool) error {
	choice := d.replicaFor(ctx, query)
	if choice == nil {
		return d.withPgx(ctx, d.sql, read)
	}
	// On the connection of the query: an address may lead to several servers.
	err := d.withPgx(ctx, d.replica.sql, func(conn *pgx.Conn) error {
		if err := d.replica.awaitCatchUp(ctx, conn, choice.end); err != nil {
			return err
		}
		return read(conn)
	})
	if err == nil {
		d.replica.noteUsed()
		return nil
	}
	if errors.Is(err, pgx.ErrNoRows) || !canRepeat() || ctx.Err() != nil {
		return err
	}
	d.replica.rest(err)
	return d.withPgx(ctx, d.sql, read)
}

// replicaFor returns what the replica must have for a query with ctx, or nil if the query belongs to the primary.
func (d *DB) replicaFor(ctx context.Context, query string) *replicaChoice {
	if d.replica == nil || !strings.HasPrefix(strings.TrimSpace(query), "SELECT") {
		return nil
	}
	choice, _ := ctx.Value(replicaKey{}).(*replicaChoice)
	if choice == nil {
		return nil
	}
	choice.once.Do(func() { choice.isAllowed, choice.end = d.replica.mayAnswer(ctx) })
	if !choice.isAllowed || d.replica.isResting() {
		return nil
	}
	return choice
}

// isResting reports whether the replica is left alone for now.
func (r *replica) isResting() bool { return time.Now().UnixNano() < r.restsUntil.Load() }

// mayAnswer reports whether the replica may be asked now, and the end of the primary's log, which it must have.
func (r *replica) mayAnswer(ctx context.Context) (ok bool, end string) {
	if r.isResting() {
		return false, ""
	}
	ctx, cancel := context.WithTimeout(ctx, catchUpTime)
	defer cancel()
	if !r.isCompared.Load() {
		if err := r.compare(ctx); err != nil {
			r.rest(err)
			return false, ""
		}
	}
	var p position
	err := r.positions.Do(&p) // an error of the primary has a check of its own
	return err == nil, p.end
}

// awaitCatchUp waits until the server of a connection has everything up to end, for catchUpTime at most. A server that
// follows nobody was made a primary: what it has is no copy any more, unless it is the primary itself.
func (r *replica) awaitCatchUp(ctx context.Context, conn *pgx.Conn, end string) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpTime)
	defer cancel()
	for {
		var follows, hasIt bool
		const query = "SELECT pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, FALSE)"
		err := conn.QueryRow(ctx, query, end).Scan(&follows, &hasIt)
		switch {
		case err != nil:
			return err
		case !follows && r.isSameServer.Load():
			return nil
		case !follows:
			r.isCompared.Store(false)
			return errors.New("it follows no other server any more")
		case hasIt:
			return nil
		}
		select {
		case <-ctx.Done():
			return errBehind
		case <-time.After(catchUpPause):
		}
	}
}

// noteUsed says in the log that the replica is used again after a rest.
func (r *replica) noteUsed() {
	if r.isUnused.Load() && r.isUnused.Swap(false) {
		slog.Info("the read replica is used again")
	}
}

// compare returns an error unless the replica has the same database as the primary and follows it: a wrong address must
// not show the data of another installation, nor those of a server that has gone its own way.
func (r *replica) compare(ctx context.Context) error {
	const identity = `SELECT system_identifier::text || ' ' || current_database(), pg_postmaster_start_time()::text,
		pg_is_in_recovery() FROM pg_control_system()`
	var ours, theirs struct {
		database, started string
		follows           bool
	}
	if err := r.primary().QueryRowContext(ctx, identity).Scan(&ours.database, &ours.started, &ours.follows); err != nil {
		return err
	}
	if err := r.sql.QueryRowContext(ctx, identity).Scan(&theirs.database, &theirs.started, &theirs.follows); err != nil {
		return err
	}
	isSame := ours == theirs
	if ours.database != theirs.database || !isSame && !theirs.follows {
		return errors.New("DATABASE_REPLICA_URL: it is another database and does not follow that of DATABASE_URL")
	}
	r.isSameServer.Store(isSame)
	r.isCompared.Store(true)
	return nil
}

// CheckReplica returns an error unless the read replica can be used: it answers, follows the primary and is not
// behind. It returns false without one.
func (d *DB) CheckReplica(ctx context.Context) (hasReplica bool, err error) {
	if d.replica == nil {
		return false, nil
	}
	if err := d.replica.compare(ctx); err != nil {
		return true, errors.New(withoutURL(err))
	}
	var p position
	if err := d.replica.positions.Do(&p); err != nil {
		return true, err
	}
	err = d.withPgx(ctx, d.replica.sql, func(conn *pgx.Conn) error { return d.replica.awaitCatchUp(ctx, conn, p.end) })
	if errors.Is(err, errBehind) {
		err = fmt.Errorf("it did not catch up within %s", catchUpTime)
	}
	return true, err
}

// rest leaves the replica alone for a while, and compares it anew then: its address may lead to another server.
func (r *replica) rest(err error) {
	r.restsUntil.Store(time.Now().Add(restTime).UnixNano())
	r.isCompared.Store(false)
	if !r.isUnused.Swap(true) {
		slog.Warn("the read replica is not used, lists are read from the primary", "cause", withoutURL(err))
	}
}
