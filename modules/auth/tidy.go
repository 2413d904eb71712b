package auth

import (
	"context"
	"log/slog"
	"time"

	"lyceum/platform/lifecycle"
)

// How long things are kept past their end. Ended sessions say which browsers an account has used
// before; failures of addresses that nobody has are only there to look like those of accounts.
const (
	tidyEvery    = time.Hour
	keepSessions = 180 * 24 * time.Hour
	keepStrange  = 30 * 24 * time.Hour
)

func newBackgrounds(s *Service) []lifecycle.Background {
	return []lifecycle.Background{{Name: "auth tidying", Run: s.tidy}}
}

func (s *Service) tidy(ctx context.Context) {
	lifecycle.RunEvery(ctx, "auth tidying", tidyEvery, func(ctx context.Context) {
		now := s.clock.Now()
		if err := s.store.tidy(ctx, now, now.Add(-keepSessions), now.Add(-keepStrange)); err != nil && ctx.Err() == nil {
			slog.Warn("auth: old rows stay for now", "error", err)
		}
	})
}
