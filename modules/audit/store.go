package audit

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

// maxSeq bounds the numbers that new entries follow: a row far beyond, which nobody but a forger writes, must not leave the
// log without a next number.
const maxSeq = 1 << 62

// isSkewed is true for what either database keeps for true, and no fault for anything else that SQLite may hold.
const isSkewed = `CAST(skewed AS text) IN ('1', 'true')`

// selectHead casts what SQLite, which keeps any type in any column, may hold after somebody has changed it.
const selectHead = `SELECT CAST(h.seq AS bigint), CAST(h.hash AS text), CAST(h.mac AS text), CAST(h.at AS bigint), ` + isSkewed + `, CAST(h.breaks AS text), `

// lockHead reads the head for the rest of the transaction, as entries are numbered one at a time, and the number of the
// newest entry in the table. A head that was removed comes back as an empty one without a seal.
func (s *store) lockHead(ctx context.Context) (h head, last int64, err error) {
	query := selectHead + `CAST(coalesce((SELECT max(seq) FROM audit_entries WHERE seq < ?), 0) AS bigint) FROM audit_head h WHERE h.one = 1`
	read := func() error {
		return s.db.QueryRow(ctx, query+s.db.ForUpdate(), []any{int64(maxSeq)}, &h.Seq, &h.Hash, &h.Mac, &h.At, &h.Skewed, &h.Breaks, &last)
	}
	if err = read(); !db.IsNotFound(err) {
		return h, last, err
	}
	_, err = s.db.Exec(ctx, "INSERT INTO audit_head (one, seq, hash, mac, breaks) VALUES (1, 0, '', '', '') ON CONFLICT (one) DO NOTHING")
	if err != nil {
		return h, last, err
	}
	return h, last, read()
}

// readHead returns the head as it is; ErrNotFound when it was removed.
func (s *store) readHead(ctx context.Context) (h head, err error) {
	var one int64
	err = s.db.QueryRow(ctx, selectHead+"1 FROM audit_head h WHERE h.one = 1", nil, &h.Seq, &h.Hash, &h.Mac, &h.At, &h.Skewed, &h.Breaks, &one)
	return h, err
}

// newestEntry returns number, hash and time of the newest entry in the table, all empty when it has none.
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

// sealEmptyHead gives the head of a log that has not begun its seal.
func (s *store) sealEmptyHead(ctx context.Context, mac string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		_, err := s.db.Exec(ctx, `UPDATE audit_head SET mac = ? WHERE one = 1 AND seq = 0 AND hash = '' AND mac = ''
			AND NOT EXISTS (SELECT 1 FROM audit_entries)`, mac)
		return err
	})
}

// extent is what the table holds, whatever the head says.
type extent struct {
	Count, First, Last int64
	LastHash           string
}

// ends gives the head beside what the table holds at the same moment; ErrNotFound without a head. The casts are for
// SQLite, which would give back whatever somebody has put there.
func (s *store) ends(ctx context.Context) (h head, e extent, err error) {
	err = s.db.QueryRow(ctx, selectHead+`(SELECT count(*) FROM audit_entries),
		CAST(coalesce((SELECT min(seq) FROM audit_entries), 1) AS bigint), CAST(coalesce((SELECT max(seq) FROM audit_entries), 0) AS bigint), CAST(coalesce((SELECT hash FROM audit_entries ORDER BY seq DESC LIMIT 1), '') AS text)
		FROM audit_head h WHERE h.one = 1`, nil, &h.Seq, &h.Hash, &h.Mac, &h.At, &h.Skewed, &h.Breaks, &e.Count, &e.First, &e.Last, &e.LastHash)
	return h, e, err
}

// append writes entries and moves the head behind them.
func (s *store) append(ctx context.Context, entries []*entry, h head) error {
	const (
		insert = "INSERT INTO audit_entries (" + columns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		move   = "UPDATE audit_head SET seq = ?, hash = ?, mac = ?, at = ?, skewed = ?, breaks = ? WHERE one = 1"
	)
	if len(entries) == 1 && s.db.Dialect() == db.Postgres { // nearly always: then it is one round trip
		e := entries[0]
		_, err := s.db.Exec(ctx, "WITH kept AS ("+insert+") "+move, e.Seq, e.ID, e.Action, e.ActorID, e.TargetType, e.TargetID, e.IP, e.UserAgent,
			e.RequestID, e.Data, e.CreatedAt, e.PrevHash, e.Hash, h.Seq, h.Hash, h.Mac, h.At, h.Skewed, h.Breaks)
		return err
	}
	if err := s.db.Conn(ctx).CreateInBatches(entries, 200).Error; err != nil {
		return err
	}
	_, err := s.db.Exec(ctx, move, h.Seq, h.Hash, h.Mac, h.At, h.Skewed, h.Breaks)
	return err
}

type filter struct {
	Action     string
	ActorID    string
	TargetType string
	TargetID   string
	From       *clock.Time
	To         *clock.Time
}

// where is the filter in SQL, each part after an AND. In an even log numbers run like times.
func (f filter) where(even bool) (sql string, args []any) {
	add := func(condition string, arg any) { sql, args = sql+" AND "+condition, append(args, arg) }
	for _, c := range []struct{ condition, value string }{
		{"action = ?", f.Action}, {"actor_id = ?", f.ActorID}, {"target_type = ?", f.TargetType}, {"target_id = ?", f.TargetID},
	} {
		if c.value != "" {
			add(c.condition, c.value)
		}
	}
	// A time is looked up once and the rest goes by number, whatever else is asked for; the sum keeps the databases from
	// another plan.
	if f.From != nil && even {
		add("seq >= coalesce((SELECT seq FROM audit_entries WHERE created_at >= ? ORDER BY created_at, seq LIMIT 1), 9223372036854775807)", f.From.UnixMilli())
	}
	if f.From != nil {
		add("created_at + 0 >= ?", f.From.UnixMilli())
	}
	if f.To != nil && even {
		add("seq <= coalesce((SELECT seq FROM audit_entries WHERE created_at < ? ORDER BY created_at DESC, seq DESC LIMIT 1), -1)", f.To.UnixMilli())
	}
	if f.To != nil {
		add("created_at + 0 < ?", f.To.UnixMilli())
	}
	return sql, args
}

const columns = "seq, id, action, actor_id, target_type, target_id, ip, user_agent, request_id, data, created_at, prev_hash, hash"

// castColumns are the columns as their types, which SQLite does not hold anybody to: a row that was tampered with is listed
// and found by verify, and fails no request.
const castColumns = "CAST(seq AS bigint), CAST(id AS text), CAST(action AS text), CAST(actor_id AS text), CAST(target_type AS text), CAST(target_id AS text), " +
	"CAST(ip AS text), CAST(user_agent AS text), CAST(request_id AS text), CAST(data AS text), CAST(created_at AS bigint), CAST(prev_hash AS text), CAST(hash AS text)"

// even says whether numbers run like times, where that is worth a question.
func (s *store) even(ctx context.Context, f filter) (even bool, err error) {
	if f.From == nil && f.To == nil {
		return true, nil
	}
	err = s.db.QueryRow(ctx, "SELECT NOT "+isSkewed+" FROM audit_head WHERE one = 1", nil, &even)
	if db.IsNotFound(err) {
		return false, nil
	}
	return even, err
}

// list gives a page of what the filter lets through, the newest first.
func (s *store) list(ctx context.Context, f filter, before int64, limit int) (found []entry, err error) {
	even, err := s.even(ctx, f)
	if err != nil {
		return nil, err
	}
	where, args := f.where(even)
	if before > 0 {
		where, args = where+" AND seq < ?", append(args, before)
	}
	err = s.rows(ctx, "SELECT "+castColumns+" FROM audit_entries WHERE TRUE"+where+" ORDER BY seq DESC LIMIT ?", append(args, limit), func(e *entry) error {
		found = append(found, *e)
		return nil
	})
	return found, err
}

// each hands up to limit entries after one, up to another, to fn in order. The entry is fn's until it returns.
func (s *store) each(ctx context.Context, f filter, after, last int64, limit int, fn func(*entry) error) error {
	even, err := s.even(ctx, f)
	if err != nil {
		return err
	}
	where, args := f.where(even)
	return s.rows(ctx, "SELECT "+castColumns+" FROM audit_entries WHERE seq > ? AND seq <= ?"+where+" ORDER BY seq LIMIT ?",
		append(append([]any{after, last}, args...), limit), fn)
}

// countBetween counts the rows between two numbers, both exclusive.
func (s *store) countBetween(ctx context.Context, after, before int64) (n int64, err error) {
	err = s.db.QueryRow(ctx, "SELECT count(*) FROM audit_entries WHERE seq > ? AND seq < ?", []any{after, before}, &n)
	return n, err
}

// countStrays counts the rows that stand outside the numbers 1 to last.
func (s *store) countStrays(ctx context.Context, last int64) (n int64, err error) {
	err = s.db.QueryRow(ctx, `SELECT (SELECT count(*) FROM audit_entries) - (SELECT count(*) FROM audit_entries WHERE seq > 0 AND seq <= ?)`,
		[]any{last}, &n)
	return n, err
}

// sound is what SQLite, which takes any type in any column, would have to be asked of every row: values of another type
// than ours are found by nobody's filter.
const sound = `typeof(seq) = 'integer' AND typeof(created_at) = 'integer' AND typeof(id) = 'text' AND typeof(action) = 'text' AND typeof(target_type) = 'text'
	AND typeof(target_id) = 'text' AND typeof(ip) = 'text' AND typeof(user_agent) = 'text' AND typeof(request_id) = 'text' AND typeof(data) = 'text'
	AND typeof(prev_hash) = 'text' AND typeof(hash) = 'text' AND (actor_id IS NULL OR typeof(actor_id) = 'text' AND actor_id <> '')`

// firstUnsound gives the first entry after one, up to another, that holds a value of a wrong type; 0 when there is none.
func (s *store) firstUnsound(ctx context.Context, after, last int64) (seq int64, err error) {
	if s.db.Dialect() != db.SQLite {
		return 0, nil
	}
	err = s.db.QueryRow(ctx, "SELECT coalesce(min(CAST(seq AS INTEGER) + (typeof(seq) = 'real')), 0) FROM audit_entries WHERE seq > ? AND seq <= ? AND NOT ("+sound+")", []any{after, last}, &seq)
	return seq, err
}

func (s *store) rows(ctx context.Context, query string, args []any, fn func(*entry) error) error {
	var e entry
	var ms int64
	return s.db.Query(ctx, query, args, func(scan func(...any) error) error {
		err := scan(&e.Seq, &e.ID, &e.Action, &e.ActorID, &e.TargetType, &e.TargetID, &e.IP, &e.UserAgent, &e.RequestID, &e.Data, &ms, &e.PrevHash, &e.Hash)
		if err != nil {
			return err
		}
		e.CreatedAt = clock.FromMillis(ms)
		return fn(&e)
	})
}

// of gives the next entries of what an account did, in order.
func (s *store) of(ctx context.Context, actorID string, after int64, limit int) (found []entry, err error) {
	err = s.db.Conn(ctx).Where("actor_id = ? AND seq > ?", actorID, after).Order("seq").Limit(limit).Find(&found).Error
	return found, err
}
