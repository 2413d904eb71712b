package auth

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

// passwordHash is empty for an account without a password and for none at all.
func (s *store) passwordHash(ctx context.Context, userID string) (hash string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT password_hash FROM auth_credentials WHERE user_id = ?", userID).Scan(&hash).Error
	return hash, err
}

func (s *store) setPassword(ctx context.Context, userID, hash string, at clock.Time) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO auth_credentials (user_id, password_hash, updated_at) VALUES (?, ?, ?)
		ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, updated_at = excluded.updated_at`, userID, hash, at).Error
}

func (s *store) insertSession(ctx context.Context, se *session) error {
	return s.db.Conn(ctx).Create(se).Error
}

func (s *store) session(ctx context.Context, id string) (*session, error) {
	se := &session{}
	return se, s.db.Conn(ctx).Where("id = ?", id).Take(se).Error
}

// rotate moves a session to its next generation, unless another use did so first.
func (s *store) rotate(ctx context.Context, se *session, hash []byte, now, expires clock.Time, ip, ua string) (bool, error) {
	res := s.db.Conn(ctx).Exec(`UPDATE auth_sessions SET generation = generation + 1, token_hash = ?, rotated_at = ?, last_used_at = ?, expires_at = ?, ip = ?, user_agent = ?
		WHERE id = ? AND generation = ? AND ended_at IS NULL`, hash, now, now, expires, ip, ua, se.ID, se.Generation)
	return res.RowsAffected == 1, res.Error
}

// end ends a session and says whether it still ran.
func (s *store) end(ctx context.Context, id string, at clock.Time) (bool, error) {
	res := s.db.Conn(ctx).Exec("UPDATE auth_sessions SET ended_at = ? WHERE id = ? AND ended_at IS NULL", at, id)
	return res.RowsAffected == 1, res.Error
}

func (s *store) aliveOf(ctx context.Context, userID string, now clock.Time, after *position, limit int) (found []session, err error) {
	q := s.db.Conn(ctx).Where("user_id = ? AND ended_at IS NULL AND expires_at > ?", userID, now)
	if after != nil {
		q = q.Where("(created_at, id) < (?, ?)", after.CreatedAt, after.ID)
	}
	if limit > 0 {
		q = q.Limit(limit)
	}
	err = q.Order("created_at DESC, id DESC").Find(&found).Error
	return found, err
}

// seen says how many sessions the account ever had, and how many from this browser and network.
func (s *store) seen(ctx context.Context, userID, userAgent, network string) (all, same int64, err error) {
	row := struct{ Total, Same int64 }{}
	err = s.db.Conn(ctx).Raw(`SELECT count(*) AS total, coalesce(sum(CASE WHEN user_agent = ? AND network = ? THEN 1 ELSE 0 END), 0) AS same
		FROM auth_sessions WHERE user_id = ?`, userAgent, network, userID).Scan(&row).Error
	return row.Total, row.Same, err
}

// putLink replaces the account's link of that kind: only the newest counts. (GORM would take bytes
// right after a parenthesis for a list, so they don't stand first.)
func (s *store) putLink(ctx context.Context, userID, kind string, hash []byte, now, expires clock.Time) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO auth_links (user_id, token_hash, kind, expires_at, created_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (user_id, kind) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at, created_at = excluded.created_at`,
		userID, hash, kind, expires, now).Error
}

// takeLink spends a link and says whose it was, empty when it is none: of two uses one gets it.
func (s *store) takeLink(ctx context.Context, kind string, hash []byte, now clock.Time) (userID string, err error) {
	err = s.db.Conn(ctx).Raw("DELETE FROM auth_links WHERE token_hash = ? AND kind = ? AND expires_at > ? RETURNING user_id", hash, kind, now).Scan(&userID).Error
	return userID, err
}

type position struct {
	CreatedAt clock.Time
	ID        string
}
