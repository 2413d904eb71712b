package users

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

// Statuses of an account.
const (
	active   = "active"
	disabled = "disabled"
)

const maxDisplayName = 100

type user struct {
	ID            string
	Email         string
	DisplayName   string
	FoldedName    string
	Role          identity.Role
	Status        string
	EmailVerified bool
	Version       int64
	CreatedAt     clock.Time
	UpdatedAt     clock.Time
	LastLoginAt   *clock.Time
}

// TableName of accounts.
func (user) TableName() string { return "users" }

func (u *user) rename(name string) {
	u.DisplayName, u.FoldedName = name, text.FoldCase(name)
}

func (u *user) activeAdmin() bool { return u.Role == usersapi.RoleAdmin && u.Status == active }

func (u *user) account() usersapi.Account {
	return usersapi.Account{ID: u.ID, Email: u.Email, DisplayName: u.DisplayName, Role: u.Role,
		Active: u.Status == active, Verified: u.EmailVerified, CreatedAt: u.CreatedAt}
}
