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
	err = s.db.Conn(ctx).Raw("SELECT seq, hash, mac FROM audit_head WHERE one = 1" + s.db.ForUpdate()).Scan(&h).Error
	return h, err
}

func (s *store) head(ctx context.Context) (h head, err error) {
	err = s.db.Conn(ctx).Raw("SELECT seq, hash, mac FROM audit_head WHERE one = 1").Scan(&h).Error
	return h, err
}

func (s *store) moveHead(ctx context.Context, h head) error {
	return s.db.Conn(ctx).Exec("UPDATE audit_head SET seq = ?, hash = ?, mac = ? WHERE one = 1", h.Seq, h.Hash, h.Mac).Error
}

func (s *store) insert(ctx context.Context, entries []*entry) error {
	return s.db.Conn(ctx).CreateInBatches(entries, 200).Error
}

type filter struct {
	Action     string
	ActorID    string
	TargetType string
	TargetID   string
	From       clock.Time
	To         clock.Time
}

func (s *store) list(ctx context.Context, f filter, before int64, limit int) (found []entry, err error) {
	q := s.db.Conn(ctx)
	for column, v := range map[string]string{"action = ?": f.Action, "actor_id = ?": f.ActorID, "target_type = ?": f.TargetType, "target_id = ?": f.TargetID} {
		if v != "" {
			q = q.Where(column, v)
		}
	}
	if !f.From.IsZero() {
		q = q.Where("created_at >= ?", f.From)
	}
	if !f.To.IsZero() {
		q = q.Where("created_at < ?", f.To)
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
