package auth

import (
	"lyceum/platform/httpx"
)

// passwordRules are what a new password must meet, besides not being among the commonest.
type passwordRules struct {
	MinLength int `json:"min_length"`
	MaxLength int `json:"max_length"`
}

func newCapability(c *Config) httpx.Capability {
	return httpx.Capability{Name: "passwords", Value: passwordRules{c.PasswordMinLength, maxPassword}}
}
