package usersapi

import (
	"time"

	"lyceum/platform/identity"
)

// Registered is the event of a new account.
type Registered struct {
	UserID string        `json:"user_id"`
	Role   identity.Role `json:"role"`
}

// EventName implements events.Event.
func (Registered) EventName() string { return "user.registered" }

// EmailVerified is the event of an address that is known to be the account's own. It happens once
// for each account.
type EmailVerified struct {
	UserID string `json:"user_id"`
}

// EventName implements events.Event.
func (EmailVerified) EventName() string { return "user.email_verified" }

// EmailReplaced is the event of an address that an administrator replaced. The new one is not
// verified. Only subscribers in the same transaction see the old address, as nothing stores it.
type EmailReplaced struct {
	UserID   string `json:"user_id"`
	OldEmail string `json:"-"`
}

// EventName implements events.Event.
func (EmailReplaced) EventName() string { return "user.email_replaced" }

// RoleGranted is the event of a role that was raised.
type RoleGranted struct {
	UserID string        `json:"user_id"`
	Role   identity.Role `json:"role"`
}

// EventName implements events.Event.
func (RoleGranted) EventName() string { return "user.role_granted" }

// Disabled is the event of an account that an administrator disabled.
type Disabled struct {
	UserID string `json:"user_id"`
}

// EventName implements events.Event.
func (Disabled) EventName() string { return "user.disabled" }

// AdminLost is the event of an active administrator who was demoted, disabled or deleted.
type AdminLost struct {
	UserID string `json:"user_id"`
}

// EventName implements events.Event.
func (AdminLost) EventName() string { return "user.admin_lost" }

// Deleted is the event of a deleted account. It is delivered when every request and delivery that
// ran beside the deletion has ended.
type Deleted struct {
	UserID string `json:"user_id"`
}

// EventName implements events.Event.
func (Deleted) EventName() string { return "user.deleted" }

// Delay implements events.Delayed. No request and no delivery lasts as long.
func (Deleted) Delay() time.Duration { return 30 * time.Second }
