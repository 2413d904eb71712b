package auth

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/broadcast"
	"lyceum/platform/db"
	"lyceum/platform/identity"
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
	user := identity.CallerFrom(ctx).UserID
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.endAll(ctx, user, ""); err != nil {
			return err
		}
		return s.record(ctx, "auth.logged_out", "user", user, user, nil)
	})
}

// EndSession ends one of the caller's own sessions: 404 for any other.
func (s *Service) EndSession(ctx context.Context, id string) error {
	if !ids.IsValid(id) {
		return errNoSession
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		se, err := s.store.session(ctx, id)
		if db.IsNotFound(err) || err == nil && (se.UserID != identity.CallerFrom(ctx).UserID || !se.alive(s.clock.Now())) {
			return errNoSession
		}
		if err != nil {
			return err
		}
		ended, err := s.endSession(ctx, id)
		if err != nil || !ended {
			return err
		}
		return s.revoked(ctx, id, se.UserID)
	})
}

// revoked writes down that a session was ended by its owner, unless somebody else is signed in.
func (s *Service) revoked(ctx context.Context, id, owner string) error {
	return s.record(ctx, "auth.session_revoked", "session", id, owner, nil)
}

// endSession ends a session in the caller's transaction; every replica forgets it at the commit.
func (s *Service) endSession(ctx context.Context, id string) (bool, error) {
	ended, err := s.store.end(ctx, id, s.clock.Now())
	dropSessionsAfterCommit(ctx, s.broadcast, id)
	return ended, err
}

// maxSignals bounds what one change says to the other replicas; beyond it they look at everything again.
const maxSignals = 200

// endAll ends the sessions of an account but one, in the caller's transaction, with an entry for each.
func (s *Service) endAll(ctx context.Context, userID, keep string) error {
	if err := s.store.dropChallenges(ctx, userID); err != nil { // half a sign-in is one, too
		return err
	}
	ended, err := s.store.endAll(ctx, userID, idOr(keep), s.clock.Now())
	if err != nil {
		return err
	}
	for _, id := range ended {
		if err := s.revoked(ctx, id, userID); err != nil {
			return err
		}
	}
	dropSessionsAfterCommit(ctx, s.broadcast, ended...)
	return nil
}

// dropSessionsAfterCommit makes every replica drop what it has cached of sessions once the transaction is committed.
func dropSessionsAfterCommit(ctx context.Context, b *broadcast.Bus, ids ...string) {
	if len(ids) > maxSignals {
		ids = []string{""}
	}
	db.AfterCommit(ctx, func() {
		for _, id := range ids {
			b.SendSignal(identity.TopicSession, id)
		}
	})
}

// onDisabled ends what a disabled account had open: when it is enabled again, its owner signs in anew.
func (s *Service) onDisabled(ctx context.Context, e usersapi.Disabled) error {
	return s.endAll(ctx, e.UserID, "")
}
