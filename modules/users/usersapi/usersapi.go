// Package usersapi is what other modules may ask of module users, and the events that it publishes.
//
//	Accounts         look accounts up
//	Registrar        create accounts, change addresses, record logins: for module auth
//	AddressVerifier  note that an address belongs to its account
//	Roles            lock accounts and raise roles: for module invites
//	Deleter          delete accounts
//
// In the other direction, every module that stores something about accounts provides a Holder, so
// that it takes part in exports and deletions.
package usersapi

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/identity"
)

// Account is what other modules may know of an account.
type Account struct {
	ID          string
	Email       string // canonical, see text.NormalizeEmail
	DisplayName string
	Role        identity.Role
	Active      bool
	Verified    bool // the address is known to be the account's own
	CreatedAt   clock.Time
}

// Accounts looks accounts up. A missing account is no error: the lookups by one key report it with
// ok false, and those by many leave it out.
type Accounts interface {
	ByID(ctx context.Context, id string) (a Account, ok bool, err error)
	// ByEmail takes an address in any spelling.
	ByEmail(ctx context.Context, email string) (a Account, ok bool, err error)
	ByIDs(ctx context.Context, ids []string) (map[string]Account, error)
	// ByEmails takes and returns canonical addresses.
	ByEmails(ctx context.Context, emails []string) (map[string]Account, error)
	// Names returns display names by account id, as they were at most a second ago. Inside a
	// transaction they are those of now.
	Names(ctx context.Context, ids []string) (map[string]string, error)
}

// NewAccount is an account that is to be created.
type NewAccount struct {
	// ID is the id of the account; "" stands for a new one.
	ID    string
	Email string
	// DisplayName may be empty. It is then the local part of the address.
	DisplayName string
	Role        identity.Role
	Verified    bool
}

// Registrar creates accounts and keeps their addresses and logins.
type Registrar interface {
	AddressVerifier
	// Create creates an account in the caller's transaction. It returns ProblemEmailTaken, or a
	// validation error for an address or a name that an account may not have.
	Create(ctx context.Context, n NewAccount) (Account, error)
	// ChangeEmail gives an account another address in the caller's transaction. The address must be
	// canonical, and is verified from then on. It returns ProblemEmailTaken if another account has
	// it.
	ChangeEmail(ctx context.Context, id, email string) (Account, error)
	// RecordLogin sets the time of the last login and locks the account for the rest of the
	// caller's transaction. It returns false if the account is disabled or deleted by now.
	RecordLogin(ctx context.Context, id string) (isActive bool, err error)
}

// AddressVerifier notes that addresses belong to their accounts.
type AddressVerifier interface {
	// MarkVerified marks the address of an account as verified. It changes nothing if it is
	// already.
	MarkVerified(ctx context.Context, id string) error
}

// Roles locks accounts and raises their roles.
type Roles interface {
	// LockAccount returns an account and keeps others from changing it for the rest of the caller's
	// transaction: what its role allows now is still allowed at the commit. ok is false if there is
	// no such account.
	LockAccount(ctx context.Context, id string) (a Account, ok bool, err error)
	// RaiseRole raises the role of an account in the caller's transaction; it never lowers one. It
	// returns the role that the account has afterwards, and whether that is a change.
	RaiseRole(ctx context.Context, id string, to identity.Role) (now identity.Role, isRaised bool, err error)
}

// Deleter deletes accounts.
type Deleter interface {
	// Delete deletes an account and what every module holds about it, in one transaction. Audit
	// entries keep the id alone, and the address is free again. It returns a not-found error for an
	// unknown account and problem last-admin for the last active administrator.
	Delete(ctx context.Context, id string) error
}

// Person is how people appear to one another: never with an address.
type Person struct {
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
}

// DeletedName is shown in place of the name of a deleted account.
const DeletedName = "Deleted user"

// Persons returns the persons with the ids, for showing. A deleted account appears as DeletedName.
func Persons(ctx context.Context, a Accounts, ids []string) (map[string]Person, error) {
	names, err := a.Names(ctx, ids)
	if err != nil {
		return nil, err
	}
	persons := make(map[string]Person, len(ids))
	for _, id := range ids {
		name, ok := names[id]
		if !ok {
			name = DeletedName
		}
		persons[id] = Person{ID: id, DisplayName: name}
	}
	return persons, nil
}
