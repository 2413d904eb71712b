package auth

import (
	"context"
	"time"

	"lyceum/modules/mail/mailapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/text"
)

// emailChangeLife is how long the link to a new address lives.
const emailChangeLife = 48 * time.Hour

// emailChange is an address that an account asked for and has not confirmed yet. An account has one
// at most.
type emailChange struct {
	UserID    string
	TokenHash []byte
	NewEmail  string
	// SessionID is the session that asked; it stays when the others end.
	SessionID string
	ExpiresAt clock.Time
	CreatedAt clock.Time
}

// TableName of pending changes.
func (emailChange) TableName() string { return "auth_email_changes" }

// RequestEmailChange mails a link to the new address, and a notice to the present one. The address
// changes once the link is used; until then nothing does. The owner of an address that is taken is
// told instead, and the caller sees no difference. It returns 403 wrong-password, and 422 for what
// is no address or is the present one. Beyond RATE_LIMIT_MAIL, counted for the caller and for the
// new address, it does nothing and returns nil.
func (s *Service) RequestEmailChange(ctx context.Context, newEmail, password string) error {
	a, err := s.getCaller(ctx)
	if err != nil {
		return err
	}
	email, err := text.NormalizeEmail(newEmail)
	if err != nil {
		return apperr.Invalid("new_email", err.Error())
	}
	if email == a.Email {
		return apperr.Invalid("new_email", "this is the account's address already")
	}
	if _, err := s.verifyOwnPassword(ctx, password); err != nil {
		return err
	}
	if !s.guard.isEmailChangeAllowed(ctx, a.ID) || !s.guard.isMailAllowed(ctx, email) {
		return nil
	}
	return s.db.InTx(ctx, func(ctx context.Context) error { return s.storeEmailChange(ctx, a, email) })
}

// storeEmailChange keeps the pending change and queues both mails. It does the same for an address
// that is taken, whose link nobody gets, so that the time of the answer tells nothing.
func (s *Service) storeEmailChange(ctx context.Context, a usersapi.Account, email string) error {
	token, now := encodeToken(randomBytes(32)), s.clock.Now()
	pending := emailChange{
		UserID: a.ID, TokenHash: hashToken(token), NewEmail: email,
		SessionID: idOrNone(identity.CallerFrom(ctx).SessionID),
		ExpiresAt: now.Add(emailChangeLife), CreatedAt: now,
	}
	if err := s.store.saveEmailChange(ctx, pending); err != nil {
		return err
	}
	owner, taken, err := s.accounts.ByEmail(ctx, email)
	if err != nil {
		return err
	}
	invite := mailapi.Mail{Kind: "change_email", To: email, UserID: a.ID, Data: map[string]any{
		"DisplayName": a.DisplayName, "Link": s.mailer.Link("/email", "token", token), "ExpiresIn": "48 hours",
	}}
	if taken {
		invite = mailapi.Mail{
			Kind: "email_in_use", To: owner.Email, UserID: owner.ID,
			Data: map[string]any{"DisplayName": owner.DisplayName, "When": formatTime(now)},
		}
	}
	return s.mailer.Queue(ctx, invite, mailapi.Mail{Kind: "email_change_requested", To: a.Email, UserID: a.ID,
		Data: map[string]any{"DisplayName": a.DisplayName, "When": formatTime(now)}})
}

// ConfirmEmailChange returns an account the address to which the link was sent, which is verified
// by that. All sessions but the one that asked end, open links to reset the password or verify the
// old address die, and the old address is told. It returns 422 invalid-link for any fault of the
// link, with done where it did its work before, as when a mail scanner opened it first, and 409
// email-taken when another account took the address meanwhile.
func (s *Service) ConfirmEmailChange(ctx context.Context, token string) (a usersapi.Account, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.store.lockEmailChange(ctx, hashToken(token))
		if db.IsNotFound(err) || err == nil && !s.clock.Now().Before(c.ExpiresAt) {
			return errInvalidLink
		}
		if err != nil {
			return err
		}
		before, known, err := s.accounts.ByID(ctx, c.UserID)
		if err != nil || !known || !before.Active {
			return firstError(err, errInvalidLink)
		}
		if before.Email == c.NewEmail {
			return errLinkDone
		}
		if a, err = s.registrar.ChangeEmail(ctx, c.UserID, c.NewEmail); err != nil {
			return err
		}
		return s.afterEmailChange(ctx, before, a, c.SessionID)
	})
	return a, err
}

// afterEmailChange does what follows from another address, in the transaction of ctx:
// sessions but one end, links to the old address die, sign-ins that failed with the new one before
// no longer count, and the old address is told.
func (s *Service) afterEmailChange(ctx context.Context, before, now usersapi.Account, keep string) error {
	if err := s.store.deleteFailures(ctx, s.guard.hashAddress(now.Email)); err != nil {
		return err
	}
	for _, kind := range []string{kindReset, kindVerify} {
		if err := s.store.deleteLinks(ctx, now.ID, kind); err != nil {
			return err
		}
	}
	if err := s.endSessionsExcept(ctx, now.ID, keep); err != nil {
		return err
	}
	return s.mailer.Queue(ctx, mailapi.Mail{Kind: "email_changed", To: before.Email, UserID: now.ID,
		Data: map[string]any{"DisplayName": before.DisplayName, "When": formatTime(s.clock.Now())}})
}

// onEmailReplaced follows an administrator who gave an account another address: everybody who is
// signed in to it signs in again, and the new address gets a link to confirm it.
func (s *Service) onEmailReplaced(ctx context.Context, e usersapi.EmailReplaced) error {
	if err := s.store.deleteEmailChange(ctx, e.UserID); err != nil {
		return err
	}
	now, known, err := s.accounts.ByID(ctx, e.UserID)
	if err != nil || !known {
		return err
	}
	before := now
	before.Email = e.OldEmail
	if err := s.afterEmailChange(ctx, before, now, ids.None); err != nil {
		return err
	}
	return s.sendVerification(ctx, now)
}

// formatTime is a time as mails show it.
func formatTime(t clock.Time) string { return t.StdTime().Format("2 January 2006, 15:04 UTC") }
