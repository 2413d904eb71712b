package invites

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/keyset"
)

type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

func (s *store) insert(ctx context.Context, all []*invite) error {
	return s.db.Conn(ctx).CreateInBatches(all, 200).Error
}

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

// lockAt is lock with the database's own time: replicas' clocks may differ.
func (s *store) lockAt(ctx context.Context, id string) (*invite, clock.Time, error) {
	var found []struct {
		Invite invite `gorm:"embedded"`
		Millis int64
	}
	err := s.db.Conn(ctx).Raw("SELECT invites.*, "+s.db.NowMillis()+" AS millis FROM invites WHERE id = ?"+s.db.ForUpdate(), id).Scan(&found).Error
	if err == nil && len(found) == 0 {
		err = db.ErrNotFound
	}
	if err != nil {
		return nil, clock.Time{}, err
	}
	return &found[0].Invite, clock.FromMillis(found[0].Millis), nil
}

// take spends one use, if there is one left now: of many at once exactly as many succeed.
func (s *store) take(ctx context.Context, id string) (bool, error) {
	res := s.db.Conn(ctx).Exec(`UPDATE invites SET uses = uses + 1
		WHERE id = ? AND uses < max_uses AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > `+s.db.NowMillis()+`)`, id)
	return res.RowsAffected == 1, res.Error
}

// Which invites to take back. Those that somebody's end takes along are open ones only: a spent one tells that it was used.
const (
	theOne         = "id = ?"
	theBatch       = "batch_id = ?"
	openForAddress = "email = ? AND uses < max_uses"
	openOfMaker    = "created_by = ? AND uses < max_uses"
)

// revoke takes back those that are not revoked already, and gives them.
func (s *store) revoke(ctx context.Context, which, of string, at clock.Time) (changed []string, err error) {
	err = s.db.Conn(ctx).Raw("UPDATE invites SET revoked_at = ? WHERE revoked_at IS NULL AND "+which+" RETURNING id", at, of).Scan(&changed).Error
	return changed, err
}

// replaceCode gives an invite another code: the one before finds nothing from then on.
func (s *store) replaceCode(ctx context.Context, i *invite) error {
	return s.db.Conn(ctx).Exec("UPDATE invites SET code_hash = ?, code_prefix = ? WHERE id = ?", i.CodeHash, i.CodePrefix, i.ID).Error
}

func (s *store) batchExists(ctx context.Context, batchID string) (yes bool, err error) {
	err = s.db.Conn(ctx).Raw("SELECT EXISTS (SELECT 1 FROM invites WHERE batch_id = ?)", batchID).Scan(&yes).Error
	return yes, err
}

// lockBatches makes those who invite many at once wait for one another: each must see what the one before has made.
func (s *store) lockBatches(ctx context.Context) error {
	if s.db.Dialect() != db.Postgres {
		return nil // a transaction has the database to itself there
	}
	return s.db.Conn(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended('invite batches', 0))").Error
}

// openFor finds, by address, invites to the same role and courses that are open at least until a time; nil is for ever.
func (s *store) openFor(ctx context.Context, emails []string, role identity.Role, courseIDs string, until *clock.Time, now clock.Time) (map[string]string, error) {
	var found []invite
	q := s.db.Conn(ctx).Where(statusIs[active], now).Where("email IN ? AND role_to_grant = ? AND course_ids = ?", emails, role, courseIDs)
	if until == nil {
		q = q.Where("expires_at IS NULL")
	} else {
		q = q.Where("coalesce(expires_at >= ?, TRUE)", *until)
	}
	err := q.Order("id DESC").Find(&found).Error
	out := make(map[string]string, len(found))
	for _, i := range found {
		out[*i.Email] = i.ID
	}
	return out, err
}

// redemption is that of one account, or nil.
func (s *store) redemption(ctx context.Context, id, userID string) (*redemption, error) {
	var found []redemption
	err := s.db.Conn(ctx).Where("invite_id = ? AND user_id = ?", id, userID).Find(&found).Error
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

func (s *store) addRedemption(ctx context.Context, r redemption) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO invite_redemptions (invite_id, user_id, counted, created_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (invite_id, user_id) DO UPDATE SET counted = excluded.counted`, r.InviteID, r.UserID, r.Counted, r.CreatedAt).Error
}

// statusIs says the same as invite.status, with now as its one argument.
var statusIs = map[string]string{
	revoked:   "revoked_at <= ?",
	expired:   "revoked_at IS NULL AND expires_at <= ?",
	exhausted: "revoked_at IS NULL AND coalesce(expires_at > ?, TRUE) AND uses >= max_uses",
	active:    "revoked_at IS NULL AND coalesce(expires_at > ?, TRUE) AND uses < max_uses",
}

type filter struct{ Status, BatchID string }

func (s *store) list(ctx context.Context, f filter, now clock.Time, after *keyset.Position, limit int) (found []invite, err error) {
	q := s.db.Conn(ctx)
	if f.Status != "" {
		q = q.Where(statusIs[f.Status], now)
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
