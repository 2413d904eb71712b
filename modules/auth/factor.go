package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"strings"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
)

// One-time passwords (RFC 6238) as every authenticator app makes them.
const (
	period     = 30
	skew       = 1 // steps that a clock may be off, either way
	secretSize = 20
	recoveries = 10
)

var digits = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// factor is a second factor of an account; until ConfirmedAt is set it is only being set up.
type factor struct {
	UserID      string
	Sealed      []byte
	ConfirmedAt *clock.Time
	// LastStep is the time step of the newest code that was used: no code holds twice.
	LastStep  int64
	CreatedAt clock.Time
}

// TableName of second factors.
func (factor) TableName() string { return "auth_factors" }

// Setup is what an authenticator app needs.
type Setup struct {
	Secret string
	URL    string
}

// BeginFactor makes a secret for the caller's authenticator app, in place of one that was not
// confirmed: 409 mfa-already-set when there is one.
func (s *Service) BeginFactor(ctx context.Context) (out Setup, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		a, err := s.caller(ctx)
		if err != nil {
			return err
		}
		f, err := s.store.lockFactor(ctx, a.ID)
		if err != nil {
			return err
		}
		if f != nil && f.ConfirmedAt != nil {
			return errMFASet
		}
		raw := randomBytes(secretSize)
		key, err := totp.Generate(totp.GenerateOpts{Issuer: "Lyceum", AccountName: a.Email, Secret: raw, Period: period})
		if err != nil {
			return err
		}
		out = Setup{key.Secret(), key.URL()}
		return s.store.putFactor(ctx, &factor{UserID: a.ID, Sealed: keyring.Seal(s.sealKey, raw), CreatedAt: s.clock.Now()})
	})
	return out, err
}

// caller is the account behind the request.
func (s *Service) caller(ctx context.Context) (usersapi.Account, error) {
	a, ok, err := s.accounts.ByID(ctx, identity.CallerFrom(ctx).UserID)
	if err == nil && !ok {
		err = apperr.InvalidToken() // deleted this moment
	}
	return a, err
}

// ConfirmFactor turns the second factor on with a first code and gives the recovery codes, which are
// not shown again: 401 invalid-code, 404 when none is being set up.
func (s *Service) ConfirmFactor(ctx context.Context, code string) (codes []string, err error) {
	hit, err := s.guard.guess(ctx, s.guard.code)
	if err != nil {
		return nil, err
	}
	user := identity.CallerFrom(ctx).UserID
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		f, err := s.store.lockFactor(ctx, user)
		switch {
		case err != nil:
			return err
		case f == nil:
			return errNoMFA
		case f.ConfirmedAt != nil:
			return errMFASet
		}
		step, ok, err := s.stepOf(f, code)
		if err != nil || !ok {
			return orElse(err, errCode)
		}
		now := s.clock.Now()
		f.ConfirmedAt, f.LastStep = &now, step
		if err := s.store.putFactor(ctx, f); err != nil {
			return err
		}
		codes = newRecoveryCodes()
		if err := s.store.putRecoveryCodes(ctx, user, s.hashesOf(user, codes), now); err != nil {
			return err
		}
		return s.record(ctx, "auth.mfa_enabled", "user", user, user, nil)
	})
	if err != nil {
		codes = nil
	} else {
		s.guard.limiter.GiveBack(ctx, hit)
	}
	return codes, err
}

// RenewRecoveryCodes replaces the caller's recovery codes and returns the new ones, which are not shown again: 403
// wrong-password, 404 when no second factor is on.
func (s *Service) RenewRecoveryCodes(ctx context.Context, password string) (codes []string, err error) {
	if _, err := s.prove(ctx, password); err != nil {
		return nil, err
	}
	user := identity.CallerFrom(ctx).UserID
	codes = newRecoveryCodes()
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		f, err := s.store.lockFactor(ctx, user)
		if err != nil || f == nil || f.ConfirmedAt == nil {
			return orElse(err, errNoMFA)
		}
		if err := s.store.putRecoveryCodes(ctx, user, s.hashesOf(user, codes), s.clock.Now()); err != nil {
			return err
		}
		return s.record(ctx, "auth.mfa_enabled", "user", user, user, map[string]any{"renewed": "recovery_codes"})
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// RemoveFactor turns the second factor off: 403 wrong-password, 404 when there is none.
func (s *Service) RemoveFactor(ctx context.Context, password string) error {
	if _, err := s.prove(ctx, password); err != nil {
		return err
	}
	user := identity.CallerFrom(ctx).UserID
	return s.db.InTx(ctx, func(ctx context.Context) error {
		f, err := s.store.lockFactor(ctx, user)
		if err != nil || f == nil {
			return orElse(err, errNoMFA)
		}
		return s.dropFactor(ctx, f, user)
	})
}

// dropFactor removes a second factor with its recovery codes, in the caller's transaction. One that was only being
// set up was never on, so nothing is written down.
func (s *Service) dropFactor(ctx context.Context, f *factor, actor string) error {
	if err := s.store.dropFactor(ctx, f.UserID); err != nil || f.ConfirmedAt == nil {
		return err
	}
	return s.record(ctx, "auth.mfa_disabled", "user", f.UserID, actor, nil)
}

// DropFactor removes the second factor of an account, for an operator who knows its owner: 404 when there is none.
func (s *Service) DropFactor(ctx context.Context, email string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		a, known, err := s.accounts.ByEmail(ctx, email)
		if err != nil || !known {
			return orElse(err, errNoMFA)
		}
		f, err := s.store.lockFactor(ctx, a.ID)
		if err != nil || f == nil {
			return orElse(err, errNoMFA)
		}
		return s.dropFactor(ctx, f, "")
	})
}

// stepOf returns the time step that a code belongs to; ok is false for a wrong, old or used one, and for every code when the
// secret was sealed with keys that were lost: recovery codes still work then. All steps are compared, so that the time tells
// nothing.
func (s *Service) stepOf(f *factor, code string) (step int64, ok bool, err error) {
	raw, err := keyring.Unseal(s.sealKey, f.Sealed)
	if err != nil {
		return 0, false, nil //nolint:nilerr // told by sealedFactors, at the start and in /readyz
	}
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	now := s.clock.Now().StdTime().Unix() / period
	for at := now - skew; at <= now+skew; at++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(at), digits)
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && at > f.LastStep {
			step, ok = at, true
		}
	}
	return step, ok, nil
}

// spendCode uses a one-time or recovery code up, in the caller's transaction; false when it does not hold.
func (s *Service) spendCode(ctx context.Context, userID, code string) (bool, error) {
	f, err := s.store.lockFactor(ctx, userID)
	if err != nil || f == nil || f.ConfirmedAt == nil {
		return false, err
	}
	step, ok, err := s.stepOf(f, code)
	if err != nil {
		return false, err
	}
	if ok {
		f.LastStep = step
		return true, s.store.putFactor(ctx, f)
	}
	return s.store.takeRecoveryCode(ctx, userID, s.hashesOf(userID, []string{code})[0])
}

func orElse(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
