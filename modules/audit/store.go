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
	err = s.db.QueryRow(ctx, "SELECT seq, hash, mac FROM audit_head WHERE one = 1"+s.db.ForUpdate(), nil, &h.Seq, &h.Hash, &h.Mac)
	return h, err
}

func (s *store) head(ctx context.Context) (h head, err error) {
	err = s.db.Conn(ctx).Raw("SELECT seq, hash, mac FROM audit_head WHERE one = 1").Scan(&h).Error
	return h, err
}

// append writes entries and moves the head behind them.
func (s *store) append(ctx context.Context, entries []*entry, h head) error {
	const (
		insert = `INSERT INTO audit_entries (seq, id, action, actor_id, target_type, target_id, ip, user_agent, request_id, data, created_at,
			prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
		move = "UPDATE audit_head SET seq = ?, hash = ?, mac = ? WHERE one = 1"
	)
	if len(entries) == 1 && s.db.Dialect() == db.Postgres { // nearly always: then it is one round trip
		e := entries[0]
		_, err := s.db.Exec(ctx, "WITH kept AS ("+insert+") "+move, e.Seq, e.ID, e.Action, e.ActorID, e.TargetType, e.TargetID, e.IP, e.UserAgent,
			e.RequestID, e.Data, e.CreatedAt, e.PrevHash, e.Hash, h.Seq, h.Hash, h.Mac)
		return err
	}
	if err := s.db.Conn(ctx).CreateInBatches(entries, 200).Error; err != nil {
		return err
	}
	_, err := s.db.Exec(ctx, move, h.Seq, h.Hash, h.Mac)
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

func (s *store) list(ctx context.Context, f filter, before int64, limit int) (found []entry, err error) {
	q := s.db.Conn(ctx)
	for column, v := range map[string]string{"action = ?": f.Action, "actor_id = ?": f.ActorID, "target_type = ?": f.TargetType, "target_id = ?": f.TargetID} {
		if v != "" {
			q = q.Where(column, v)
		}
	}
	if f.From != nil {
		q = q.Where("created_at >= ?", f.From.Millis())
	}
	if f.To != nil {
		q = q.Where("created_at < ?", f.To.Millis())
	}
	if before > 0 {
		q = q.Where("seq < ?", before)
	}
	err = q.Order("seq DESC").Limit(limit).Find(&found).Error
	return found, err
}

// after gives the next entries in order, for walking the whole chain.
func (s *store) after(ctx context.Context, seq int64, limit int) (found []entry, err error) {
	err = s.db.Conn(ctx).Where("seq > ?", seq).Order("seq").Limit(limit).Find(&found).Error
	return found, err
}

// of gives the next entries of what an account did, in order.
func (s *store) of(ctx context.Context, actorID string, after int64, limit int) (found []entry, err error) {
	err = s.db.Conn(ctx).Where("actor_id = ? AND seq > ?", actorID, after).Order("seq").Limit(limit).Find(&found).Error
	return found, err
}
