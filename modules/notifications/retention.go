package notifications

import (
	"context"
	"log/slog"
	"time"

	"lyceum/platform/config"
	"lyceum/platform/lifecycle"
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

// removalInterval is the time between two looks for notifications that are too old.
const removalInterval = time.Hour

func newBackgrounds(s *Service) []lifecycle.Background {
	return []lifecycle.Background{{Name: "notification retention", Run: func(ctx context.Context) {
		lifecycle.RunEvery(ctx, "notification retention", removalInterval, func(ctx context.Context) {
			if err := s.removeOld(ctx); err != nil && ctx.Err() == nil {
				slog.Warn("old notifications were not removed, will be tried again", "error", err)
			}
		})
	}}}
}

// removeOld removes the notifications that are older than NOTIFICATION_RETENTION. Announcements stay: they
// belong to their course.
func (s *Service) removeOld(ctx context.Context) error {
	if s.retention == 0 {
		return nil
	}
	removed, err := s.store.removeOld(ctx, s.clock.Now().Add(-s.retention))
	if removed > 0 {
		slog.Info("old notifications were removed", "count", removed, "retention", s.retention)
	}
	return err
}
