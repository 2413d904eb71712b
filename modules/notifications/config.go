package notifications

import (
	"time"

	"lyceum/platform/config"
)

// Config holds the module's settings.
type Config struct {
	// Retention is how long a notification is listed. Zero means for ever.
	Retention time.Duration `env:"NOTIFICATION_RETENTION" envDefault:"8760h"`
}

var settings = config.DeclareSection[Config](
	"Notifications",
	config.Doc{Key: "NOTIFICATION_RETENTION", Text: "How long notifications stay listed, read or not, at least 24h; 0 keeps them for ever."},
)

// Validate implements config.Validator.
func (c *Config) Validate(f *config.Faults) {
	f.CheckRetention("NOTIFICATION_RETENTION", c.Retention, 24*time.Hour)
}
