// Package invitesapi is what invites tells other modules.
package invitesapi

// Redeemed tells that an invite was used.
type Redeemed struct {
	InviteID string `json:"invite_id"`
	UserID   string `json:"user_id"`
	Role     string `json:"role"`
}

// EventName implements events.Event.
func (Redeemed) EventName() string { return "invite.redeemed" }
