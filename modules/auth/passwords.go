package auth

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"lyceum/modules/auth/authapi"
	"lyceum/modules/auth/internal/passwordrules"
	"lyceum/modules/mail/mailapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
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
	return s.events.Publish(ctx, authapi.PasswordChanged{UserID: a.ID, At: s.clock.Now()})
}

// resetLife is how long a reset link lives.
const (
	resetLife = time.Hour
	kindReset = "reset"
)

// resetAsked is the event of a request for a new password. The address may be unknown. It is
// sealed, as the outbox stores it.
type resetAsked struct {
	Sealed    []byte `json:"sealed"`
	IP        string `json:"ip"`
	UserAgent string `json:"user_agent"`
	RequestID string `json:"request_id"`
}

// EventName implements events.Event.
func (resetAsked) EventName() string { return "auth.reset_asked" }

// Delay implements events.Delayed: what is done for a known address, and not for an unknown one, is
// done when nobody can time it by the requests around it.
func (resetAsked) Delay() time.Duration { return time.Second + rand.N(1500*time.Millisecond) }

// RequestReset sends a reset link to an address if an account has it. The request itself does the
// same for every address, known or not; the rest follows later (ASVS 6.3.8).
func (s *Service) RequestReset(ctx context.Context, email string) error {
	if !s.guard.isMailAllowed(ctx, email) {
		return nil
	}
	c := identity.CallerFrom(ctx)
	return s.db.InTx(ctx, func(ctx context.Context) error {
		return s.events.Publish(ctx, resetAsked{keyring.Seal(s.sealKey, []byte(email)), c.IP, c.UserAgent, c.RequestID})
	})
}

// sendResetLink mails the link, in the delivery's transaction.
func (s *Service) sendResetLink(ctx context.Context, e resetAsked) error {
	email, err := keyring.Unseal(s.sealKey, e.Sealed)
	if err != nil {
		slog.WarnContext(ctx, "a reset link could not be sent: it was asked for under keys that were lost",
			"request_id", e.RequestID)
		return nil
	}
	a, known, err := s.accounts.ByEmail(ctx, string(email))
	if err != nil || !known || !a.Active {
		return err
	}
	ctx = identity.WithCaller(ctx, identity.Caller{IP: e.IP, UserAgent: e.UserAgent, RequestID: e.RequestID})
	token, err := s.createLink(ctx, a.ID, kindReset, resetLife)
	if err != nil {
		return err
	}
	err = s.mailer.Queue(ctx, mailapi.Mail{Kind: "password_reset", To: a.Email, UserID: a.ID, Data: map[string]any{
		"DisplayName": a.DisplayName, "Link": s.mailer.Link("/reset", "token", token), "ExpiresIn": "one hour",
	}})
	if err != nil {
		return err
	}
	return s.publishEntry(ctx, "auth.reset_requested", "user", a.ID, "", nil)
}

// ResetPassword trades a reset link for a new password and ends all sessions: 422 invalid-link for
// any fault of the link, 422 for a password that breaks a rule, which leaves the link as it is. The
// hash is made before the link is looked at, so that all links take the same time.
func (s *Service) ResetPassword(ctx context.Context, token, password string) error {
	password = passwordrules.Normalize(password)
	if err := passwordrules.Check(password, "", s.minLength); err != nil {
		return apperr.Invalid("password", err.Error())
	}
	hash, err := s.hasher.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		id, err := s.store.consumeLink(ctx, kindReset, hashToken(token), s.clock.Now())
		if err != nil {
			return err
		}
		a, known, err := s.accounts.ByID(ctx, idOrNone(id))
		if err != nil || !known || !a.Active {
			return firstError(err, errInvalidLink)
		}
		if err := passwordrules.Check(password, a.Email, s.minLength); err != nil {
			return apperr.Invalid("password", err.Error())
		}
		return s.storeResetPassword(ctx, a, hash)
	})
}

// storeResetPassword stores the password of a reset, in the transaction of ctx.
func (s *Service) storeResetPassword(ctx context.Context, a usersapi.Account, hash string) error {
	if err := s.store.savePassword(ctx, a.ID, hash, s.clock.Now()); err != nil {
		return err
	}
	if err := s.store.deleteFailures(ctx, s.guard.hashAddress(a.Email)); err != nil {
		return err
	}
	if err := s.claimUnverifiedAccount(ctx, a); err != nil {
		return err
	}
	return s.afterPasswordChange(ctx, a, "auth.password_reset", "")
}

// claimUnverifiedAccount returns an account to whoever has its mailbox. Until then it may be
// somebody else's who registered the address, and whose second factor would keep the owner out for
// good.
func (s *Service) claimUnverifiedAccount(ctx context.Context, a usersapi.Account) error {
	if a.Verified {
		return nil
	}
	f, err := s.store.lockFactor(ctx, a.ID)
	if err != nil {
		return err
	}
	if f != nil {
		if err := s.deleteFactor(ctx, f, a.ID); err != nil {
			return err
		}
	}
	return s.registrar.MarkVerified(ctx, a.ID)
}
