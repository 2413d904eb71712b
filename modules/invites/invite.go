package invites

import (
	"encoding/json"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
)

// Statuses of an invite, each worked out from its fields.
const (
	active    = "active"
	exhausted = "exhausted"
	expired   = "expired"
	revoked   = "revoked"
)

type invite struct {
	ID          string
	CodeHash    []byte
	CodePrefix  string
	RoleToGrant identity.Role
	// Email is whom it is bound to: nil for everybody, "" for somebody who is gone, so nobody.
	Email     *string
	Note      string
	MaxUses   int
	Uses      int
	ExpiresAt *clock.Time
	RevokedAt *clock.Time
	CreatedBy string
	CreatedAt clock.Time
	// BatchID is what it was made together with, if anything.
	BatchID *string
	// CourseIDs is a sorted list in JSON: whoever redeems the invite is enrolled there.
	CourseIDs string
}

// TableName of invites.
func (invite) TableName() string { return "invites" }

// address is whom it is bound to, for showing; nil, too, where that account is gone.
func (i *invite) address() *string {
	if i.Email == nil || *i.Email == "" {
		return nil
	}
	return i.Email
}

// isFor says whether whoever has the address may redeem it.
func (i *invite) isFor(email string) bool {
	return i.Email == nil || *i.Email != "" && *i.Email == email
}

// courses are those that it enrolls in.
func (i *invite) courses() []string {
	out := []string{}
	_ = json.Unmarshal([]byte(i.CourseIDs), &out) // written by draft only
	return out
}

// redemption is that somebody has used an invite. One that was not counted gave nothing but courses, as the role was there already.
type redemption struct {
	InviteID  string
	UserID    string
	Counted   bool
	CreatedAt clock.Time
}

// TableName of redemptions.
func (redemption) TableName() string { return "invite_redemptions" }

// status tells faults in the order revoked, expired, exhausted.
func (i *invite) status(now clock.Time) string {
	switch {
	case i.RevokedAt != nil:
		return revoked
	case i.ExpiresAt != nil && !now.Before(*i.ExpiresAt):
		return expired
	case i.Uses >= i.MaxUses:
		return exhausted
	}
	return active
}

var (
	errMissing = apperr.NotFound("There is no such invite.")
	errNoBatch = apperr.NotFound("There is no such batch.")
	errTooLong = apperr.Invalid("code", "at most 128 characters")
	// errVoid is for an invite whose maker may no longer grant, though nobody has revoked it.
	errVoid    = problemInviteRevoked.New("This invite was taken back.")
	errNoEmail = problemNoEmail.New("This invite has no address to mail a code to. Give its code to whoever it is for, or make a new invite.")
	errAddress = problemInviteWrongAddress.New("This invite is for another address.")
	gone       = map[string]*apperr.Error{
		revoked:   problemInviteRevoked.New("This invite was taken back."),
		expired:   problemInviteExpired.New("The time of this invite has run out."),
		exhausted: problemInviteExhausted.New("All uses of this invite are spent."),
	}
)
