package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyset"
)

// reuseGrace is how long the parent of the newest refresh token still gets that newest one: two
// tabs at once, or a lost answer, sign nobody out.
const reuseGrace = 10 * time.Second

// maxLifeFactor is how long a session may live, in multiples of its idle life.
const maxLifeFactor = 6

// session is a row of the table auth_sessions.
type session struct {
	ID     string
	UserID string
	Salt   []byte
	// TokenHash is the hash of the newest refresh token. It is written only: a token is checked by
	// its MAC and its generation, and findSession does not read the hash.
	TokenHash  []byte
	Generation int64
	RotatedAt  clock.Time
	CreatedAt  clock.Time
	LastUsedAt clock.Time
	ExpiresAt  clock.Time
	EndedAt    *clock.Time
	IP         string
	Network    string
	UserAgent  string
}

// TableName returns the name of the table, for GORM.
func (session) TableName() string { return "auth_sessions" }

// isAlive reports whether the session has neither ended nor expired.
func (s *session) isAlive(now clock.Time) bool { return s.EndedAt == nil && now.Before(s.ExpiresAt) }

// listSessions returns at most limit sessions of the caller that are alive, the newest first.
func (s *Service) listSessions(ctx context.Context, after *keyset.Position, limit int) ([]session, error) {
	return s.store.listAlive(ctx, identity.CallerFrom(ctx).UserID, s.clock.Now(), after, limit)
}

// nextExpiry returns the end of a session that is used now: its idle life, within the longest one.
func (s *session) nextExpiry(now clock.Time, ttl time.Duration) clock.Time {
	end := s.CreatedAt.Add(maxLifeFactor * ttl)
	if next := now.Add(ttl); next.Before(end) {
		return next
	}
	return end
}

// refreshTokens makes and reads refresh tokens. A token is a session's id, its generation in the
// session and a MAC over both and the session's salt: 256 bits that nobody guesses. The MAC shows
// that the server made the token, the generation whether it is the newest one (RFC 9700 4.14.2).
// The server can make the newest token again, though the table holds no token.
type refreshTokens struct{ key []byte }

const (
	tokenBody = 16 + 8
	tokenSize = tokenBody + sha256.Size
)

// newToken returns the refresh token of a generation.
func (r refreshTokens) newToken(s *session, generation int64) string {
	id := uuid.MustParse(s.ID)
	raw := binary.BigEndian.AppendUint64(append(make([]byte, 0, tokenSize), id[:]...), uint64(generation))
	return base64.RawURLEncoding.EncodeToString(append(raw, r.computeMAC(raw, s.Salt)...))
}

// parseToken returns the session and the generation that a token claims; see isAuthentic. ok is
// false for another form.
func (r refreshTokens) parseToken(token string) (sessionID string, generation int64, raw []byte, ok bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenSize) {
		return "", 0, nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return "", 0, nil, false
	}
	id, _ := uuid.FromBytes(raw[:16])
	return id.String(), int64(binary.BigEndian.Uint64(raw[16:tokenBody])), raw, true
}

// isAuthentic reports whether a token was made for the session.
func (r refreshTokens) isAuthentic(s *session, raw []byte) bool {
	return hmac.Equal(raw[tokenBody:], r.computeMAC(raw[:tokenBody], s.Salt))
}

// computeMAC returns the MAC of a token.
func (r refreshTokens) computeMAC(body, salt []byte) []byte {
	h := hmac.New(sha256.New, r.key)
	h.Write(body)
	h.Write(salt)
	return h.Sum(nil)
}

// hashToken returns what tables store of a token. A token has so many random bits that a plain hash
// is enough.
func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// randomBytes returns n bytes of a cryptographic random number generator.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// encodeToken returns random bytes in the form of a token.
func encodeToken(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Logout ends the session of a refresh token of any generation. It does nothing for a text that is
// no token.
func (s *Service) Logout(ctx context.Context, token string) error {
	id, _, raw, ok := s.refresh.parseToken(token)
	if !ok {
		return nil
	}
	se, err := s.store.findSession(ctx, id)
	if db.IsNotFound(err) || err == nil && !s.refresh.isAuthentic(se, raw) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if ended, err := s.endSession(ctx, se.ID); err != nil || !ended {
			return err
		}
		return s.publishEntry(ctx, "auth.logged_out", "session", se.ID, se.UserID, nil)
	})
}

// LogoutAll ends all sessions of the caller.
func (s *Service) LogoutAll(ctx context.Context) error {
	user := identity.CallerFrom(ctx).UserID
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.endSessionsExcept(ctx, user, ""); err != nil {
			return err
		}
		return s.publishEntry(ctx, "auth.logged_out", "user", user, user, nil)
	})
}

// EndSession ends a session of the caller. It returns errNoSession for any other.
func (s *Service) EndSession(ctx context.Context, id string) error {
	if !ids.IsValid(id) {
		return errNoSession
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		se, err := s.store.findSession(ctx, id)
		if db.IsNotFound(err) || err == nil && (se.UserID != identity.CallerFrom(ctx).UserID || !se.isAlive(s.clock.Now())) {
			return errNoSession
		}
		if err != nil {
			return err
		}
		ended, err := s.endSession(ctx, id)
		if err != nil || !ended {
			return err
		}
		return s.publishSessionEnded(ctx, id, se.UserID)
	})
}

// publishSessionEnded publishes the audit entry of a session that was ended. Its actor is the
// caller of ctx, or the owner of the session if nobody is signed in there, as at the command
// line.
func (s *Service) publishSessionEnded(ctx context.Context, id, owner string) error {
	return s.publishEntry(ctx, "auth.session_revoked", "session", id, owner, nil)
}

// endSession ends a session in the transaction of ctx and reports whether it had not been ended
// before; it may have expired. Every replica drops it at the commit.
func (s *Service) endSession(ctx context.Context, id string) (bool, error) {
	ended, err := s.store.endSession(ctx, id, s.clock.Now())
	dropSessionsAfterCommit(ctx, s.broadcast, id)
	return ended, err
}

// maxSignals is how many sessions one change names to the other replicas. Beyond it they drop all
// that they have cached.
const maxSignals = 200

// allSessions stands for the id of every session in a signal.
const allSessions = ""

// endSessionsExcept ends the sessions of an account but keep, in the transaction of ctx, with an
// audit entry for each. An empty keep is no session.
func (s *Service) endSessionsExcept(ctx context.Context, userID, keep string) error {
	if err := s.store.deleteChallenges(ctx, userID); err != nil { // half a sign-in is one, too
		return err
	}
	ended, err := s.store.endSessionsExcept(ctx, userID, idOrNone(keep), s.clock.Now())
	if err != nil {
		return err
	}
	for _, id := range ended {
		if err := s.publishSessionEnded(ctx, id, userID); err != nil {
			return err
		}
	}
	dropSessionsAfterCommit(ctx, s.broadcast, ended...)
	return nil
}

// dropSessionsAfterCommit makes every replica drop what it has cached of sessions once the
// transaction is committed.
func dropSessionsAfterCommit(ctx context.Context, b *broadcast.Bus, ids ...string) {
	if len(ids) > maxSignals {
		ids = []string{allSessions}
	}
	db.AfterCommitAttempt(ctx, func() {
		for _, id := range ids {
			b.SendSignal(identity.TopicSession, id)
		}
	})
}

// onDisabled ends the sessions of a disabled account for good.
func (s *Service) onDisabled(ctx context.Context, e usersapi.Disabled) error {
	return s.endSessionsExcept(ctx, e.UserID, "")
}
