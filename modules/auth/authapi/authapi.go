// Package authapi is what auth tells other modules.
package authapi

// NewSignIn tells of a login from a browser family, an operating system or a network (/24, /48) that the account has not used
// before. Each of the three counts by itself. The first login of an account is not told.
type NewSignIn struct {
	UserID    string `json:"user_id"`
	IP        string `json:"ip"`
	UserAgent string `json:"user_agent"`
	At        string `json:"at"`
}

// EventName implements events.Event.
func (NewSignIn) EventName() string { return "auth.new_sign_in" }

// PasswordChanged tells that an account has another password, by change or reset.
type PasswordChanged struct {
	UserID string `json:"user_id"`
	At     string `json:"at"`
}

// EventName implements events.Event.
func (PasswordChanged) EventName() string { return "auth.password_changed" }
