package invites

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/keyset"
)

// store reads and writes the tables invites and invite_redemptions. Lookups of one invite return
// db.ErrNotFound if there is none.
type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

// insert adds invites.
func (s *store) insert(ctx context.Context, invites []*invite) error {
	return s.db.Conn(ctx).CreateInBatches(invites, 200).Error
}

// findByID returns an invite.
func (s *store) findByID(ctx context.Context, id string) (*invite, error) {
	i := &invite{}
	return i, s.db.Conn(ctx).Where("id = ?", id).Take(i).Error
}

// findByHash returns the invite whose code has a hash.
func (s *store) findByHash(ctx context.Context, hash []byte) (*invite, error) {
	i := &invite{}
	return i, s.db.Conn(ctx).Where("code_hash = ?", hash).Take(i).Error
}

// lock returns an invite and locks it for the rest of the transaction.
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

// lockWithTime is lock with the time of the database, as the clocks of replicas may differ.
func (s *store) lockWithTime(ctx context.Context, id string) (*invite, clock.Time, error) {
	var found []struct {
		Invite invite `gorm:"embedded"`
		Millis int64
	}
	query := "SELECT invites.*, " + s.db.NowMillis() + " AS millis FROM invites WHERE id = ?" + s.db.ForUpdate()
	err := s.db.Conn(ctx).Raw(query, id).Scan(&found).Error
	if err == nil && len(found) == 0 {
		err = db.ErrNotFound
	}
	if err != nil {
		return nil, clock.Time{}, err
	}
	return &found[0].Invite, clock.FromMillis(found[0].Millis), nil
}

// consumeUse spends one use and reports whether one was left: of many at once exactly as many
// succeed.
func (s *store) consumeUse(ctx context.Context, id string) (bool, error) {
	res := s.db.Conn(ctx).Exec(`UPDATE invites SET uses = uses + 1
		WHERE id = ? AND uses < max_uses AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > `+s.db.NowMillis()+`)`, id)
	return res.RowsAffected == 1, res.Error
}

// revoke revokes an invite unless it is revoked. Like the following it returns the ids of those
// that it has revoked.
func (s *store) revoke(ctx context.Context, id string, at clock.Time) (revoked []string, err error) {
	err = s.db.Conn(ctx).Raw(`UPDATE invites SET revoked_at = ?
		WHERE revoked_at IS NULL AND id = ? RETURNING id`, at, id).Scan(&revoked).Error
	return revoked, err
}

// revokeBatch revokes the invites of a batch.
func (s *store) revokeBatch(ctx context.Context, batchID string, at clock.Time) (revoked []string, err error) {
	err = s.db.Conn(ctx).Raw(`UPDATE invites SET revoked_at = ?
		WHERE revoked_at IS NULL AND batch_id = ? RETURNING id`, at, batchID).Scan(&revoked).Error
	return revoked, err
}

// revokeOpenOfInviter revokes the invites of an inviter that have uses left. An exhausted one shows
// that it was used.
func (s *store) revokeOpenOfInviter(ctx context.Context, userID string, at clock.Time) (revoked []string, err error) {
	err = s.db.Conn(ctx).Raw(`UPDATE invites SET revoked_at = ?
		WHERE revoked_at IS NULL AND created_by = ? AND uses < max_uses RETURNING id`, at, userID).Scan(&revoked).Error
	return revoked, err
}

// revokeOpenForAddress revokes the invites for an address that have uses left.
func (s *store) revokeOpenForAddress(ctx context.Context, email string, at clock.Time) (revoked []string, err error) {
	err = s.db.Conn(ctx).Raw(`UPDATE invites SET revoked_at = ?
		WHERE revoked_at IS NULL AND email = ? AND uses < max_uses RETURNING id`, at, email).Scan(&revoked).Error
	return revoked, err
}

// replaceCode stores the new code of an invite. The old one finds nothing from then on.
func (s *store) replaceCode(ctx context.Context, i *invite) error {
	return s.db.Conn(ctx).Exec("UPDATE invites SET code_hash = ?, code_prefix = ? WHERE id = ?",
		i.CodeHash, i.CodePrefix, i.ID).Error
}

// hasBatch reports whether a batch has any invites.
func (s *store) hasBatch(ctx context.Context, batchID string) (exists bool, err error) {
	err = s.db.Conn(ctx).Raw("SELECT EXISTS (SELECT 1 FROM invites WHERE batch_id = ?)", batchID).Scan(&exists).Error
	return exists, err
}

// lockBatches makes batches wait for one another, as each must see what the one before has created.
func (s *store) lockBatches(ctx context.Context) error {
	if s.db.Dialect() != db.Postgres {
		return nil // a transaction has the database to itself
	}
	return s.db.Conn(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended('invite batches', 0))").Error
}

// findOpen returns the ids of active invites by their address: those with the role and the courses
// of a grant that last at least as long.
func (s *store) findOpen(ctx context.Context, emails []string, g grant, now clock.Time) (map[string]string, error) {
	q := s.db.Conn(ctx).Where(statusConditions[statusActive], now).
		Where("email IN ? AND role_to_grant = ? AND course_ids = ?", emails, g.Role, encodeCourseIDs(g.CourseIDs))
	if g.ExpiresAt == nil {
		q = q.Where("expires_at IS NULL")
	} else {
		q = q.Where("coalesce(expires_at >= ?, TRUE)", *g.ExpiresAt)
	}
	var found []invite
	err := q.Order("id DESC").Find(&found).Error
	idByAddress := make(map[string]string, len(found))
	for _, i := range found {
		idByAddress[*i.Email] = i.ID
	}
	return idByAddress, err
}

// statusConditions has the rule of invite.status in SQL. Each condition has the time as its
// argument.
var statusConditions = map[string]string{
	statusRevoked:   "revoked_at <= ?",
	statusExpired:   "revoked_at IS NULL AND expires_at <= ?",
	statusExhausted: "revoked_at IS NULL AND coalesce(expires_at > ?, TRUE) AND uses >= max_uses",
	statusActive:    "revoked_at IS NULL AND coalesce(expires_at > ?, TRUE) AND uses < max_uses",
}

// listFilter restricts the list of invites. Empty fields restrict nothing.
type listFilter struct{ Status, BatchID string }

// list returns at most limit invites after a position, the newest first.
func (s *store) list(
	ctx context.Context, f listFilter, now clock.Time, after *keyset.Position, limit int,
) (found []invite, err error) {
	q := s.db.Conn(ctx)
	if f.Status != "" {
		q = q.Where(statusConditions[f.Status], now)
	}
	if f.BatchID != "" {
		q = q.Where("batch_id = ?", f.BatchID)
	}
	if after != nil {
		q = q.Where("(created_at, id) < (?, ?)", after.CreatedAt, after.ID)
	}
	err = q.Order("created_at DESC, id DESC").Limit(limit).Find(&found).Error
	return found, err
}

// findRedemption returns the redemption of an invite by an account; ok is false if there is none.
func (s *store) findRedemption(ctx context.Context, inviteID, userID string) (r redemption, ok bool, err error) {
	var found []redemption
	err = s.db.Conn(ctx).Where("invite_id = ? AND user_id = ?", inviteID, userID).Find(&found).Error
	if err != nil || len(found) == 0 {
		return redemption{}, false, err
	}
	return found[0], true, nil
}

// saveRedemption adds a redemption, or changes whether it counts.
func (s *store) saveRedemption(ctx context.Context, r redemption) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO invite_redemptions (invite_id, user_id, counted, created_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (invite_id, user_id) DO UPDATE SET counted = excluded.counted`,
		r.InviteID, r.UserID, r.Counted, r.CreatedAt).Error
}

// deleteRedemptions deletes the redemptions of an account.
func (s *store) deleteRedemptions(ctx context.Context, userID string) error {
	return s.db.Conn(ctx).Exec("DELETE FROM invite_redemptions WHERE user_id = ?", userID).Error
}

// blankAddress removes an address from its invites, which stay bound.
func (s *store) blankAddress(ctx context.Context, email string) error {
	return s.db.Conn(ctx).Exec("UPDATE invites SET email = '' WHERE email = ?", email).Error
}
