// Package authapi has the events of module auth.
package authapi

import "lyceum/platform/clock"

// DeviceAdded says that an account has logged in from a family of browsers, an operating system or a
// network (/24, /48) that it had not used before. Each of the three counts by itself. The first login of
// an account publishes nothing.
type DeviceAdded struct {
	UserID    string     `json:"user_id"`
	IP        string     `json:"ip"`
	UserAgent string     `json:"user_agent"`
	At        clock.Time `json:"at"`
}

// EventName implements events.Event.
func (DeviceAdded) EventName() string { return "auth.device_added" }

// PasswordChanged says that an account has another password, by a change or a reset.
type PasswordChanged struct {
	UserID string     `json:"user_id"`
	At     clock.Time `json:"at"`
}

// EventName implements events.Event.
func (PasswordChanged) EventName() string { return "auth.password_changed" }
