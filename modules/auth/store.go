package auth

import (
	"context"
	"errors"

	"lyceum/modules/auth/internal/devices"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/keyset"
)

// store reads and writes the tables of the module.
type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

// findCredentials returns what a sign-in is checked against, in one query: of an unknown account
// everything is empty but the failures of its address.
func (s *store) findCredentials(ctx context.Context, userID string, address []byte) (c credentials, err error) {
	err = s.db.QueryRow(ctx,
		`SELECT coalesce(c.password_hash, ''), coalesce(c.updated_at, 0), coalesce(f.failures, 0), o.user_id IS NOT NULL
		FROM (SELECT 1 AS one) x LEFT JOIN auth_credentials c ON c.user_id = ?
		LEFT JOIN auth_failures f ON f.address_hash = ?
		LEFT JOIN auth_factors o ON o.user_id = ? AND o.confirmed_at IS NOT NULL`, []any{userID, address, userID},
		&c.PasswordHash, &c.ChangedAt, &c.Failures, &c.Factor)
	return c, err
}

// signInHistory is what an account's earlier sign-ins say about a new one.
type signInHistory struct {
	SamePassword bool
	SignedIn     bool
	// Devices of the newest earlier sessions.
	Devices  []devices.Device
	Failures int
}

// insertSession inserts a session if the password is still the one that was checked, holds it for
// the rest of the transaction, so that none is set in between, and says what was before.
func (s *store) insertSession(
	ctx context.Context, se *session, passwordHash string, address []byte,
) (past signInHistory, err error) {
	var deviceList string
	historyArgs := []any{passwordHash, address, se.UserID}
	columns := []any{&past.SamePassword, &past.SignedIn, &deviceList, &past.Failures}
	historySQL := historyQuery(s.db.Dialect())
	if s.db.Dialect() == db.Postgres { // one round trip; SQLite has no such statement, and none to save
		err = s.db.QueryRow(ctx,
			"WITH p AS ("+historySQL+" FOR SHARE OF c), kept AS ("+insertSessionSQL+" SELECT "+sessionTypes+" FROM p WHERE p.same) SELECT p.* FROM p",
			append(historyArgs, se.insertValues()...), columns...)
	} else if err = s.db.QueryRow(ctx, historySQL, historyArgs, columns...); err == nil && past.SamePassword {
		_, err = s.db.Exec(ctx, insertSessionSQL+" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", se.insertValues()...)
	}
	if db.IsNotFound(err) {
		err = nil // deleted this moment: nothing is the same
	}
	past.Devices = devices.ParseList(deviceList)
	return past, err
}

// historyQuery is the query for what was before a sign-in. The devices of the newest 1,000 sessions
// come as one text, as the two databases have no list in common.
func historyQuery(d db.Dialect) string {
	join, char := "string_agg(x.device, chr(30))", "chr(31)"
	if d == db.SQLite {
		join, char = "group_concat(x.device, char(30))", "char(31)"
	}
	return `SELECT c.password_hash = ? AS same, EXISTS (SELECT 1 FROM auth_sessions s WHERE s.user_id = c.user_id) AS signed_in,
			coalesce((SELECT ` + join + ` FROM (SELECT DISTINCT device FROM (SELECT s.network || ` + char + ` || s.user_agent AS device
				FROM auth_sessions s WHERE s.user_id = c.user_id ORDER BY s.created_at DESC, s.id DESC LIMIT 1000) AS newest) AS x), '') AS devices,
			coalesce((SELECT f.failures FROM auth_failures f WHERE f.address_hash = ?), 0) AS failures
		FROM auth_credentials c WHERE c.user_id = ?`
}

const (
	insertSessionSQL = `INSERT INTO auth_sessions (id, user_id, salt, token_hash, generation, rotated_at, created_at, last_used_at, expires_at,
		ip, network, user_agent)`
	sessionTypes = "?::uuid, ?::uuid, ?::bytea, ?::bytea, ?::bigint, ?::bigint, ?::bigint, ?::bigint, ?::bigint, ?::text, ?::text, ?::text"
)

// insertValues returns the arguments of insertSessionSQL.
func (s *session) insertValues() []any {
	return []any{
		s.ID, s.UserID, s.Salt, s.TokenHash, s.Generation, s.RotatedAt, s.CreatedAt, s.LastUsedAt, s.ExpiresAt,
		s.IP, s.Network, s.UserAgent,
	}
}

// lockPassword keeps the password as it is for the rest of the transaction.
func (s *store) lockPassword(ctx context.Context, userID string) error {
	if s.db.Dialect() != db.Postgres {
		return nil // a transaction has the database to itself there
	}
	_, err := s.db.Exec(ctx, "SELECT 1 FROM auth_credentials WHERE user_id = ? FOR SHARE", userID)
	return err
}

// addFailure counts a failed sign-in of an address, known or not, and says how many there were in a
// row.
func (s *store) addFailure(ctx context.Context, address []byte, userID string, now clock.Time) (n int, err error) {
	var owner *string
	if userID != "" {
		owner = &userID
	}
	err = s.db.Conn(ctx).Raw(`INSERT INTO auth_failures (user_id, address_hash, failures, updated_at) VALUES (?, ?, 1, ?)
		ON CONFLICT (address_hash) DO UPDATE SET failures = auth_failures.failures + 1, user_id = excluded.user_id, updated_at = excluded.updated_at
		RETURNING failures`, owner, address, now).Scan(&n).Error
	return n, err
}

// deleteFailures begins a new count of failures for an address.
func (s *store) deleteFailures(ctx context.Context, address []byte) error {
	return s.db.Conn(ctx).Exec("DELETE FROM auth_failures WHERE address_hash = ?", address).Error
}

// savePassword sets the password hash of an account, whatever it was.
func (s *store) savePassword(ctx context.Context, userID, hash string, at clock.Time) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO auth_credentials (user_id, password_hash, updated_at) VALUES (?, ?, ?)
		ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, updated_at = excluded.updated_at`, userID, hash, at).Error
}

// replacePassword replaces a hash unless another change was faster.
func (s *store) replacePassword(ctx context.Context, userID, old, hash string, at clock.Time) (bool, error) {
	res := s.db.Conn(ctx).Exec("UPDATE auth_credentials SET password_hash = ?, updated_at = ? WHERE user_id = ? AND password_hash = ?",
		hash, at, userID, old)
	return res.RowsAffected == 1, res.Error
}

// findSession returns a session, ended or not, without its TokenHash; db.ErrNotFound if there is
// none.
func (s *store) findSession(ctx context.Context, id string) (*session, error) {
	se := &session{ID: id}
	return se, s.db.QueryRow(ctx,
		`SELECT user_id, salt, generation, rotated_at, created_at, last_used_at, expires_at, ended_at, ip, network, user_agent
		FROM auth_sessions WHERE id = ?`, []any{id}, &se.UserID, &se.Salt, &se.Generation, &se.RotatedAt, &se.CreatedAt,
		&se.LastUsedAt, &se.ExpiresAt, &se.EndedAt, &se.IP, &se.Network, &se.UserAgent)
}

// rotate moves a session to its next generation. It returns false, and changes nothing, if another
// use did so first or the session was ended. It also stores the address and the user agent of this
// use, but keeps the network, which stays that of the sign-in: devices are compared by it.
func (s *store) rotate(
	ctx context.Context, se *session, hash []byte, now, expires clock.Time, ip, ua string,
) (bool, error) {
	n, err := s.db.Exec(ctx,
		`UPDATE auth_sessions SET generation = generation + 1, token_hash = ?, rotated_at = ?, last_used_at = ?, expires_at = ?, ip = ?, user_agent = ?
		WHERE id = ? AND generation = ? AND ended_at IS NULL`, hash, now, now, expires, ip, ua, se.ID, se.Generation)
	return n == 1, err
}

// endSession ends a session and says whether it had not been ended before.
func (s *store) endSession(ctx context.Context, id string, at clock.Time) (bool, error) {
	res := s.db.Conn(ctx).Exec("UPDATE auth_sessions SET ended_at = ? WHERE id = ? AND ended_at IS NULL", at, id)
	return res.RowsAffected == 1, res.Error
}

// listAlive returns at most limit sessions of an account that are alive, the newest first.
func (s *store) listAlive(
	ctx context.Context, userID string, now clock.Time, after *keyset.Position, limit int,
) (found []session, err error) {
	q := s.db.Conn(ctx).Where("user_id = ? AND ended_at IS NULL AND expires_at > ?", userID, now)
	if after != nil {
		q = q.Where("(created_at, id) < (?, ?)", after.CreatedAt, after.ID)
	}
	if limit > 0 {
		q = q.Limit(limit)
	}
	err = q.Order("created_at DESC, id DESC").Find(&found).Error
	return found, err
}

// endSessionsExcept ends the living sessions of an account but one and gives their ids.
func (s *store) endSessionsExcept(ctx context.Context, userID, keep string, at clock.Time) (ended []string, err error) {
	err = s.db.Conn(ctx).Raw("UPDATE auth_sessions SET ended_at = ? WHERE user_id = ? AND id <> ? AND ended_at IS NULL AND expires_at > ? RETURNING id",
		at, userID, keep, at).Scan(&ended).Error
	return ended, err
}

// listHeldSessions returns one page of every session that is still remembered, the oldest first.
func (s *store) listHeldSessions(
	ctx context.Context, userID string, after heldSession, limit int,
) (found []heldSession, err error) {
	err = s.db.Conn(ctx).Table("auth_sessions").Where("user_id = ? AND id > ?", userID, idOrNone(after.ID)).Order("id").Limit(limit).Scan(&found).Error
	return found, err
}

// saveLink replaces the account's link of that kind: only the newest counts. (GORM would take bytes
// right after a parenthesis for a list, so they don't stand first.)
func (s *store) saveLink(ctx context.Context, userID, kind string, hash []byte, now, expires clock.Time) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO auth_links (user_id, token_hash, kind, expires_at, created_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (user_id, kind) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at, created_at = excluded.created_at,
		used_at = NULL`,
		userID, hash, kind, expires, now).Error
}

// consumeLink spends a link and says whose it was, empty when it is none: of two uses one gets it.
func (s *store) consumeLink(ctx context.Context, kind string, hash []byte, now clock.Time) (userID string, err error) {
	err = s.db.Conn(ctx).Raw("DELETE FROM auth_links WHERE token_hash = ? AND kind = ? AND expires_at > ? RETURNING user_id",
		hash, kind, now).Scan(&userID).Error
	return userID, err
}

// markLinkUsed is consumeLink for a link that stays known until it ends, so that its second use can
// be told from a wrong one.
func (s *store) markLinkUsed(ctx context.Context, kind string, hash []byte, now clock.Time) (userID string, err error) {
	err = s.db.Conn(ctx).Raw("UPDATE auth_links SET used_at = ? WHERE token_hash = ? AND kind = ? AND expires_at > ? AND used_at IS NULL RETURNING user_id",
		now, hash, kind, now).Scan(&userID).Error
	return userID, err
}

// findUsedLink returns whose link was used before, empty if none was.
func (s *store) findUsedLink(ctx context.Context, kind string, hash []byte) (userID string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT user_id FROM auth_links WHERE token_hash = ? AND kind = ? AND used_at IS NOT NULL",
		hash, kind).Scan(&userID).Error
	return userID, err
}

// deleteLinks deletes the link of a kind of an account, so that it no longer works.
func (s *store) deleteLinks(ctx context.Context, userID, kind string) error {
	return s.db.Conn(ctx).Exec("DELETE FROM auth_links WHERE user_id = ? AND kind = ?", userID, kind).Error
}

// deleteOfAccount removes everything of an account, in the order in which others lock it, and gives
// the sessions that were.
func (s *store) deleteOfAccount(ctx context.Context, userID string) (sessions []string, err error) {
	conn := s.db.Conn(ctx)
	for _, table := range []string{
		"auth_links", "auth_email_changes", "auth_credentials", "auth_challenges", "auth_factors",
		"auth_recovery_codes", "auth_failures",
	} {
		if err := conn.Exec("DELETE FROM "+table+" WHERE user_id = ?", userID).Error; err != nil {
			return nil, err
		}
	}
	err = conn.Raw("DELETE FROM auth_sessions WHERE user_id = ? RETURNING id", userID).Scan(&sessions).Error
	return sessions, err
}

// deleteExpired removes what is past its time.
func (s *store) deleteExpired(ctx context.Context, now, sessions, strangers clock.Time) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		conn := s.db.Conn(ctx)
		return errors.Join(
			conn.Exec("DELETE FROM auth_sessions WHERE expires_at < ?", sessions).Error,
			conn.Exec("DELETE FROM auth_links WHERE expires_at < ?", now).Error,
			conn.Exec("DELETE FROM auth_challenges WHERE expires_at < ?", now).Error,
			conn.Exec("DELETE FROM auth_email_changes WHERE expires_at < ?", now).Error,
			conn.Exec("DELETE FROM auth_failures WHERE user_id IS NULL AND updated_at < ?", strangers).Error)
	})
}

// saveEmailChange replaces the account's pending change: only the newest link counts.
func (s *store) saveEmailChange(ctx context.Context, c emailChange) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO auth_email_changes (user_id, token_hash, new_email, session_id, expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash, new_email = excluded.new_email, session_id = excluded.session_id,
			expires_at = excluded.expires_at, created_at = excluded.created_at`,
		c.UserID, c.TokenHash, c.NewEmail, c.SessionID, c.ExpiresAt, c.CreatedAt).Error
}

// lockEmailChange returns the pending change that a token belongs to, held for the rest of the
// transaction.
func (s *store) lockEmailChange(ctx context.Context, tokenHash []byte) (c emailChange, err error) {
	err = s.db.QueryRow(ctx,
		"SELECT user_id, token_hash, new_email, session_id, expires_at, created_at FROM auth_email_changes WHERE token_hash = ?"+s.db.ForUpdate(),
		[]any{tokenHash}, &c.UserID, &c.TokenHash, &c.NewEmail, &c.SessionID, &c.ExpiresAt, &c.CreatedAt)
	return c, err
}

// deleteEmailChange deletes the pending change of address of an account.
func (s *store) deleteEmailChange(ctx context.Context, userID string) error {
	return s.db.Conn(ctx).Exec("DELETE FROM auth_email_changes WHERE user_id = ?", userID).Error
}

// listEmailChanges returns the pending changes of an account, one at most, for its owner's export.
func (s *store) listEmailChanges(ctx context.Context, userID string) (found []emailChange, err error) {
	err = s.db.Conn(ctx).Where("user_id = ?", userID).Find(&found).Error
	return found, err
}
