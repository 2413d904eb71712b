package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"strings"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
)

// One-time passwords (RFC 6238) as every authenticator app makes them.
const (
	totpPeriod        = 30
	totpSkew          = 1 // steps that a clock may be off, either way
	secretSize        = 20
	recoveryCodeCount = 10
)

var totpOptions = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

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

// FactorSetup is what an authenticator app needs.
type FactorSetup struct {
	Secret string
	URL    string
}

// BeginFactor returns a secret for the caller's authenticator app, in place of one that was not
// confirmed: 409 mfa-already-set when there is one.
func (s *Service) BeginFactor(ctx context.Context) (out FactorSetup, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		a, err := s.getCaller(ctx)
		if err != nil {
			return err
		}
		f, err := s.store.lockFactor(ctx, a.ID)
		if err != nil {
			return err
		}
		if f != nil && f.ConfirmedAt != nil {
			return errFactorSet
		}
		raw := randomBytes(secretSize)
		key, err := totp.Generate(totp.GenerateOpts{
			Issuer: "Lyceum", AccountName: a.Email, Secret: raw, Period: totpPeriod,
		})
		if err != nil {
			return err
		}
		out = FactorSetup{key.Secret(), key.URL()}
		return s.store.saveFactor(ctx,
			&factor{UserID: a.ID, Sealed: keyring.Seal(s.sealKey, raw), CreatedAt: s.clock.Now()})
	})
	return out, err
}

// ConfirmFactor turns the second factor on with a first code and gives the recovery codes, which
// are not shown again: 401 invalid-code, 404 when none is being set up.
func (s *Service) ConfirmFactor(ctx context.Context, code string) (codes []string, err error) {
	hit, err := s.guard.takeGuess(ctx, s.guard.code)
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
			return errNoFactor
		case f.ConfirmedAt != nil:
			return errFactorSet
		}
		step, ok, err := s.findStep(f, code)
		if err != nil || !ok {
			return firstError(err, errWrongCode)
		}
		now := s.clock.Now()
		f.ConfirmedAt, f.LastStep = &now, step
		if err := s.store.saveFactor(ctx, f); err != nil {
			return err
		}
		codes = newRecoveryCodes()
		if err := s.store.saveRecoveryCodes(ctx, user, s.hashRecoveryCodes(user, codes), now); err != nil {
			return err
		}
		return s.publishEntry(ctx, "auth.mfa_enabled", "user", user, user, nil)
	})
	if err != nil {
		codes = nil
	} else {
		s.guard.limiter.GiveBack(ctx, hit)
	}
	return codes, err
}

// RenewRecoveryCodes replaces the caller's recovery codes and returns the new ones, which are not
// shown again: 403 wrong-password, 404 when no second factor is on.
func (s *Service) RenewRecoveryCodes(ctx context.Context, password string) (codes []string, err error) {
	if _, err := s.verifyOwnPassword(ctx, password); err != nil {
		return nil, err
	}
	user := identity.CallerFrom(ctx).UserID
	codes = newRecoveryCodes()
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		f, err := s.store.lockFactor(ctx, user)
		if err != nil || f == nil || f.ConfirmedAt == nil {
			return firstError(err, errNoFactor)
		}
		if err := s.store.saveRecoveryCodes(ctx, user, s.hashRecoveryCodes(user, codes), s.clock.Now()); err != nil {
			return err
		}
		return s.publishEntry(ctx, "auth.mfa_enabled", "user", user, user, map[string]any{"renewed": "recovery_codes"})
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// RemoveFactor turns the second factor off: 403 wrong-password, 404 when there is none.
func (s *Service) RemoveFactor(ctx context.Context, password string) error {
	if _, err := s.verifyOwnPassword(ctx, password); err != nil {
		return err
	}
	user := identity.CallerFrom(ctx).UserID
	return s.db.InTx(ctx, func(ctx context.Context) error {
		f, err := s.store.lockFactor(ctx, user)
		if err != nil || f == nil {
			return firstError(err, errNoFactor)
		}
		return s.deleteFactor(ctx, f, user)
	})
}

// deleteFactor removes a second factor with its recovery codes, in the transaction of ctx.
// One that was only being set up was never on, so nothing is written down.
func (s *Service) deleteFactor(ctx context.Context, f *factor, actor string) error {
	if err := s.store.deleteFactor(ctx, f.UserID); err != nil || f.ConfirmedAt == nil {
		return err
	}
	return s.publishEntry(ctx, "auth.mfa_disabled", "user", f.UserID, actor, nil)
}

// RemoveFactorOf removes the second factor of an account, for an operator who knows its owner: 404
// when there is none.
func (s *Service) RemoveFactorOf(ctx context.Context, email string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		a, known, err := s.accounts.ByEmail(ctx, email)
		if err != nil || !known {
			return firstError(err, errNoFactor)
		}
		f, err := s.store.lockFactor(ctx, a.ID)
		if err != nil || f == nil {
			return firstError(err, errNoFactor)
		}
		return s.deleteFactor(ctx, f, "")
	})
}

// findStep returns the time step that a code belongs to; ok is false for a wrong, old or used one,
// and for every code when the secret was sealed with keys that were lost: recovery codes still work
// then. All steps are compared, so that the time tells nothing.
func (s *Service) findStep(f *factor, code string) (step int64, ok bool, err error) {
	raw, err := keyring.Unseal(s.sealKey, f.Sealed)
	if err != nil {
		return 0, false, nil //nolint:nilerr // told by findUnreadableFactors, at the start and in /readyz
	}
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	now := s.clock.Now().StdTime().Unix() / totpPeriod
	for at := now - totpSkew; at <= now+totpSkew; at++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(at), totpOptions)
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && at > f.LastStep {
			step, ok = at, true
		}
	}
	return step, ok, nil
}

// consumeCode uses a one-time or recovery code up, in the transaction of ctx; false when it does
// not hold.
func (s *Service) consumeCode(ctx context.Context, userID, code string) (bool, error) {
	f, err := s.store.lockFactor(ctx, userID)
	if err != nil || f == nil || f.ConfirmedAt == nil {
		return false, err
	}
	step, ok, err := s.findStep(f, code)
	if err != nil {
		return false, err
	}
	if ok {
		f.LastStep = step
		return true, s.store.saveFactor(ctx, f)
	}
	return s.store.consumeRecoveryCode(ctx, userID, s.hashRecoveryCodes(userID, []string{code})[0])
}

// recoveryAlphabet has no letters and digits that look alike.
const recoveryAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// newRecoveryCodes returns codes of 80 bits each, in four groups.
func newRecoveryCodes() []string {
	out := make([]string, recoveryCodeCount)
	for i := range out {
		raw := make([]byte, 16)
		_, _ = rand.Read(raw)
		var b strings.Builder
		for j, v := range raw {
			if j > 0 && j%4 == 0 {
				b.WriteByte('-')
			}
			b.WriteByte(recoveryAlphabet[v&31])
		}
		out[i] = b.String()
	}
	return out
}

// hashRecoveryCodes are what the table holds of recovery codes; case, spaces and dashes don't
// matter.
func (s *Service) hashRecoveryCodes(userID string, codes []string) [][]byte {
	out := make([][]byte, len(codes))
	for i, c := range codes {
		c = strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(c))
		out[i] = hashToken(userID + " " + c)
	}
	return out
}

// newSealedFactors declares the secrets of second factors, which only the keys that sealed them can
// open.
func newSealedFactors(s *Service) keyring.SealedData {
	return keyring.SealedData{Name: "second factors", FindFault: s.findUnreadableFactors}
}

// findUnreadableFactors says how many second factors the present keys can't open.
func (s *Service) findUnreadableFactors(ctx context.Context) (string, error) {
	unreadable := 0
	err := s.store.forEachSealedFactor(ctx, func(sealed []byte) {
		if _, err := keyring.Unseal(s.sealKey, sealed); err != nil {
			unreadable++
		}
	})
	if err != nil || unreadable == 0 {
		return "", err
	}
	return fmt.Sprintf("%d can't be opened with the present keys. Restore the files of JWT_KEYS_DIR; or their owners sign in with a recovery code, "+
		"remove the factor and set it up again", unreadable), nil
}
