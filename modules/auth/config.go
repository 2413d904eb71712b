package auth

import (
	"net/mail"
	"time"

	"lyceum/platform/config"
	"lyceum/platform/limit"
)

// Config holds the module's settings.
type Config struct {
	RefreshTokenTTL   time.Duration `env:"REFRESH_TOKEN_TTL" envDefault:"720h"`
	AdminEmail        string        `env:"ADMIN_EMAIL"`
	AdminPassword     string        `env:"ADMIN_PASSWORD" secret:"all"`
	PasswordMinLength int           `env:"PASSWORD_MIN_LENGTH" envDefault:"8"`
	LimitAccount      limit.Rate    `env:"RATE_LIMIT_LOGIN_ACCOUNT" envDefault:"10/15m"`
	LimitAddress      limit.Rate    `env:"RATE_LIMIT_LOGIN_IP" envDefault:"300/1m"`
	LimitMail         limit.Rate    `env:"RATE_LIMIT_MAIL" envDefault:"5/1h"`
}

var settings = config.DeclareSection[Config](
	"Sign-in",
	config.Doc{
		Key:  "REFRESH_TOKEN_TTL",
		Text: "How long an unused session lasts. A session ends after six times that in any case.",
	},
	config.Doc{
		Key:  "ADMIN_EMAIL",
		Text: "An administrator who is made at the start if no account has the address. Set both or neither.",
	},
	config.Doc{Key: "ADMIN_PASSWORD", Text: "The password of that administrator."},
	config.Doc{
		Key:  "PASSWORD_MIN_LENGTH",
		Text: "8 to 64 characters. 15 is advised without second factors (NIST SP 800-63B-4).",
	},
	config.Doc{
		Key: "RATE_LIMIT_LOGIN_ACCOUNT",
		Text: "Failed sign-ins for an email address from one network (/24, /56), before it has to " +
			"wait or to set a new password. Wrong passwords and codes of a signed-in caller have the same limit, each counted apart.",
	},
	config.Doc{
		Key: "RATE_LIMIT_LOGIN_IP",
		Text: "Sign-ins from one network address, successful ones too: far above what a class behind one " +
			"address needs. Second steps count with them; links from mails have the same budget again.",
	},
	config.Doc{
		Key: "RATE_LIMIT_MAIL",
		Text: "Mails that one email address can be sent on request: resets, verifications. Beyond it the answer " +
			"is the same, and no mail goes out.",
	},
)

// Validate implements config.Validator.
func (c *Config) Validate(f *config.Faults) {
	f.CheckRange("PASSWORD_MIN_LENGTH", int64(c.PasswordMinLength), 8, 64)
	f.CheckDuration("REFRESH_TOKEN_TTL", c.RefreshTokenTTL, time.Second, 10*365*24*time.Hour)
	if (c.AdminEmail == "") != (c.AdminPassword == "") {
		f.AddLine("ADMIN_EMAIL and ADMIN_PASSWORD: only one is set, accepted is both or neither")
	}
	if c.AdminEmail != "" {
		if _, err := mail.ParseAddress(c.AdminEmail); err != nil || len(c.AdminEmail) > 254 {
			f.Add("ADMIN_EMAIL", c.AdminEmail, "a mail address")
		}
	}
}
