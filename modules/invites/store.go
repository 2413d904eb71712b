package invites

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

func (s *store) insert(ctx context.Context, i *invite) error { return s.db.Conn(ctx).Create(i).Error }

func (s *store) byID(ctx context.Context, id string) (*invite, error) {
	i := &invite{}
	return i, s.db.Conn(ctx).Where("id = ?", id).Take(i).Error
}

func (s *store) byHash(ctx context.Context, hash []byte) (*invite, error) {
	i := &invite{}
	return i, s.db.Conn(ctx).Where("code_hash = ?", hash).Take(i).Error
}

func (s *store) lock(ctx context.Context, id string) (*invite, error) {
	var found []invite
	err := s.db.Conn(ctx).Raw("SELECT * FROM invites WHERE id = ?"+s.db.ForUpdate(), id).Scan(&found).Error
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, db.ErrNotFound
	}
	return &found[0], nil
}

// now is the database's own time: replicas' clocks may differ.
func (s *store) now(ctx context.Context) (t clock.Time, err error) {
	var ms int64
	err = s.db.Conn(ctx).Raw("SELECT " + s.db.NowMillis()).Scan(&ms).Error
	return clock.FromMillis(ms), err
}

// take spends one use, if there is one left now: of many at once exactly as many succeed.
func (s *store) take(ctx context.Context, id string) (bool, error) {
	res := s.db.Conn(ctx).Exec(`UPDATE invites SET uses = uses + 1
		WHERE id = ? AND uses < max_uses AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > `+s.db.NowMillis()+`)`, id)
	return res.RowsAffected == 1, res.Error
}

func (s *store) revoke(ctx context.Context, id string, at clock.Time) error {
	return s.db.Conn(ctx).Exec("UPDATE invites SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", at, id).Error
}

// openOf lists the invites of an inviter that are not revoked and not used up.
func (s *store) openOf(ctx context.Context, userID string) (ids []string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT id FROM invites WHERE created_by = ? AND revoked_at IS NULL AND uses < max_uses ORDER BY id", userID).Scan(&ids).Error
	return ids, err
}

func (s *store) redeemed(ctx context.Context, id, userID string) (yes bool, err error) {
	var n int64
	err = s.db.Conn(ctx).Raw("SELECT count(*) FROM invite_redemptions WHERE invite_id = ? AND user_id = ?", id, userID).Scan(&n).Error
	return n > 0, err
}

func (s *store) addRedemption(ctx context.Context, id, userID string, at clock.Time) error {
	return s.db.Conn(ctx).Exec("INSERT INTO invite_redemptions (invite_id, user_id, created_at) VALUES (?, ?, ?)", id, userID, at).Error
}

type position struct {
	CreatedAt clock.Time
	ID        string
}

// statusIs says the same as invite.status, with now as its one argument.
var statusIs = map[string]string{
	revoked:   "revoked_at <= ?",
	expired:   "revoked_at IS NULL AND expires_at <= ?",
	exhausted: "revoked_at IS NULL AND coalesce(expires_at > ?, TRUE) AND uses >= max_uses",
	active:    "revoked_at IS NULL AND coalesce(expires_at > ?, TRUE) AND uses < max_uses",
}

func (s *store) list(ctx context.Context, status string, now clock.Time, after *position, limit int) (found []invite, err error) {
	q := s.db.Conn(ctx)
	if status != "" {
		q = q.Where(statusIs[status], now)
	}
	if after != nil {
		q = q.Where("(created_at, id) < (?, ?)", after.CreatedAt, after.ID)
	}
	err = q.Order("created_at DESC, id DESC").Limit(limit).Find(&found).Error
	return found, err
}
