package audit

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

// store reads and writes the tables audit_entries and audit_head. SQLite keeps values of any type
// in any column: what is read is cast, so that a row that was tampered with fails no request and is
// found by Verify.
type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

// maxSeq bounds the numbers that new entries follow. A forged row with the highest number must not
// leave the log without a next one.
const maxSeq = 1 << 62

// isSkewed is true for the value that either database stores for true, and false for any other that
// SQLite may have.
const isSkewed = `CAST(skewed AS text) IN ('1', 'true')`

// selectHead begins a query for the columns of the head.
const selectHead = `SELECT CAST(h.seq AS bigint), CAST(h.hash AS text), CAST(h.mac AS text), CAST(h.at AS bigint), ` + isSkewed + `,
	CAST(h.breaks AS text), `

// lockHead returns the head and the number of the newest entry in the table, and locks the head for
// the rest of the transaction, as entries get their numbers one after another. A head that was
// removed is created anew, without a seal.
func (s *store) lockHead(ctx context.Context) (h head, last int64, err error) {
	query := selectHead + `CAST(coalesce((SELECT max(seq) FROM audit_entries WHERE seq < ?), 0) AS bigint) FROM audit_head h WHERE h.one = 1`
	read := func() error {
		return s.db.QueryRow(ctx, query+s.db.ForUpdate(), []any{int64(maxSeq)}, &h.Seq, &h.Hash, &h.Mac, &h.At,
			&h.Skewed, &h.Breaks, &last)
	}
	if err = read(); !db.IsNotFound(err) {
		return h, last, err
	}
	_, err = s.db.Exec(ctx,
		"INSERT INTO audit_head (one, seq, hash, mac, breaks) VALUES (1, 0, '', '', '') ON CONFLICT (one) DO NOTHING")
	if err != nil {
		return h, last, err
	}
	return h, last, read()
}

// readHead returns the head; db.ErrNotFound if it was removed.
func (s *store) readHead(ctx context.Context) (h head, err error) {
	var one int64
	err = s.db.QueryRow(ctx, selectHead+"1 FROM audit_head h WHERE h.one = 1", nil, &h.Seq, &h.Hash, &h.Mac, &h.At,
		&h.Skewed, &h.Breaks, &one)
	return h, err
}

// newestEntry returns the number, hash and time of the newest entry in the table; the zero entry if
// there is none.
func (s *store) newestEntry(ctx context.Context) (e entry, err error) {
	var ms int64
	err = s.db.QueryRow(ctx, `SELECT CAST(seq AS bigint), CAST(hash AS text), CAST(created_at AS bigint) FROM audit_entries
		WHERE seq < ? ORDER BY seq DESC LIMIT 1`, []any{int64(maxSeq)}, &e.Seq, &e.Hash, &ms)
	if db.IsNotFound(err) || err == nil && e.Seq < 0 {
		return entry{}, nil
	}
	e.CreatedAt = clock.FromMillis(ms)
	return e, err
}

// sealEmptyHead stores the seal of the head if the log has no entries and the head has no seal.
func (s *store) sealEmptyHead(ctx context.Context, mac string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		_, err := s.db.Exec(ctx, `UPDATE audit_head SET mac = ? WHERE one = 1 AND seq = 0 AND hash = '' AND mac = ''
			AND NOT EXISTS (SELECT 1 FROM audit_entries)`, mac)
		return err
	})
}

// extent is what the table has, whatever the head says.
type extent struct {
	Count, First, Last int64
	LastHash           string
}

// readHeadAndExtent returns the head and the extent of the table at the same moment. It returns
// db.ErrNotFound if the head was removed.
func (s *store) readHeadAndExtent(ctx context.Context) (h head, e extent, err error) {
	err = s.db.QueryRow(ctx, selectHead+`(SELECT count(*) FROM audit_entries),
		CAST(coalesce((SELECT min(seq) FROM audit_entries), 1) AS bigint),
		CAST(coalesce((SELECT max(seq) FROM audit_entries), 0) AS bigint),
		CAST(coalesce((SELECT hash FROM audit_entries ORDER BY seq DESC LIMIT 1), '') AS text)
		FROM audit_head h WHERE h.one = 1`, nil,
		&h.Seq, &h.Hash, &h.Mac, &h.At, &h.Skewed, &h.Breaks, &e.Count, &e.First, &e.Last, &e.LastHash)
	return h, e, err
}

// appendEntries inserts entries and stores the head that they lead to.
func (s *store) appendEntries(ctx context.Context, entries []*entry, h head) error {
	const (
		insert = "INSERT INTO audit_entries (" + columns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		move   = "UPDATE audit_head SET seq = ?, hash = ?, mac = ?, at = ?, skewed = ?, breaks = ? WHERE one = 1"
	)
	if len(entries) == 1 && s.db.Dialect() == db.Postgres { // the usual case, in one round trip
		e := entries[0]
		_, err := s.db.Exec(ctx, "WITH inserted AS ("+insert+") "+move,
			e.Seq, e.ID, e.Action, e.ActorID, e.TargetType, e.TargetID, e.IP, e.UserAgent, e.RequestID, e.Data, e.CreatedAt,
			e.PrevHash, e.Hash, h.Seq, h.Hash, h.Mac, h.At, h.Skewed, h.Breaks)
		return err
	}
	if err := s.db.Conn(ctx).CreateInBatches(entries, 200).Error; err != nil {
		return err
	}
	_, err := s.db.Exec(ctx, move, h.Seq, h.Hash, h.Mac, h.At, h.Skewed, h.Breaks)
	return err
}

// entryFilter restricts a list of entries. Empty fields restrict nothing.
type entryFilter struct {
	Action     string
	ActorID    string
	TargetType string
	TargetID   string
	From       *clock.Time // the earliest time
	To         *clock.Time // the first time beyond
}

// buildConditions returns the filter in SQL, each condition after an AND, with its arguments. In a
// log that is ordered by time the bounds of time are looked up as numbers.
func (f entryFilter) buildConditions(isOrdered bool) (sql string, args []any) {
	add := func(condition string, arg any) { sql, args = sql+" AND "+condition, append(args, arg) }
	for _, c := range []struct{ condition, value string }{
		{"action = ?", f.Action}, {"actor_id = ?", f.ActorID}, {"target_type = ?", f.TargetType},
		{"target_id = ?", f.TargetID},
	} {
		if c.value != "" {
			add(c.condition, c.value)
		}
	}
	// The database looks a time up once and then goes by number, whatever other condition there is.
	// The sum keeps it from another plan.
	if f.From != nil && isOrdered {
		add(`seq >= coalesce((SELECT seq FROM audit_entries WHERE created_at >= ? ORDER BY created_at, seq LIMIT 1),
			9223372036854775807)`, f.From.UnixMilli())
	}
	if f.From != nil {
		add("created_at + 0 >= ?", f.From.UnixMilli())
	}
	if f.To != nil && isOrdered {
		add(`seq <= coalesce((SELECT seq FROM audit_entries WHERE created_at < ? ORDER BY created_at DESC, seq DESC LIMIT 1),
			-1)`, f.To.UnixMilli())
	}
	if f.To != nil {
		add("created_at + 0 < ?", f.To.UnixMilli())
	}
	return sql, args
}

// columns are the columns of an entry.
const columns = "seq, id, action, actor_id, target_type, target_id, ip, user_agent, request_id, data, created_at, prev_hash, hash"

// castColumns are the columns of an entry, cast to their types.
const castColumns = `CAST(seq AS bigint), CAST(id AS text), CAST(action AS text), CAST(actor_id AS text),
	CAST(target_type AS text), CAST(target_id AS text), CAST(ip AS text), CAST(user_agent AS text), CAST(request_id AS text),
	CAST(data AS text), CAST(created_at AS bigint), CAST(prev_hash AS text), CAST(hash AS text)`

// isTimeOrdered reports whether the entries have the order of their times. It asks the database
// only if the filter has a time.
func (s *store) isTimeOrdered(ctx context.Context, f entryFilter) (isOrdered bool, err error) {
	if f.From == nil && f.To == nil {
		return true, nil
	}
	err = s.db.QueryRow(ctx, "SELECT NOT "+isSkewed+" FROM audit_head WHERE one = 1", nil, &isOrdered)
	if db.IsNotFound(err) {
		return false, nil
	}
	return isOrdered, err
}

// list returns at most limit entries that match the filter, the newest first: those before a
// number, or from the newest on for 0.
func (s *store) list(ctx context.Context, f entryFilter, before int64, limit int) (found []entry, err error) {
	isOrdered, err := s.isTimeOrdered(ctx, f)
	if err != nil {
		return nil, err
	}
	where, args := f.buildConditions(isOrdered)
	if before > 0 {
		where, args = where+" AND seq < ?", append(args, before)
	}
	query := "SELECT " + castColumns + " FROM audit_entries WHERE TRUE" + where + " ORDER BY seq DESC LIMIT ?"
	err = s.queryEntries(ctx, query, append(args, limit), func(e *entry) error {
		found = append(found, *e)
		return nil
	})
	return found, err
}

// forEachBetween calls fn with at most limit entries that match the filter: those after a number,
// up to last, in their order. The entry is valid until fn returns.
func (s *store) forEachBetween(
	ctx context.Context, f entryFilter, after, last int64, limit int, fn func(*entry) error,
) error {
	isOrdered, err := s.isTimeOrdered(ctx, f)
	if err != nil {
		return err
	}
	where, args := f.buildConditions(isOrdered)
	return s.queryEntries(ctx,
		"SELECT "+castColumns+" FROM audit_entries WHERE seq > ? AND seq <= ?"+where+" ORDER BY seq LIMIT ?",
		append(append([]any{after, last}, args...), limit), fn)
}

// countBetween returns the number of rows between two numbers, both exclusive.
func (s *store) countBetween(ctx context.Context, after, before int64) (n int64, err error) {
	err = s.db.QueryRow(ctx, "SELECT count(*) FROM audit_entries WHERE seq > ? AND seq < ?", []any{after, before}, &n)
	return n, err
}

// countStrays returns the number of rows whose numbers lie outside of 1 to last.
func (s *store) countStrays(ctx context.Context, last int64) (n int64, err error) {
	err = s.db.QueryRow(ctx,
		`SELECT (SELECT count(*) FROM audit_entries) - (SELECT count(*) FROM audit_entries WHERE seq > 0 AND seq <= ?)`,
		[]any{last}, &n)
	return n, err
}

// wellTypedRow is true for a row of SQLite whose values have the types of their columns. No filter
// finds a value of another type.
const wellTypedRow = `typeof(seq) = 'integer' AND typeof(created_at) = 'integer' AND typeof(id) = 'text'
	AND typeof(action) = 'text' AND typeof(target_type) = 'text' AND typeof(target_id) = 'text' AND typeof(ip) = 'text'
	AND typeof(user_agent) = 'text' AND typeof(request_id) = 'text' AND typeof(data) = 'text'
	AND typeof(prev_hash) = 'text' AND typeof(hash) = 'text' AND (actor_id IS NULL OR typeof(actor_id) = 'text' AND actor_id <> '')`

// findFirstMistyped returns the number of the first entry after a number, up to last, that has a
// value of a wrong type; 0 if there is none.
func (s *store) findFirstMistyped(ctx context.Context, after, last int64) (seq int64, err error) {
	if s.db.Dialect() != db.SQLite {
		return 0, nil
	}
	err = s.db.QueryRow(ctx, `SELECT coalesce(min(CAST(seq AS INTEGER) + (typeof(seq) = 'real')), 0) FROM audit_entries
		WHERE seq > ? AND seq <= ? AND NOT (`+wellTypedRow+`)`, []any{after, last}, &seq)
	return seq, err
}

// queryEntries calls fn with each entry that a query for castColumns finds. The entry is valid
// until fn returns.
func (s *store) queryEntries(ctx context.Context, query string, args []any, fn func(*entry) error) error {
	var e entry
	var ms int64
	return s.db.Query(ctx, query, args, func(scan func(...any) error) error {
		err := scan(&e.Seq, &e.ID, &e.Action, &e.ActorID, &e.TargetType, &e.TargetID, &e.IP, &e.UserAgent,
			&e.RequestID, &e.Data,
			&ms, &e.PrevHash, &e.Hash)
		if err != nil {
			return err
		}
		e.CreatedAt = clock.FromMillis(ms)
		return fn(&e)
	})
}

// listByActor returns at most limit entries of an actor after a number, the oldest first.
func (s *store) listByActor(ctx context.Context, actorID string, after int64, limit int) (found []entry, err error) {
	err = s.db.Conn(ctx).Where("actor_id = ? AND seq > ?", actorID, after).Order("seq").Limit(limit).Find(&found).Error
	return found, err
}
