package auth

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

// findFactor returns the second factor of an account, nil if there is none.
func (s *store) findFactor(ctx context.Context, userID string) (*factor, error) {
	return s.queryFactor(ctx, userID, "")
}

// lockFactor is findFactor for a change: a code is used once, however many try.
func (s *store) lockFactor(ctx context.Context, userID string) (*factor, error) {
	return s.queryFactor(ctx, userID, s.db.ForUpdate())
}

// queryFactor returns the second factor of an account with a lock clause; nil if there is none.
func (s *store) queryFactor(ctx context.Context, userID, lock string) (*factor, error) {
	var found []factor
	err := s.db.Conn(ctx).Raw("SELECT * FROM auth_factors WHERE user_id = ?"+lock, userID).Scan(&found).Error
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// forEachSealedFactor hands the sealed secret of every second factor that is on to fn, which keeps
// nothing of it.
func (s *store) forEachSealedFactor(ctx context.Context, fn func(sealed []byte)) error {
	return s.db.Query(ctx, "SELECT sealed FROM auth_factors WHERE confirmed_at IS NOT NULL", nil,
		func(scan func(...any) error) error {
			var sealed []byte
			err := scan(&sealed)
			if err == nil {
				fn(sealed)
			}
			return err
		})
}

// saveFactor inserts or replaces the second factor of an account.
func (s *store) saveFactor(ctx context.Context, f *factor) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO auth_factors (user_id, sealed, confirmed_at, last_step, created_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, confirmed_at = excluded.confirmed_at, last_step = excluded.last_step, created_at = excluded.created_at`,
		f.UserID, f.Sealed, f.ConfirmedAt, f.LastStep, f.CreatedAt).Error
}

// deleteFactor deletes the second factor of an account with its recovery codes.
func (s *store) deleteFactor(ctx context.Context, userID string) error {
	if err := s.db.Conn(ctx).Exec("DELETE FROM auth_factors WHERE user_id = ?", userID).Error; err != nil {
		return err
	}
	return s.deleteRecoveryCodes(ctx, userID)
}

// deleteRecoveryCodes deletes the recovery codes of an account.
func (s *store) deleteRecoveryCodes(ctx context.Context, userID string) error {
	return s.db.Conn(ctx).Exec("DELETE FROM auth_recovery_codes WHERE user_id = ?", userID).Error
}

// saveRecoveryCodes replaces the codes of an account.
func (s *store) saveRecoveryCodes(ctx context.Context, userID string, hashes [][]byte, now clock.Time) error {
	if err := s.deleteRecoveryCodes(ctx, userID); err != nil {
		return err
	}
	rows := make([]map[string]any, len(hashes))
	for i, h := range hashes {
		rows[i] = map[string]any{"user_id": userID, "code_hash": h, "created_at": now}
	}
	return s.db.Conn(ctx).Table("auth_recovery_codes").Create(rows).Error
}

// consumeRecoveryCode uses a code up: of two uses one gets it.
func (s *store) consumeRecoveryCode(ctx context.Context, userID string, hash []byte) (bool, error) {
	res := s.db.Conn(ctx).Exec("DELETE FROM auth_recovery_codes WHERE user_id = ? AND code_hash = ?", userID, hash)
	return res.RowsAffected == 1, res.Error
}

// saveChallenge keeps a challenge beside the time of the password that was proved: another password
// ends it.
func (s *store) saveChallenge(
	ctx context.Context, hash []byte, userID string, passwordAt, now, expires clock.Time,
) error {
	return s.db.Conn(ctx).Exec("INSERT INTO auth_challenges (user_id, token_hash, password_at, attempts, expires_at, created_at) VALUES (?, ?, ?, 0, ?, ?)",
		userID, hash, passwordAt, expires, now).Error
}

// countChallengeTry counts a try and says whose challenge it is, empty when it is none or takes no
// more tries.
func (s *store) countChallengeTry(
	ctx context.Context, hash []byte, tries int, now clock.Time,
) (userID string, passwordAt clock.Time, err error) {
	err = s.db.QueryRow(ctx,
		`UPDATE auth_challenges SET attempts = attempts + 1 WHERE token_hash = ? AND attempts < ? AND expires_at > ?
		RETURNING user_id, password_at`, []any{hash, tries, now}, &userID, &passwordAt)
	if db.IsNotFound(err) {
		err = nil
	}
	return userID, passwordAt, err
}

// consumeChallenge spends a challenge: of two uses one gets it.
func (s *store) consumeChallenge(ctx context.Context, hash []byte) (bool, error) {
	res := s.db.Conn(ctx).Exec("DELETE FROM auth_challenges WHERE token_hash = ?", hash)
	return res.RowsAffected == 1, res.Error
}

// deleteChallenges ends the sign-ins of an account that wait for a second factor.
func (s *store) deleteChallenges(ctx context.Context, userID string) error {
	return s.db.Conn(ctx).Exec("DELETE FROM auth_challenges WHERE user_id = ?", userID).Error
}
