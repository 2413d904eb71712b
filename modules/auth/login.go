package auth

import (
	"context"

	"lyceum/modules/auth/authapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
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

// proof is what a sign-in is checked against; of an unknown address it is empty.
type proof struct {
	PasswordHash string
	ChangedAt    clock.Time
	// Failures in a row, of an unknown address, too.
	Failures int
	// Factor says that a second factor is set.
	Factor bool
}

// Login opens a session: 401 invalid-credentials for a wrong address or password alike, 403
// account-disabled after the right one, 401 mfa-required with a challenge when a second factor is set,
// 429 after too many failures. An unknown address takes the same steps as a known one (ASVS 6.3.8).
func (s *Service) Login(ctx context.Context, email, password string) (g Grant, err error) {
	a, known, err := s.accounts.ByEmail(ctx, email)
	if err != nil {
		return g, err
	}
	address := s.guard.addressHash(email)
	p, err := s.store.proof(ctx, idOr(a.ID), address)
	if err != nil {
		return g, err
	}
	if p.Failures >= maxFailures {
		return g, errLocked
	}
	hit, err := s.guard.attempt(ctx, address, p)
	if err != nil {
		return g, err
	}
	match, outdated, err := s.matches(ctx, p.PasswordHash, password)
	if err != nil || known && match {
		s.guard.limiter.GiveBack(ctx, hit)
	}
	switch {
	case err != nil:
		return g, err
	case !known || !match:
		return g, s.refuse(ctx, address, a.ID, "wrong-password", errCredentials)
	case !a.Active:
		return g, s.note(ctx, a.ID, "account-disabled", errDisabled)
	case p.Factor:
		return g, s.challenge(ctx, a, p)
	}
	if outdated {
		p.PasswordHash = s.rehash(ctx, a.ID, password, p)
	}
	return s.open(ctx, a, p.PasswordHash)
}

func (s *Service) matches(ctx context.Context, hash, password string) (match, outdated bool, err error) {
	if password = normalize(password); text.CountRunes(password) > maxPassword {
		password = "" // never right, and no reason to hash a megabyte
	}
	return s.hasher.CheckPassword(ctx, hash, password)
}

// idOr lets an unknown address take the same query as a known one.
func idOr(id string) string {
	if id == "" {
		return ids.None
	}
	return id
}

// refuse counts a wrong password or code, writes it down and answers it. Beyond the last failure that an
// address may have, nothing is said about the guess any more.
func (s *Service) refuse(ctx context.Context, address []byte, userID, reason string, answer *apperr.Error) error {
	failures := 0
	err := s.db.InTx(ctx, func(ctx context.Context) (err error) {
		if failures, err = s.store.addFailure(ctx, address, userID, s.clock.Now()); err != nil {
			return err
		}
		return s.record(ctx, "auth.login_failed", "user", userID, userID, map[string]any{"reason": reason})
	})
	if err != nil {
		return err
	}
	if failures > maxFailures {
		return errLocked
	}
	return answer
}

// note writes down why a sign-in with the right password did not open a session, and answers it.
func (s *Service) note(ctx context.Context, userID, reason string, answer *apperr.Error) error {
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		return s.record(ctx, "auth.login_failed", "user", userID, userID, map[string]any{"reason": reason})
	})
	if err != nil {
		return err
	}
	return answer
}

// rehash brings a hash to today's cost and gives the one that is stored then; a failure leaves the old one.
func (s *Service) rehash(ctx context.Context, userID, password string, p proof) string {
	hash, err := s.hasher.HashPassword(ctx, normalize(password))
	if err != nil {
		return p.PasswordHash
	}
	if changed, err := s.store.swapPassword(ctx, userID, p.PasswordHash, hash, p.ChangedAt); err != nil || !changed {
		return p.PasswordHash
	}
	return hash
}

// open begins a session for an account that has proved who it is with the password of the given hash.
// Whatever else happens to the account at the same time comes before or after it as a whole: both the
// account and its password are held while the session is written.
func (s *Service) open(ctx context.Context, a usersapi.Account, passwordHash string) (g Grant, err error) {
	caller, now := identity.CallerFrom(ctx), s.clock.Now()
	se := &session{ID: ids.New(), UserID: a.ID, Salt: randomBytes(16), Generation: 1, RotatedAt: now, CreatedAt: now, LastUsedAt: now,
		ExpiresAt: now.Add(s.ttl), IP: caller.IP, Network: networkOf(caller.IP), UserAgent: caller.UserAgent}
	g.RefreshToken = s.refresh.make(se, se.Generation)
	se.TokenHash = hashOf(g.RefreshToken)
	address := s.guard.addressHash(a.Email)
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		active, err := s.registrar.RecordLogin(ctx, a.ID)
		if err != nil {
			return err
		}
		past, err := s.store.begin(ctx, se, passwordHash, address)
		switch {
		case err != nil:
			return err
		case !active || !past.SamePassword:
			return errCredentials // changed, disabled or deleted this moment
		case past.Failures >= maxFailures:
			return errLocked
		}
		return s.tellSession(ctx, se, past, address)
	})
	if err != nil {
		return g, err
	}
	return s.grant(g, se, a)
}

func (s *Service) tellSession(ctx context.Context, se *session, past past, address []byte) error {
	if past.Failures > 0 {
		if err := s.store.clearFailures(ctx, address); err != nil {
			return err
		}
	}
	if past.SignedIn && !deviceOf(se.UserAgent, se.Network).isKnown(past.Devices) {
		e := authapi.NewSignIn{UserID: se.UserID, IP: se.IP, UserAgent: se.UserAgent, At: se.CreatedAt.String()}
		if err := s.events.Publish(ctx, e); err != nil {
			return err
		}
	}
	return s.record(ctx, "auth.login_succeeded", "session", se.ID, se.UserID, nil)
}

func (s *Service) grant(g Grant, se *session, a usersapi.Account) (Grant, error) {
	var err error
	g.AccessToken, g.Expires, err = s.tokens.IssueToken(a.ID, se.ID, a.Role)
	g.Account = a
	return g, err
}
