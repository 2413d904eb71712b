package mail

import (
	netmail "net/mail"

	"lyceum/platform/config"
)

// Config holds the module's settings.
type Config struct {
	From string `env:"MAIL_FROM" envDefault:"Lyceum <no-reply@lyceum.local>"`
}

var settings = config.DeclareSection[Config](
	"Mails",
	config.Doc{Key: "MAIL_FROM", Text: "Sender of every mail."},
)

// Validate implements config.Validator.
func (c *Config) Validate(f *config.Faults) {
	if _, err := netmail.ParseAddress(c.From); err != nil {
		f.Add("MAIL_FROM", c.From, "an address such as Lyceum <no-reply@example.com>")
	}
}
