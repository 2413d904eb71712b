package auth

import (
	"context"

	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// Refresh trades a refresh token for its successor. For a token that was used before, except within
// reuseGrace, it ends the session and returns errRefreshTokenReused. For any other token that is
// not valid it returns an invalid-token error.
func (s *Service) Refresh(ctx context.Context, token string) (g Grant, err error) {
	id, generation, raw, ok := s.refresh.parseToken(token)
	if !ok {
		return g, apperr.InvalidToken()
	}
	// Twice: a request that loses the race for the next generation finds it at the second look.
	for range 2 {
		se, err := s.store.findSession(ctx, id)
		if db.IsNotFound(err) {
			return g, apperr.InvalidToken()
		}
		if err != nil {
			return g, err
		}
		now := s.clock.Now()
		if !s.refresh.isAuthentic(se, raw) || !se.isAlive(now) || generation > se.Generation {
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
			g.RefreshToken = s.refresh.newToken(se, generation+1)
			caller := identity.CallerFrom(ctx)
			won, err := s.store.rotate(ctx, se, hashToken(g.RefreshToken), now, se.nextExpiry(now, s.ttl),
				caller.IP, caller.UserAgent)
			if err != nil {
				return g, err
			}
			if won {
				return s.issueTokens(g, se, a)
			}
		case generation == se.Generation-1 && now.Sub(se.RotatedAt) <= reuseGrace:
			g.RefreshToken = s.refresh.newToken(se, se.Generation)
			return s.issueTokens(g, se, a)
		default:
			return g, s.endReusedSession(ctx, se)
		}
	}
	return g, apperr.InvalidToken()
}

// endReusedSession ends the session of a token that was used twice, as somebody may have a copy,
// and returns errRefreshTokenReused.
func (s *Service) endReusedSession(ctx context.Context, se *session) error {
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.endSession(ctx, se.ID); err != nil {
			return err
		}
		return s.publishEntry(ctx, "auth.refresh_reused", "session", se.ID, se.UserID, nil)
	})
	if err != nil {
		return err
	}
	return errRefreshTokenReused
}
