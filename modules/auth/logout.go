package auth

import (
	"context"

	"lyceum/platform/auth"
	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// Logout ends the session of a refresh token, of any generation; what is no token ends nothing.
func (s *Service) Logout(ctx context.Context, token string) error {
	id, _, raw, ok := s.refresh.parse(token)
	if !ok {
		return nil
	}
	se, err := s.store.session(ctx, id)
	if db.IsNotFound(err) || err == nil && !s.refresh.holds(se, raw) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if ended, err := s.endSession(ctx, se.ID); err != nil || !ended {
			return err
		}
		return s.record(ctx, "auth.logged_out", "session", se.ID, se.UserID, nil)
	})
}

// LogoutAll ends all sessions of the caller.
func (s *Service) LogoutAll(ctx context.Context) error {
	user := auth.CallerFrom(ctx).UserID
	return s.db.InTx(ctx, func(ctx context.Context) error {
		alive, err := s.store.aliveOf(ctx, user, s.clock.Now(), nil, 0)
		if err != nil {
			return err
		}
		for _, se := range alive {
			if err := s.revoke(ctx, se.ID); err != nil {
				return err
			}
		}
		return s.record(ctx, "auth.logged_out", "user", user, user, map[string]any{"sessions": len(alive)})
	})
}

// EndSession ends one of the caller's own sessions: 404 for any other.
func (s *Service) EndSession(ctx context.Context, id string) error {
	if !ids.Valid(id) {
		return errNoSession
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		se, err := s.store.session(ctx, id)
		if db.IsNotFound(err) || err == nil && (se.UserID != auth.CallerFrom(ctx).UserID || !se.alive(s.clock.Now())) {
			return errNoSession
		}
		if err != nil {
			return err
		}
		return s.revoke(ctx, id)
	})
}

func (s *Service) revoke(ctx context.Context, id string) error {
	ended, err := s.endSession(ctx, id)
	if err != nil || !ended {
		return err
	}
	return s.record(ctx, "auth.session_revoked", "session", id, "", nil)
}

// endSession ends a session in the caller's transaction; every replica forgets it at the commit.
func (s *Service) endSession(ctx context.Context, id string) (bool, error) {
	ended, err := s.store.end(ctx, id, s.clock.Now())
	db.AfterCommit(ctx, func() { s.broadcast.Signal(auth.TopicSession, id) })
	return ended, err
}
