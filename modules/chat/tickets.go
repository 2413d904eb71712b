package chat

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ws"
)

// ticketLife is how long a ticket waits to be used.
const ticketLife = 30 * time.Second

// issueTicket makes a ticket for the caller's session: 256 random bits of which a hash is stored,
// in the database, so that any replica takes it. A socket opened with it lives as long as one
// opened with the token would.
func (s *Service) issueTicket(ctx context.Context, tokenExpires time.Time) (string, error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	code := base64.RawURLEncoding.EncodeToString(raw)
	caller := identity.CallerFrom(ctx)
	return code, s.store.insertTicket(ctx, &ticket{Hash: hashOf(code), UserID: caller.UserID, SessionID: caller.SessionID,
		TokenExpiresAt: clock.FromTime(tokenExpires), ExpiresAt: s.clock.Now().Add(ticketLife)})
}

// redeemTicket uses a ticket up: 401 for one that is unknown, used or too old.
func (s *Service) redeemTicket(ctx context.Context, code string) (ws.TicketHolder, error) {
	t, err := s.store.takeTicket(ctx, hashOf(code))
	if db.IsNotFound(err) || err == nil && !s.clock.Now().Before(t.ExpiresAt) {
		return ws.TicketHolder{}, apperr.InvalidToken()
	}
	if err != nil {
		return ws.TicketHolder{}, err
	}
	return ws.TicketHolder{UserID: t.UserID, SessionID: t.SessionID, Expires: t.TokenExpiresAt.StdTime()}, nil
}

func hashOf(code string) []byte {
	sum := sha256.Sum256([]byte(code))
	return sum[:]
}
