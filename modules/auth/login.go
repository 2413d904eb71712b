package auth

import (
	"context"

	"lyceum/modules/auth/authapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/auth"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/text"
)

// Grant is what a login or a refresh gives.
type Grant struct {
	AccessToken  string
	RefreshToken string
	Expires      clock.Time
	Account      usersapi.Account
}

// Login opens a session: 401 invalid-credentials for a wrong address or password alike, 403
// account-disabled after the right one.
func (s *Service) Login(ctx context.Context, email, password string) (g Grant, err error) {
	a, known, err := s.accounts.ByEmail(ctx, email)
	if err != nil {
		return g, err
	}
	hash, err := s.store.passwordHash(ctx, idOr(a.ID))
	if err != nil {
		return g, err
	}
	if text.Length(password) > maxPassword {
		password = "" // never right, and no reason to hash a megabyte
	}
	match, outdated, err := s.hasher.Check(ctx, hash, normalize(password))
	if err != nil {
		return g, err
	}
	if !known || !match {
		return g, s.refuse(ctx, a.ID, "wrong-password", errCredentials)
	}
	if !a.Active {
		return g, s.refuse(ctx, a.ID, "account-disabled", errDisabled)
	}
	if outdated {
		s.rehash(ctx, a.ID, password)
	}
	return s.open(ctx, a)
}

// idOr lets an unknown address take the same query as a known one.
func idOr(id string) string {
	if id == "" {
		return "00000000-0000-0000-0000-000000000000"
	}
	return id
}

// refuse writes the failure down and answers it.
func (s *Service) refuse(ctx context.Context, userID, reason string, answer *apperr.Error) error {
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		return s.record(ctx, "auth.login_failed", "user", userID, userID, map[string]any{"reason": reason})
	})
	if err != nil {
		return err
	}
	return answer
}

// rehash brings a hash to today's cost; a failure only leaves the old one.
func (s *Service) rehash(ctx context.Context, userID, password string) {
	if hash, err := s.hasher.Hash(ctx, normalize(password)); err == nil {
		_ = s.store.setPassword(ctx, userID, hash, s.clock.Now())
	}
}

func (s *Service) open(ctx context.Context, a usersapi.Account) (g Grant, err error) {
	caller, now := auth.CallerFrom(ctx), s.clock.Now()
	se := &session{ID: ids.New(), UserID: a.ID, Salt: randomBytes(16), Generation: 1, RotatedAt: now, CreatedAt: now, LastUsedAt: now,
		ExpiresAt: now.Add(s.ttl), IP: caller.IP, Network: networkOf(caller.IP), UserAgent: caller.UserAgent}
	g.RefreshToken = s.refresh.make(se, se.Generation)
	se.TokenHash = hashOf(g.RefreshToken)
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.tellNewSignIn(ctx, se); err != nil {
			return err
		}
		if err := s.store.insertSession(ctx, se); err != nil {
			return err
		}
		if err := s.accounts.TouchLogin(ctx, a.ID); err != nil {
			return err
		}
		return s.record(ctx, "auth.login_succeeded", "session", se.ID, a.ID, nil)
	})
	if err != nil {
		return g, err
	}
	return s.grant(g, se, a)
}

func (s *Service) grant(g Grant, se *session, a usersapi.Account) (Grant, error) {
	var err error
	g.AccessToken, g.Expires, err = s.tokens.Issue(a.ID, se.ID, a.Role)
	g.Account = a
	return g, err
}

func (s *Service) tellNewSignIn(ctx context.Context, se *session) error {
	all, same, err := s.store.seen(ctx, se.UserID, se.UserAgent, se.Network)
	if err != nil || all == 0 || same > 0 {
		return err
	}
	return s.events.Publish(ctx, authapi.NewSignIn{UserID: se.UserID, IP: se.IP, UserAgent: se.UserAgent, At: se.CreatedAt.String()})
}

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
			caller := auth.CallerFrom(ctx)
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
