package invites

import (
	"cmp"
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// heldInvite is an invite in the export of the account that created it.
type heldInvite struct {
	ID          string        `json:"id"`
	RoleToGrant identity.Role `json:"role_to_grant"`
	EmailBound  bool          `json:"email_bound"`
	Note        string        `json:"note"`
	MaxUses     int           `json:"max_uses"`
	Uses        int           `json:"uses"`
	ExpiresAt   *clock.Time   `json:"expires_at"`
	CreatedAt   clock.Time    `json:"created_at"`
}

// listCreatedBy returns at most limit invites that an account created, after one, by their ids.
func (s *store) listCreatedBy(
	ctx context.Context, userID string, after heldInvite, limit int,
) (found []heldInvite, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT id, role_to_grant, email IS NOT NULL AS email_bound, note, max_uses, uses, expires_at, created_at
		FROM invites WHERE created_by = ? AND id > ? ORDER BY id LIMIT ?`,
		userID, cmp.Or(after.ID, ids.None), limit).Scan(&found).Error
	return found, err
}

// heldRedemption is a redemption in the export of the account that redeemed.
type heldRedemption struct {
	InviteID   string     `json:"invite_id"`
	Counted    bool       `json:"counted"`
	RedeemedAt clock.Time `json:"redeemed_at"`
}

// listRedeemedBy returns at most limit redemptions of an account, after one, by their invites.
func (s *store) listRedeemedBy(
	ctx context.Context, userID string, after heldRedemption, limit int,
) (found []heldRedemption, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT invite_id, counted, created_at AS redeemed_at
		FROM invite_redemptions WHERE user_id = ? AND invite_id > ? ORDER BY invite_id LIMIT ?`,
		userID, cmp.Or(after.InviteID, ids.None), limit).Scan(&found).Error
	return found, err
}
