package chat

import (
	"context"
	"log/slog"
	"time"

	"lyceum/platform/lifecycle"
)

// tidy removes what dead replicas and unused tickets leave, and what was said in deleted channels,
// once a minute.
func (s *Service) tidy(ctx context.Context) {
	lifecycle.RunEvery(ctx, "chat tidying", time.Minute, func(ctx context.Context) {
		if err := s.tidyOnce(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("chat: old rows stay for now", "error", err)
		}
	})
}

// keepDeleted is how long a deleted channel's messages stay, for backups and regrets.
const keepDeleted = 24 * time.Hour

func (s *Service) tidyOnce(ctx context.Context) error {
	now := s.clock.Now()
	if err := s.store.dropTickets(ctx, now); err != nil {
		return err
	}
	if err := s.db.InTx(ctx, s.store.dropReplicas); err != nil {
		return err
	}
	for more := true; more; {
		err := s.db.InTx(ctx, func(ctx context.Context) (err error) {
			more, err = s.store.purge(ctx, now.Add(-keepDeleted))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
