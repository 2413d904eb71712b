package auth

import (
	"context"
	"time"

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

// NewUser is what an account is made of.
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

// Register makes an account with a password: 409 email-taken, 422 for what breaks a rule.
func (s *Service) Register(ctx context.Context, n NewUser) (a usersapi.Account, err error) {
	email, err := text.NormalizeEmail(n.Email)
	if err != nil {
		return a, apperr.Invalid("email", err.Error())
	}
	password := normalize(n.Password)
	if err := checkPassword(password, email, s.minLength); err != nil && !n.Demo {
		return a, apperr.Invalid("password", err.Error())
	}
	hash, err := s.hasher.HashPassword(ctx, password)
	if err != nil {
		return a, err
	}
	var welcome limit.Result
	if !n.Verified {
		welcome = s.guard.takeWelcome(ctx, email)
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		a, err = s.registrar.Create(ctx, usersapi.NewAccount{ID: n.ID, Email: email, DisplayName: n.DisplayName, Role: n.Role, Verified: n.Verified})
		if err != nil {
			return err
		}
		// Whoever failed to sign in with the address before did so as somebody unknown.
		if err := s.store.clearFailures(ctx, s.guard.addressHash(email)); err != nil {
			return err
		}
		if err := s.store.setPassword(ctx, a.ID, hash, s.clock.Now()); err != nil || !welcome.Passed {
			return err
		}
		return s.sendVerification(ctx, a)
	})
	if err != nil && welcome.Passed {
		s.guard.limiter.GiveBack(ctx, welcome)
	}
	return a, err
}

func (s *Service) sendVerification(ctx context.Context, a usersapi.Account) error {
	token, err := s.newLink(ctx, a.ID, kindVerify, verifyLife)
	if err != nil {
		return err
	}
	return s.mailer.Queue(ctx, mailapi.Mail{Kind: "verify_email", To: a.Email, UserID: a.ID, Data: map[string]any{
		"DisplayName": a.DisplayName, "Link": s.mailer.Link("/verify", "token", token), "ExpiresIn": "48 hours",
	}})
}

// newLink makes a token of 256 bits of which the table holds a hash (ASVS 6.5.1, 6.5.5).
func (s *Service) newLink(ctx context.Context, userID, kind string, life time.Duration) (string, error) {
	token := encode(randomBytes(32))
	now := s.clock.Now()
	return token, s.store.putLink(ctx, userID, kind, hashOf(token), now, now.Add(life))
}

// VerifyEmail spends a verification link: 422 invalid-link for any fault. Of a link that was used before, such as by a program
// that checks mails, it says that the address is confirmed, with done in the problem.
func (s *Service) VerifyEmail(ctx context.Context, token string) (a usersapi.Account, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		id, err := s.store.useLink(ctx, kindVerify, hashOf(token), s.clock.Now())
		if err != nil {
			return err
		}
		if id == "" {
			return s.unusableLink(ctx, hashOf(token))
		}
		if err := s.registrar.MarkVerified(ctx, id); err != nil {
			return err
		}
		a, _, err = s.accounts.ByID(ctx, id)
		return err
	})
	return a, err
}

// unusableLink tells a verification link that did its work from one that never will.
func (s *Service) unusableLink(ctx context.Context, hash []byte) error {
	id, err := s.store.usedLink(ctx, kindVerify, hash)
	if err != nil {
		return err
	}
	if id == "" {
		return errLink
	}
	a, ok, err := s.accounts.ByID(ctx, id)
	if err != nil {
		return err
	}
	if !ok || !a.Verified {
		return errLink
	}
	return errLinkDone
}

// RequestVerification sends the mail again, unless the address is verified already or was sent too many.
func (s *Service) RequestVerification(ctx context.Context) error {
	a, ok, err := s.accounts.ByID(ctx, identity.CallerFrom(ctx).UserID)
	if err != nil || !ok || a.Verified || !s.guard.mayMail(ctx, a.Email) {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error { return s.sendVerification(ctx, a) })
}
