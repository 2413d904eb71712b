package invites

import (
	"cmp"
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/ids"
)

type heldInvite struct {
	ID          string      `json:"id"`
	RoleToGrant string      `json:"role_to_grant"`
	EmailBound  bool        `json:"email_bound"`
	Note        string      `json:"note"`
	MaxUses     int         `json:"max_uses"`
	Uses        int         `json:"uses"`
	ExpiresAt   *clock.Time `json:"expires_at"`
	CreatedAt   clock.Time  `json:"created_at"`
}

func (s *store) heldInvites(ctx context.Context, userID string, after heldInvite, limit int) (found []heldInvite, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT id, role_to_grant, email IS NOT NULL AS email_bound, note, max_uses, uses, expires_at, created_at FROM invites
		WHERE created_by = ? AND id > ? ORDER BY id LIMIT ?`, userID, cmp.Or(after.ID, ids.None), limit).Scan(&found).Error
	return found, err
}

type heldRedemption struct {
	InviteID   string     `json:"invite_id"`
	Counted    bool       `json:"counted"`
	RedeemedAt clock.Time `json:"redeemed_at"`
}

func (s *store) heldRedemptions(ctx context.Context, userID string, after heldRedemption, limit int) (found []heldRedemption, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT invite_id, counted, created_at AS redeemed_at FROM invite_redemptions
		WHERE user_id = ? AND invite_id > ? ORDER BY invite_id LIMIT ?`, userID, cmp.Or(after.InviteID, ids.None), limit).Scan(&found).Error
	return found, err
}

// blankAddress leaves invites bound, to an address that nobody has.
func (s *store) blankAddress(ctx context.Context, email string) error {
	return s.db.Conn(ctx).Exec("UPDATE invites SET email = '' WHERE email = ?", email).Error
}

func (s *store) dropRedemptions(ctx context.Context, userID string) error {
	return s.db.Conn(ctx).Exec("DELETE FROM invite_redemptions WHERE user_id = ?", userID).Error
}
