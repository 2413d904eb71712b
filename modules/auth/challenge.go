package auth

import (
	"context"
	"errors"
	"time"

	"lyceum/modules/users/usersapi"
)

// challengeLife is how long the second step of a sign-in may take, and challengeTries how many codes it takes.
const (
	challengeLife  = 5 * time.Minute
	challengeTries = 5
)

// challenge stands for a sign-in whose password was right, until the second factor follows.
func (s *Service) challenge(ctx context.Context, a usersapi.Account, p proof) error {
	token, now := encode(randomBytes(32)), s.clock.Now()
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.putChallenge(ctx, hashOf(token), a.ID, p.ChangedAt, now, now.Add(challengeLife)); err != nil {
			return err
		}
		return s.record(ctx, "auth.mfa_required", "user", a.ID, a.ID, nil)
	})
	if err != nil {
		return err
	}
	return errMFA.WithMember("challenge", token).WithMember("expires_in", int(challengeLife.Seconds()))
}

// VerifyFactor completes a sign-in: 401 invalid-token for a challenge that does not hold, 401
// invalid-code for a wrong code. Wrong codes count like wrong passwords.
func (s *Service) VerifyFactor(ctx context.Context, challenge, code string) (g Grant, err error) {
	userID, passwordAt, err := s.store.tryChallenge(ctx, hashOf(challenge), challengeTries, s.clock.Now())
	if err != nil || userID == "" {
		return g, orElse(err, errChallenge)
	}
	a, known, err := s.accounts.ByID(ctx, userID)
	if err != nil || !known {
		return g, orElse(err, errChallenge)
	}
	if !a.Active {
		return g, errDisabled
	}
	address := s.guard.addressHash(a.Email)
	p, err := s.store.proof(ctx, userID, address)
	if err != nil {
		return g, err
	}
	switch {
	case p.ChangedAt != passwordAt: // another password was set while this sign-in was under way
		return g, errChallenge
	case p.Failures >= maxFailures:
		return g, errLocked
	}
	hit, err := s.guard.attempt(ctx, address, p)
	if err != nil {
		return g, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		// In the order in which everybody locks what belongs to an account; see the package's words.
		if active, err := s.registrar.RecordLogin(ctx, userID); err != nil || !active {
			return orElse(err, errChallenge)
		}
		if err := s.store.holdPassword(ctx, userID); err != nil {
			return err
		}
		held, err := s.spendCode(ctx, userID, code)
		if err != nil || !held {
			return orElse(err, errCode)
		}
		// Of two right codes for one challenge one opens a session.
		spent, err := s.store.dropChallenge(ctx, hashOf(challenge))
		if err != nil || !spent {
			return orElse(err, errChallenge)
		}
		g, err = s.open(ctx, a, p.PasswordHash)
		return err
	})
	if errors.Is(err, errCode) {
		return Grant{}, s.refuse(ctx, address, userID, "wrong-code", errCode)
	}
	s.guard.limiter.GiveBack(ctx, hit)
	return g, err
}
