package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/keyset"
)

// grace is how long the parent of the newest refresh token still gets that newest one again: two
// tabs, or an answer that was lost, log nobody out.
const grace = 10 * time.Second

// absolute bounds a session's life in multiples of its idle life.
const absolute = 6

type session struct {
	ID         string
	UserID     string
	Salt       []byte
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

// TableName of sessions.
func (session) TableName() string { return "auth_sessions" }

func (s *session) alive(now clock.Time) bool { return s.EndedAt == nil && now.Before(s.ExpiresAt) }

// listSessions returns one page of the caller's sessions that have not ended, the newest first.
func (s *Service) listSessions(ctx context.Context, after *keyset.Position, limit int) ([]session, error) {
	return s.store.aliveOf(ctx, identity.CallerFrom(ctx).UserID, s.clock.Now(), after, limit)
}

// extend gives the session its idle life again, within the absolute one.
func (s *session) extend(now clock.Time, ttl time.Duration) clock.Time {
	end := s.CreatedAt.Add(absolute * ttl)
	if next := now.Add(ttl); next.Before(end) {
		return next
	}
	return end
}

// refreshTokens makes and reads refresh tokens. A token is a session's id, its generation in the
// session and a MAC over both and the session's salt: 256 bits that nobody guesses, whose
// successor the server can make again, though the table holds only a hash (RFC 9700 4.14.2).
type refreshTokens struct{ key []byte }

const (
	tokenBody = 16 + 8
	tokenSize = tokenBody + sha256.Size
)

func (r refreshTokens) make(s *session, generation int64) string {
	id := uuid.MustParse(s.ID)
	raw := binary.BigEndian.AppendUint64(append(make([]byte, 0, tokenSize), id[:]...), uint64(generation))
	return base64.RawURLEncoding.EncodeToString(append(raw, r.mac(raw, s.Salt)...))
}

// parse gives the session and generation that a token claims; holds decides whether it may.
func (r refreshTokens) parse(token string) (sessionID string, generation int64, raw []byte, ok bool) {
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

func (r refreshTokens) holds(s *session, raw []byte) bool {
	return hmac.Equal(raw[tokenBody:], r.mac(raw[:tokenBody], s.Salt))
}

func (r refreshTokens) mac(body, salt []byte) []byte {
	h := hmac.New(sha256.New, r.key)
	h.Write(body)
	h.Write(salt)
	return h.Sum(nil)
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// networkOf is the /24 or /56 that an address lies in: what a household or a school shares.
func networkOf(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	bits := 56
	if addr.Is4() {
		bits = 24
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
