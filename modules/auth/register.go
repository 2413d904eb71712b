package auth

import (
	"context"
	"time"

	"lyceum/modules/auth/internal/passwordrules"
	"lyceum/modules/mail/mailapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/identity"
	"lyceum/platform/limit"
	"lyceum/platform/text"
)

// verifyLife is how long a verification link lives.
const (
	verifyLife = 48 * time.Hour
	kindVerify = "verify"
)

// NewUser is an account that is to be registered.
type NewUser struct {
	// ID is the id of the account; "" stands for a new one.
	ID          string
	Email       string
	Password    string
	DisplayName string
	Role        identity.Role
	// Verified accounts get no verification mail: an operator made them.
	Verified bool
	// Demo accounts have the password that the contract names, whatever PASSWORD_MIN_LENGTH says.
	Demo bool
}

// Register creates an account with a password and mails a link to verify its address. It returns
// problem email-taken, or a validation error for an address, a password or a name that an account
// may not have.
func (s *Service) Register(ctx context.Context, n NewUser) (a usersapi.Account, err error) {
	email, err := text.NormalizeEmail(n.Email)
	if err != nil {
		return a, apperr.Invalid("email", err.Error())
	}
	password := passwordrules.Normalize(n.Password)
	if err := passwordrules.Check(password, email, s.minLength); err != nil && !n.Demo {
		return a, apperr.Invalid("password", err.Error())
	}
	hash, err := s.hasher.HashPassword(ctx, password)
	if err != nil {
		return a, err
	}
	var welcome limit.Result
	if !n.Verified {
		welcome = s.guard.takeRegistration(ctx, email)
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		a, err = s.registrar.Create(ctx,
			usersapi.NewAccount{ID: n.ID, Email: email, DisplayName: n.DisplayName, Role: n.Role, Verified: n.Verified})
		if err != nil {
			return err
		}
		// Failures before the registration were those of an unknown address.
		if err := s.store.deleteFailures(ctx, s.guard.hashAddress(email)); err != nil {
			return err
		}
		if err := s.store.savePassword(ctx, a.ID, hash, s.clock.Now()); err != nil || !welcome.Passed {
			return err
		}
		return s.sendVerification(ctx, a)
	})
	if err != nil && welcome.Passed {
		s.guard.limiter.GiveBack(ctx, welcome)
	}
	return a, err
}

// sendVerification mails a link to verify the address of an account.
func (s *Service) sendVerification(ctx context.Context, a usersapi.Account) error {
	token, err := s.createLink(ctx, a.ID, kindVerify, verifyLife)
	if err != nil {
		return err
	}
	return s.mailer.Queue(ctx, mailapi.Mail{Kind: "verify_email", To: a.Email, UserID: a.ID, Data: map[string]any{
		"DisplayName": a.DisplayName, "Link": s.mailer.Link("/verify", "token", token), "ExpiresIn": "48 hours",
	}})
}

// createLink returns a token of 256 bits, of which the table has a hash (ASVS 6.5.1, 6.5.5). It
// replaces the link of the kind that the account had.
func (s *Service) createLink(ctx context.Context, userID, kind string, life time.Duration) (string, error) {
	token := encodeToken(randomBytes(32))
	now := s.clock.Now()
	return token, s.store.saveLink(ctx, userID, kind, hashToken(token), now, now.Add(life))
}

// VerifyEmail verifies an address by its link. It returns errInvalidLink for a link that is not
// valid, and errLinkDone for one that was used before, such as by a program that checks mails.
func (s *Service) VerifyEmail(ctx context.Context, token string) (a usersapi.Account, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		id, err := s.store.markLinkUsed(ctx, kindVerify, hashToken(token), s.clock.Now())
		if err != nil {
			return err
		}
		if id == "" {
			return s.explainUnusableLink(ctx, hashToken(token))
		}
		if err := s.registrar.MarkVerified(ctx, id); err != nil {
			return err
		}
		a, _, err = s.accounts.ByID(ctx, id)
		return err
	})
	return a, err
}

// explainUnusableLink tells a verification link that did its work from one that never will.
func (s *Service) explainUnusableLink(ctx context.Context, hash []byte) error {
	id, err := s.store.findUsedLink(ctx, kindVerify, hash)
	if err != nil {
		return err
	}
	if id == "" {
		return errInvalidLink
	}
	a, ok, err := s.accounts.ByID(ctx, id)
	if err != nil {
		return err
	}
	if !ok || !a.Verified {
		return errInvalidLink
	}
	return errLinkDone
}

// RequestVerification mails the link again, unless the address is verified or was sent too many
// mails.
func (s *Service) RequestVerification(ctx context.Context) error {
	a, ok, err := s.accounts.ByID(ctx, identity.CallerFrom(ctx).UserID)
	if err != nil || !ok || a.Verified || !s.guard.isMailAllowed(ctx, a.Email) {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error { return s.sendVerification(ctx, a) })
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
