package auth

import (
	"context"

	"lyceum/modules/auth/authapi"
	"lyceum/modules/auth/internal/passwordrules"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/identity"
)

// verifyOwnPassword holds a password to be the caller's, as before what can't be taken back: 403
// wrong-password, 429 after too many guesses. It gives what is stored, so that the caller can see
// that it still is.
func (s *Service) verifyOwnPassword(ctx context.Context, password string) (p credentials, err error) {
	hit, err := s.guard.takeGuess(ctx, s.guard.password)
	if err != nil {
		return p, err
	}
	if p, err = s.store.findCredentials(ctx, identity.CallerFrom(ctx).UserID, nil); err != nil {
		return p, err
	}
	match, _, err := s.verifyPassword(ctx, p.PasswordHash, password)
	if err != nil || match {
		s.guard.limiter.GiveBack(ctx, hit)
	}
	if err == nil && !match {
		err = errWrongPassword
	}
	return p, err
}

// ChangePassword sets another password, ends all other sessions and tells the owner (ASVS 6.2.3,
// 7.4.3): 422 for one that breaks a rule, 403 wrong-password.
func (s *Service) ChangePassword(ctx context.Context, current, next string) error {
	a, err := s.getCaller(ctx)
	if err != nil {
		return err
	}
	next = passwordrules.Normalize(next)
	if err := passwordrules.Check(next, a.Email, s.minLength); err != nil {
		return apperr.Invalid("new_password", err.Error())
	}
	p, err := s.verifyOwnPassword(ctx, current)
	if err != nil {
		return err
	}
	hash, err := s.hasher.HashPassword(ctx, next)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.deleteLinks(ctx, a.ID, kindReset); err != nil {
			return err
		}
		changed, err := s.store.replacePassword(ctx, a.ID, p.PasswordHash, hash, s.clock.Now())
		if err != nil || !changed {
			return firstError(err, errWrongPassword) // another change was faster
		}
		return s.afterPasswordChange(ctx, a, "auth.password_changed", identity.CallerFrom(ctx).SessionID)
	})
}

// afterPasswordChange does what follows from a new password, in the transaction of ctx: it
// ends all sessions but keep, and publishes the audit entry and the event.
func (s *Service) afterPasswordChange(ctx context.Context, a usersapi.Account, action, keep string) error {
	if err := s.store.deleteEmailChange(ctx, a.ID); err != nil { // whoever asked for it may know the old password only
		return err
	}
	if err := s.endSessionsExcept(ctx, a.ID, keep); err != nil {
		return err
	}
	if err := s.publishEntry(ctx, action, "user", a.ID, a.ID, nil); err != nil {
		return err
	}
	return s.events.Publish(ctx, authapi.PasswordChanged{UserID: a.ID, At: s.clock.Now().String()})
}

// DeleteCaller deletes the account of the caller, for good, after a check of its password. It
// returns problem wrong-password, problem last-admin for the last active administrator, and a
// too-many-requests error after too many guesses.
func (s *Service) DeleteCaller(ctx context.Context, password string) error {
	if _, err := s.verifyOwnPassword(ctx, password); err != nil {
		return err
	}
	return s.deleter.Delete(ctx, identity.CallerFrom(ctx).UserID)
}
