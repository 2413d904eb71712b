package auth

import (
	"context"
)

// putEmailChange replaces the account's pending change: only the newest link counts.
func (s *store) putEmailChange(ctx context.Context, c emailChange) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO auth_email_changes (user_id, token_hash, new_email, session_id, expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash, new_email = excluded.new_email, session_id = excluded.session_id,
			expires_at = excluded.expires_at, created_at = excluded.created_at`,
		c.UserID, c.TokenHash, c.NewEmail, c.SessionID, c.ExpiresAt, c.CreatedAt).Error
}

// emailChange returns the pending change that a token belongs to, held for the rest of the transaction.
func (s *store) emailChange(ctx context.Context, tokenHash []byte) (c emailChange, err error) {
	err = s.db.QueryRow(ctx, "SELECT user_id, token_hash, new_email, session_id, expires_at, created_at FROM auth_email_changes WHERE token_hash = ?"+s.db.ForUpdate(),
		[]any{tokenHash}, &c.UserID, &c.TokenHash, &c.NewEmail, &c.SessionID, &c.ExpiresAt, &c.CreatedAt)
	return c, err
}

func (s *store) dropEmailChange(ctx context.Context, userID string) error {
	return s.db.Conn(ctx).Exec("DELETE FROM auth_email_changes WHERE user_id = ?", userID).Error
}

// emailChangesOf returns the pending changes of an account, one at most, for its owner's export.
func (s *store) emailChangesOf(ctx context.Context, userID string) (found []emailChange, err error) {
	err = s.db.Conn(ctx).Where("user_id = ?", userID).Find(&found).Error
	return found, err
}
