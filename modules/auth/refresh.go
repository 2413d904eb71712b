package auth

import (
	"context"

	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// Refresh trades the newest refresh token of a session for its successor, with a new access token.
// The token before the newest one gets the newest one again until reuseGrace has passed. For any
// other token that was spent it ends the session and returns errRefreshTokenReused. It returns an
// invalid-token error for a text that is no token of a session, and for every token of a session
// that has ended or expired or whose account is disabled or deleted.
func (s *Service) Refresh(ctx context.Context, token string) (g Grant, err error) {
	id, generation, raw, ok := s.refresh.parseToken(token)
	if !ok {
		return g, apperr.InvalidToken()
	}
	// There are two tries. A request that loses the race for the next generation finds at its
	// second try that its token is the one before the newest, and gets the newest like the request
	// that won.
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
		a, known, err := s.accounts.ByID(ctx, se.UserID)
		if err != nil {
			return g, err
		}
		if !known || !a.Active {
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
