package invites

import (
	"encoding/json"

	"lyceum/platform/clock"
	"lyceum/platform/identity"
)

// Statuses of an invite. They follow from its fields and from the time.
const (
	statusActive    = "active"
	statusExhausted = "exhausted"
	statusExpired   = "expired"
	statusRevoked   = "revoked"
)

// invite is a row of the table invites.
type invite struct {
	ID          string
	CodeHash    []byte
	CodePrefix  string
	RoleToGrant identity.Role
	// Email is the address whose account may redeem the invite: nil for any account, "" for that of
	// a deleted account, so that nobody may.
	Email     *string
	Note      string
	MaxUses   int
	Uses      int
	ExpiresAt *clock.Time
	RevokedAt *clock.Time
	CreatedBy string
	CreatedAt clock.Time
	// BatchID is the batch that the invite was created in; nil for an invite of its own.
	BatchID *string
	// CourseIDs is the sorted JSON list of the courses that a redemption enrolls in.
	CourseIDs string
}

// TableName returns the name of the table, for GORM.
func (invite) TableName() string { return "invites" }

// status returns the status at a time. A revoked invite is revoked even after it has expired, and
// an expired one is expired even when its uses are spent. The store has the same rule in
// statusConditions.
func (i *invite) status(now clock.Time) string {
	switch {
	case i.RevokedAt != nil:
		return statusRevoked
	case i.ExpiresAt != nil && !now.Before(*i.ExpiresAt):
		return statusExpired
	case i.Uses >= i.MaxUses:
		return statusExhausted
	}
	return statusActive
}

// address returns the address to show; nil if there is none or its account was deleted.
func (i *invite) address() *string {
	if i.Email == nil || *i.Email == "" {
		return nil
	}
	return i.Email
}

// isFor reports whether the account with an address may redeem the invite.
func (i *invite) isFor(email string) bool {
	return i.Email == nil || *i.Email != "" && *i.Email == email
}

// courseIDs returns the ids of the courses that a redemption enrolls in.
func (i *invite) courseIDs() []string {
	ids := []string{}
	_ = json.Unmarshal([]byte(i.CourseIDs), &ids) // encodeCourseIDs wrote it
	return ids
}

// encodeCourseIDs returns the form in which course ids are stored.
func encodeCourseIDs(ids []string) string {
	raw, _ := json.Marshal(ids) // strings always become JSON
	return string(raw)
}

// redemption is a row of the table invite_redemptions: an account has redeemed an invite.
type redemption struct {
	InviteID string
	UserID   string
	// Counted says that the redemption raised the role and spent a use. Otherwise the role was as
	// high already, and the account was only enrolled.
	Counted   bool
	CreatedAt clock.Time
}

// TableName returns the name of the table, for GORM.
func (redemption) TableName() string { return "invite_redemptions" }
