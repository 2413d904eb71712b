package auth

import (
	"context"
	"errors"
	"time"

	"lyceum/modules/auth/authapi"
	"lyceum/modules/auth/internal/devices"
	"lyceum/modules/auth/internal/passwordrules"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/text"
)

// Grant is the result of a login or a refresh.
type Grant struct {
	AccessToken  string
	RefreshToken string
	Expires      clock.Time
	Account      usersapi.Account
}

// credentials is what a sign-in is checked against. It is empty for an unknown address, except for
// Failures.
type credentials struct {
	PasswordHash string
	ChangedAt    clock.Time
	// Failures is how many sign-ins in a row have failed for the address.
	Failures int
	// Factor says that a second factor is set.
	Factor bool
}

// Login opens a session: 401 invalid-credentials for a wrong address or password alike, 403
// account-disabled after the right one, 401 mfa-required with a challenge when a second factor is
// set, 429 after too many failures. An unknown address takes the same steps as a known one (ASVS
// 6.3.8).
func (s *Service) Login(ctx context.Context, email, password string) (g Grant, err error) {
	a, known, err := s.accounts.ByEmail(ctx, email)
	if err != nil {
		return g, err
	}
	address := s.guard.hashAddress(email)
	p, err := s.store.findCredentials(ctx, idOrNone(a.ID), address)
	if err != nil {
		return g, err
	}
	if p.Failures >= maxFailures {
		return g, errAccountLocked
	}
	hit, err := s.guard.takeSignIn(ctx, address, p)
	if err != nil {
		return g, err
	}
	match, outdated, err := s.verifyPassword(ctx, p.PasswordHash, password)
	if err != nil || known && match {
		s.guard.limiter.GiveBack(ctx, hit)
	}
	switch {
	case err != nil:
		return g, err
	case !known || !match:
		return g, s.recordFailure(ctx, address, a.ID, "wrong-password", errWrongCredentials)
	case !a.Active:
		return g, s.recordRefusal(ctx, a.ID, "account-disabled", errAccountDisabled)
	case p.Factor:
		return g, s.createChallenge(ctx, a, p)
	}
	if outdated {
		p.PasswordHash = s.renewHash(ctx, a.ID, password, p)
	}
	return s.openSession(ctx, a, p.PasswordHash)
}

// verifyPassword reports whether a password has a hash, and whether the hash has another cost than
// configured.
func (s *Service) verifyPassword(ctx context.Context, hash, password string) (match, outdated bool, err error) {
	if password = passwordrules.Normalize(password); text.CountRunes(password) > passwordrules.MaxLength {
		password = "" // never right, and no reason to hash a megabyte
	}
	return s.hasher.CheckPassword(ctx, hash, password)
}

// recordFailure counts a wrong password or code, publishes its audit entry and returns answer.
// Beyond maxFailures it returns errAccountLocked, which says nothing about the guess.
func (s *Service) recordFailure(
	ctx context.Context, address []byte, userID, reason string, answer *apperr.Error,
) error {
	failures := 0
	err := s.db.InTx(ctx, func(ctx context.Context) (err error) {
		if failures, err = s.store.addFailure(ctx, address, userID, s.clock.Now()); err != nil {
			return err
		}
		return s.publishEntry(ctx, "auth.login_failed", "user", userID, userID, map[string]any{"reason": reason})
	})
	if err != nil {
		return err
	}
	// Not >=, as Login and VerifyFactor ask before a guess: the last guess that is allowed is told
	// its result. Those beyond it were under way at the same time as the last one, and must learn
	// nothing.
	if failures > maxFailures {
		return errAccountLocked
	}
	return answer
}

// recordRefusal publishes why a sign-in with the right password did not open a session, and returns
// answer.
func (s *Service) recordRefusal(ctx context.Context, userID, reason string, answer *apperr.Error) error {
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		return s.publishEntry(ctx, "auth.login_failed", "user", userID, userID, map[string]any{"reason": reason})
	})
	if err != nil {
		return err
	}
	return answer
}

// renewHash stores a hash of the configured cost and returns the hash that is stored then. A
// failure leaves the old one.
func (s *Service) renewHash(ctx context.Context, userID, password string, p credentials) string {
	hash, err := s.hasher.HashPassword(ctx, passwordrules.Normalize(password))
	if err != nil {
		return p.PasswordHash
	}
	if changed, err := s.store.replacePassword(ctx, userID, p.PasswordHash, hash, p.ChangedAt); err != nil || !changed {
		return p.PasswordHash
	}
	return hash
}

// openSession begins a session for an account that has proved who it is with the password of the
// given hash. Whatever else happens to the account at the same time comes before or after it as a
// whole: both the account and its password are held while the session is written.
func (s *Service) openSession(ctx context.Context, a usersapi.Account, passwordHash string) (g Grant, err error) {
	caller, now := identity.CallerFrom(ctx), s.clock.Now()
	se := &session{
		ID: ids.New(), UserID: a.ID, Salt: randomBytes(16), Generation: 1, RotatedAt: now, CreatedAt: now,
		LastUsedAt: now,
		ExpiresAt:  now.Add(s.ttl), IP: caller.IP, Network: devices.NetworkPrefix(caller.IP), UserAgent: caller.UserAgent,
	}
	g.RefreshToken = s.refresh.newToken(se, se.Generation)
	se.TokenHash = hashToken(g.RefreshToken)
	address := s.guard.hashAddress(a.Email)
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		// Notes the login and holds the account, before the password as the lock order in doc.go
		// asks. After VerifyFactor it is the second call in one transaction, which changes nothing
		// more.
		active, err := s.registrar.RecordLogin(ctx, a.ID)
		if err != nil {
			return err
		}
		past, err := s.store.insertSession(ctx, se, passwordHash, address)
		switch {
		case err != nil:
			return err
		case !active || !past.SamePassword:
			return errWrongCredentials // changed, disabled or deleted this moment
		case past.Failures >= maxFailures:
			return errAccountLocked
		}
		return s.publishSignIn(ctx, se, past, address)
	})
	if err != nil {
		return g, err
	}
	return s.issueTokens(g, se, a)
}

// publishSignIn publishes that a session was opened, and whether its device is new.
func (s *Service) publishSignIn(ctx context.Context, se *session, past signInHistory, address []byte) error {
	if past.Failures > 0 {
		if err := s.store.deleteFailures(ctx, address); err != nil {
			return err
		}
	}
	if past.SignedIn && !devices.Parse(se.UserAgent, se.Network).IsKnown(past.Devices) {
		e := authapi.DeviceAdded{UserID: se.UserID, IP: se.IP, UserAgent: se.UserAgent, At: se.CreatedAt}
		if err := s.events.Publish(ctx, e); err != nil {
			return err
		}
	}
	return s.publishEntry(ctx, "auth.login_succeeded", "session", se.ID, se.UserID, nil)
}

// issueTokens adds an access token of the session to a grant.
func (s *Service) issueTokens(g Grant, se *session, a usersapi.Account) (Grant, error) {
	var err error
	g.AccessToken, g.Expires, err = s.tokens.IssueToken(a.ID, se.ID, a.Role)
	g.Account = a
	return g, err
}

// challengeLife is how long the second step of a sign-in may take, and challengeTries how many
// codes it takes.
const (
	challengeLife  = 5 * time.Minute
	challengeTries = 5
)

// createChallenge stands for a sign-in whose password was right, until the second factor follows.
func (s *Service) createChallenge(ctx context.Context, a usersapi.Account, p credentials) error {
	token, now := encodeToken(randomBytes(32)), s.clock.Now()
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.saveChallenge(ctx, hashToken(token), a.ID, p.ChangedAt, now, now.Add(challengeLife)); err != nil {
			return err
		}
		return s.publishEntry(ctx, "auth.mfa_required", "user", a.ID, a.ID, nil)
	})
	if err != nil {
		return err
	}
	return errFactorRequired.WithMember("challenge", token).WithMember("expires_in", int(challengeLife.Seconds()))
}

// VerifyFactor completes a sign-in. Wrong codes count like wrong passwords. It returns
//
//   - 401 invalid-token for a challenge that is none, too old, spent or tried too often, and if since
//     the challenge was made another password was set or the account was deleted,
//   - 403 account-disabled for a disabled account; 401 invalid-token if it is disabled at this moment,
//   - 429 account-locked after maxFailures failures in a row, and 429 after too many from this network,
//   - 401 invalid-code for a wrong code,
//   - 401 invalid-credentials if the password is changed at the same moment.
func (s *Service) VerifyFactor(ctx context.Context, challenge, code string) (g Grant, err error) {
	userID, passwordAt, err := s.store.countChallengeTry(ctx, hashToken(challenge), challengeTries, s.clock.Now())
	if err != nil || userID == "" {
		return g, firstError(err, errInvalidChallenge)
	}
	a, known, err := s.accounts.ByID(ctx, userID)
	if err != nil || !known {
		return g, firstError(err, errInvalidChallenge)
	}
	if !a.Active {
		return g, errAccountDisabled
	}
	address := s.guard.hashAddress(a.Email)
	p, err := s.store.findCredentials(ctx, userID, address)
	if err != nil {
		return g, err
	}
	switch {
	case p.ChangedAt != passwordAt: // another password was set while this sign-in was under way
		return g, errInvalidChallenge
	case p.Failures >= maxFailures:
		return g, errAccountLocked
	}
	hit, err := s.guard.takeSignIn(ctx, address, p)
	if err != nil {
		return g, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		// First the account, then the password, then what the code needs: the lock order of the
		// last paragraph of doc.go. RecordLogin is called here for its lock on the account;
		// openSession calls it again.
		if active, err := s.registrar.RecordLogin(ctx, userID); err != nil || !active {
			return firstError(err, errInvalidChallenge)
		}
		if err := s.store.lockPassword(ctx, userID); err != nil {
			return err
		}
		held, err := s.consumeCode(ctx, userID, code)
		if err != nil || !held {
			return firstError(err, errWrongCode)
		}
		// Of two right codes for one challenge one opens a session.
		spent, err := s.store.consumeChallenge(ctx, hashToken(challenge))
		if err != nil || !spent {
			return firstError(err, errInvalidChallenge)
		}
		g, err = s.openSession(ctx, a, p.PasswordHash)
		return err
	})
	if errors.Is(err, errWrongCode) {
		return Grant{}, s.recordFailure(ctx, address, userID, "wrong-code", errWrongCode)
	}
	s.guard.limiter.GiveBack(ctx, hit)
	return g, err
}
