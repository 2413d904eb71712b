package auth

import (
	"context"

	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// Refresh spends a refresh token for its successor. A spent one outside the grace ends the whole
// session: 401 refresh-token-reused. Anything else that does not hold is 401 invalid-token.
func (s *Service) Refresh(ctx context.Context, token string) (g Grant, err error) {
	id, generation, raw, ok := s.refresh.parse(token)
	if !ok {
		return g, apperr.InvalidToken()
	}
	// Twice: whoever loses the race for a rotation finds the winner's at the second look.
	for range 2 {
		se, err := s.store.session(ctx, id)
		if db.IsNotFound(err) {
			return g, apperr.InvalidToken()
		}
		if err != nil {
			return g, err
		}
		now := s.clock.Now()
		if !s.refresh.holds(se, raw) || !se.alive(now) || generation > se.Generation {
			return g, apperr.InvalidToken()
		}
		a, active, err := s.accounts.ByID(ctx, se.UserID)
		if err != nil {
			return g, err
		}
		if !active || !a.Active {
			return g, apperr.InvalidToken()
		}
		switch {
		case generation == se.Generation:
			g.RefreshToken = s.refresh.make(se, generation+1)
			caller := identity.CallerFrom(ctx)
			won, err := s.store.rotate(ctx, se, hashOf(g.RefreshToken), now, se.extend(now, s.ttl), caller.IP, caller.UserAgent)
			if err != nil {
				return g, err
			}
			if won {
				return s.grant(g, se, a)
			}
		case generation == se.Generation-1 && now.Sub(se.RotatedAt) <= grace:
			g.RefreshToken = s.refresh.make(se, se.Generation)
			return s.grant(g, se, a)
		default:
			return g, s.reused(ctx, se)
		}
	}
	return g, apperr.InvalidToken()
}

func (s *Service) reused(ctx context.Context, se *session) error {
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.endSession(ctx, se.ID); err != nil {
			return err
		}
		return s.record(ctx, "auth.refresh_reused", "session", se.ID, se.UserID, nil)
	})
	if err != nil {
		return err
	}
	return errReused
}
