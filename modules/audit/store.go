package audit

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

// lockHead reads the head for the rest of the transaction: entries are numbered one at a time.
func (s *store) lockHead(ctx context.Context) (h head, err error) {
	err = s.db.QueryRow(ctx, "SELECT seq, hash, mac, at FROM audit_head WHERE one = 1"+s.db.ForUpdate(), nil, &h.Seq, &h.Hash, &h.Mac, &h.At)
	return h, err
}

// ends gives the head beside the newest entry that there is at the same moment, of which the number and hash are known
// then; ErrNotFound without a head.
func (s *store) ends(ctx context.Context) (h head, last Anchor, err error) {
	err = s.db.QueryRow(ctx, `SELECT h.seq, h.hash, h.mac, coalesce((SELECT max(seq) FROM audit_entries), 0),
		coalesce((SELECT hash FROM audit_entries ORDER BY seq DESC LIMIT 1), '') FROM audit_head h WHERE h.one = 1`, nil,
		&h.Seq, &h.Hash, &h.Mac, &last.Seq, &last.Hash)
	return h, last, err
}

func (s *store) count(ctx context.Context) (n int64, err error) {
	return n, s.db.QueryRow(ctx, "SELECT count(*) FROM audit_entries", nil, &n)
}

// append writes entries and moves the head behind them.
func (s *store) append(ctx context.Context, entries []*entry, h head) error {
	const (
		insert = `INSERT INTO audit_entries (seq, id, action, actor_id, target_type, target_id, ip, user_agent, request_id, data, created_at,
			prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
		move = "UPDATE audit_head SET seq = ?, hash = ?, mac = ?, at = ? WHERE one = 1"
	)
	if len(entries) == 1 && s.db.Dialect() == db.Postgres { // nearly always: then it is one round trip
		e := entries[0]
		_, err := s.db.Exec(ctx, "WITH kept AS ("+insert+") "+move, e.Seq, e.ID, e.Action, e.ActorID, e.TargetType, e.TargetID, e.IP, e.UserAgent,
			e.RequestID, e.Data, e.CreatedAt, e.PrevHash, e.Hash, h.Seq, h.Hash, h.Mac, h.At)
		return err
	}
	if err := s.db.Conn(ctx).CreateInBatches(entries, 200).Error; err != nil {
		return err
	}
	_, err := s.db.Exec(ctx, move, h.Seq, h.Hash, h.Mac, h.At)
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

// where is the filter in SQL, each part after an AND.
func (f filter) where() (sql string, args []any) {
	add := func(condition string, arg any) { sql, args = sql+" AND "+condition, append(args, arg) }
	for _, c := range []struct{ condition, value string }{
		{"action = ?", f.Action}, {"actor_id = ?", f.ActorID}, {"target_type = ?", f.TargetType}, {"target_id = ?", f.TargetID},
	} {
		if c.value != "" {
			add(c.condition, c.value)
		}
	}
	// Numbers run like times, so a time is looked up once and the rest goes by number, whatever else is asked for; the sum
	// keeps the databases from another plan.
	if f.From != nil {
		add("seq >= coalesce((SELECT seq FROM audit_entries WHERE created_at >= ? ORDER BY created_at, seq LIMIT 1), 9223372036854775807)", f.From.Millis())
		add("created_at + 0 >= ?", f.From.Millis())
	}
	if f.To != nil {
		add("seq <= coalesce((SELECT seq FROM audit_entries WHERE created_at < ? ORDER BY created_at DESC, seq DESC LIMIT 1), -1)", f.To.Millis())
		add("created_at + 0 < ?", f.To.Millis())
	}
	return sql, args
}

const columns = "seq, id, action, actor_id, target_type, target_id, ip, user_agent, request_id, data, created_at, prev_hash, hash"

// list gives a page of what the filter lets through, the newest first.
func (s *store) list(ctx context.Context, f filter, before int64, limit int) (found []entry, err error) {
	where, args := f.where()
	if before > 0 {
		where, args = where+" AND seq < ?", append(args, before)
	}
	err = s.rows(ctx, "SELECT "+columns+" FROM audit_entries WHERE TRUE"+where+" ORDER BY seq DESC LIMIT ?", append(args, limit), func(e *entry) error {
		found = append(found, *e)
		return nil
	})
	return found, err
}

// each hands up to limit entries after one, up to another, to fn in order. The entry is fn's until it returns.
func (s *store) each(ctx context.Context, f filter, after, last int64, limit int, fn func(*entry) error) error {
	where, args := f.where()
	return s.rows(ctx, "SELECT "+columns+" FROM audit_entries WHERE seq > ? AND seq <= ?"+where+" ORDER BY seq LIMIT ?",
		append(append([]any{after, last}, args...), limit), fn)
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
