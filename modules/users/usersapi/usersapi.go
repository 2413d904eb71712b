// Package usersapi is what other modules may ask of users, and what users tells.
package usersapi

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/identity"
)

// Account is what other modules may know of an account.
type Account struct {
	ID          string
	Email       string
	DisplayName string
	Role        identity.Role
	Active      bool
	Verified    bool
	CreatedAt   clock.Time
}

// NewAccount is what registration and administration give.
type NewAccount struct {
	// ID is the id of the account; "" stands for a new one.
	ID          string
	Email       string
	DisplayName string
	Role        identity.Role
	Verified    bool
}

// Accounts is the directory.
type Accounts interface {
	// Create adds an account in the caller's transaction: 409 email-taken, 422 for a bad address or name.
	Create(ctx context.Context, n NewAccount) (Account, error)
	// ByID and ByEmail answer ok false for a missing account. ByEmail takes any spelling.
	ByID(ctx context.Context, id string) (a Account, ok bool, err error)
	ByEmail(ctx context.Context, email string) (a Account, ok bool, err error)
	// ByIDs gives those that exist.
	ByIDs(ctx context.Context, ids []string) (map[string]Account, error)
	// ByEmails gives those that exist, by their canonical address (text.NormalizeEmail), which is what it takes.
	ByEmails(ctx context.Context, emails []string) (map[string]Account, error)
	// Names gives the display names of those that exist, as they were at most a second ago.
	Names(ctx context.Context, ids []string) (map[string]string, error)
	// ChangeEmail gives an account another address, by its canonical form, in the caller's transaction; it is verified by
	// that. It returns 409 email-taken when another account has it.
	ChangeEmail(ctx context.Context, id, email string) (Account, error)
	// MarkVerified notes that the address is the account's own.
	MarkVerified(ctx context.Context, id string) error
	// TouchLogin notes the time of a login and holds the account for the rest of the caller's transaction;
	// false when it is disabled or gone by now.
	TouchLogin(ctx context.Context, id string) (active bool, err error)
}

// Passwords is answered by whoever keeps passwords.
type Passwords interface {
	// Prove holds a password to be the caller's, before what can't be taken back: 403 wrong-password.
	Prove(ctx context.Context, password string) error
}

// Roles changes what accounts may do.
type Roles interface {
	// Hold gives an account and keeps it as it is for the rest of the caller's transaction: who may do something now
	// may still do it when that is committed.
	Hold(ctx context.Context, id string) (a Account, ok bool, err error)
	// Grant raises the role in the caller's transaction, never lowers it, and says the role as it is then.
	Grant(ctx context.Context, userID string, role identity.Role) (now identity.Role, granted bool, err error)
}

// Registered tells of a new account.
type Registered struct {
	UserID string `json:"user_id"`
	Role   string `json:"role"`
}

// EventName implements events.Event.
func (Registered) EventName() string { return "user.registered" }

// EmailVerified tells that an account's address is known to be its own, once per account.
type EmailVerified struct {
	UserID string `json:"user_id"`
}

// EventName implements events.Event.
func (EmailVerified) EventName() string { return "user.email_verified" }

// RoleGranted tells that a role was raised.
type RoleGranted struct {
	UserID string `json:"user_id"`
	Role   string `json:"role"`
}

// EventName implements events.Event.
func (RoleGranted) EventName() string { return "user.role_granted" }

// Person is how people appear to one another: never with an address.
type Person struct {
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
}

// DeletedName stands for people whose account is gone.
const DeletedName = "Deleted user"

// Persons looks people up for showing; who is gone appears as DeletedName.
func Persons(ctx context.Context, a Accounts, ids []string) (map[string]Person, error) {
	names, err := a.Names(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Person, len(ids))
	for _, id := range ids {
		name, ok := names[id]
		if !ok {
			name = DeletedName
		}
		out[id] = Person{ID: id, DisplayName: name}
	}
	return out, nil
}

// Disabled tells that an account was disabled.
type Disabled struct {
	UserID string `json:"user_id"`
}

// EventName implements events.Event.
func (Disabled) EventName() string { return "user.disabled" }

// EmailReplaced tells that an administrator gave an account another address, which is not verified. It is for subscribers in
// the same transaction: nothing keeps the old address.
type EmailReplaced struct {
	UserID   string `json:"user_id"`
	OldEmail string `json:"-"`
}

// EventName implements events.Event.
func (EmailReplaced) EventName() string { return "user.email_replaced" }

// AdminLost tells that an active administrator is none any more: demoted, disabled or deleted.
type AdminLost struct {
	UserID string `json:"user_id"`
}

// EventName implements events.Event.
func (AdminLost) EventName() string { return "user.admin_lost" }
