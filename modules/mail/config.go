package mail

import (
	netmail "net/mail"
	"time"

	"lyceum/platform/config"
)

// Config holds the module's settings.
type Config struct {
	From string `env:"MAIL_FROM" envDefault:"Lyceum <no-reply@lyceum.local>"`
	// Retention is how long a mail that was sent or has failed is listed. Zero means for ever.
	Retention time.Duration `env:"MAIL_RETENTION" envDefault:"2160h"`
}

var settings = config.DeclareSection[Config](
	"Mails",
	config.Doc{Key: "MAIL_FROM", Text: "Sender of every mail."},
	config.Doc{Key: "MAIL_RETENTION", Text: "How long mails that were sent or have failed stay listed, at least 48h; 0 keeps them for ever."},
)

// minRetention is a day longer than a mail is tried: one that was given up must stay for somebody to see.
const minRetention = 48 * time.Hour

// Validate implements config.Validator.
func (c *Config) Validate(f *config.Faults) {
	if _, err := netmail.ParseAddress(c.From); err != nil {
		f.Add("MAIL_FROM", c.From, "an address such as Lyceum <no-reply@example.com>")
	}
	f.CheckRetention("MAIL_RETENTION", c.Retention, minRetention)
}
