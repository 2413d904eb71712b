package users

import (
	"strings"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

// Statuses of an account. A disabled account can't sign in, and its sessions have ended.
const (
	statusActive   = "active"
	statusDisabled = "disabled"
)

// maxDisplayName is the length of a display name in characters.
const maxDisplayName = 100

// account is a row of the table users.
type account struct {
	ID          string
	Email       string // canonical
	DisplayName string
	// FoldedName is the display name without case, for searching.
	FoldedName    string
	Role          identity.Role
	Status        string
	EmailVerified bool
	Version       int64
	CreatedAt     clock.Time
	UpdatedAt     clock.Time
	LastLoginAt   *clock.Time
}

// TableName returns the name of the table, for GORM.
func (account) TableName() string { return "users" }

// setDisplayName sets the display name and its folded form.
func (a *account) setDisplayName(name string) {
	a.DisplayName, a.FoldedName = name, text.FoldCase(name)
}

// isActiveAdmin reports whether the account can act as an administrator now.
func (a *account) isActiveAdmin() bool {
	return a.Role == usersapi.RoleAdmin && a.Status == statusActive
}

// toAPI returns what other modules may know of the account.
func (a *account) toAPI() usersapi.Account {
	return usersapi.Account{
		ID: a.ID, Email: a.Email, DisplayName: a.DisplayName, Role: a.Role,
		Active: a.Status == statusActive, Verified: a.EmailVerified, CreatedAt: a.CreatedAt,
	}
}

// localPart returns the part of an address before the @. It is the display name of an account that
// chose none.
func localPart(email string) string {
	local, _, _ := strings.Cut(email, "@")
	return local
}

// cleanDisplayName returns a display name without surplus space. It returns a validation error for
// one that is empty, too long or not a line of text.
func cleanDisplayName(given string) (string, error) {
	name := text.CleanLine(given)
	if name == "" {
		return "", apperr.Invalid("display_name", "must not be empty")
	}
	if text.CountRunes(name) > maxDisplayName {
		return "", apperr.Invalid("display_name", "at most 100 characters")
	}
	if err := text.CheckLine(name); err != nil {
		return "", apperr.Invalid("display_name", err.Error())
	}
	return name, nil
}
