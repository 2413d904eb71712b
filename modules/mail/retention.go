package mail

import (
	"context"
	"log/slog"
	"time"

	"lyceum/platform/lifecycle"
)

// removalInterval is the time between two looks for mails that are too old.
const removalInterval = time.Hour

func newBackgrounds(s *Service) []lifecycle.Background {
	return []lifecycle.Background{{Name: "mail retention", Run: func(ctx context.Context) {
		lifecycle.RunEvery(ctx, "mail retention", removalInterval, func(ctx context.Context) {
			if err := s.removeOld(ctx); err != nil && ctx.Err() == nil {
				slog.Warn("old mails were not removed, will be tried again", "error", err)
			}
		})
	}}}
}

// removeOld removes the mails that were sent or have failed and are older than MAIL_RETENTION.
func (s *Service) removeOld(ctx context.Context) error {
	if s.retention == 0 {
		return nil
	}
	removed, err := s.store.removeOld(ctx, s.clock.Now().Add(-s.retention))
	if removed > 0 {
		slog.Info("old mails were removed", "count", removed, "retention", s.retention)
	}
	return err
}
