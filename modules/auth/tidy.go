package auth

import (
	"context"
	"log/slog"
	"time"

	"lyceum/platform/lifecycle"
)

// How long rows are stored after their end. Ended sessions tell which devices an account has used
// before. Failures of unknown addresses are only stored so that those look like accounts.
const (
	removalInterval     = time.Hour
	keepSessions        = 180 * 24 * time.Hour
	keepUnknownFailures = 30 * 24 * time.Hour
)

func newBackgrounds(s *Service) []lifecycle.Background {
	return []lifecycle.Background{{Name: "auth tidying", Run: s.removeExpired}}
}

// removeExpired deletes expired rows every removalInterval until ctx ends.
func (s *Service) removeExpired(ctx context.Context) {
	lifecycle.RunEvery(ctx, "auth tidying", removalInterval, func(ctx context.Context) {
		now := s.clock.Now()
		if err := s.store.deleteExpired(ctx, now, now.Add(-keepSessions), now.Add(-keepUnknownFailures)); err != nil && ctx.Err() == nil {
			slog.Warn("expired rows of auth were not removed", "error", err)
		}
	})
}
