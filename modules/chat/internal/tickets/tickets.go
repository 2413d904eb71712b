// Package tickets issues and redeems tickets for sockets.
//
// A browser can't send an Authorization header with a WebSocket, and a token in an address ends up in
// logs. So a client exchanges its token for a ticket that works once, within 30 seconds, on any
// replica. Table: chat_tickets, which holds hashes only.
package tickets

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

// Life is how long a ticket can be redeemed.
const Life = 30 * time.Second

// Service issues and redeems tickets.
type Service struct {
	store *store
	clock clock.Clock
}

// NewService returns a Service.
func NewService(d *db.DB, c clock.Clock) *Service {
	return &Service{&store{d}, c}
}

// Issue returns a new ticket for the caller's session: 256 random bits in base64url. A socket that is
// opened with it ends when one opened with the caller's token would, at tokenExpires.
func (s *Service) Issue(ctx context.Context, tokenExpires time.Time) (string, error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails, see crypto/rand
	code := base64.RawURLEncoding.EncodeToString(raw)
	caller := identity.CallerFrom(ctx)
	return code, s.store.insertTicket(ctx, &ticket{
		Hash: hashCode(code), UserID: caller.UserID, SessionID: caller.SessionID,
		TokenExpiresAt: clock.FromTime(tokenExpires), ExpiresAt: s.clock.Now().Add(Life),
	})
}

// Redeem returns the holder of a ticket and deletes the ticket. It returns 401 invalid-token for a
// ticket that is unknown, redeemed or expired.
func (s *Service) Redeem(ctx context.Context, code string) (ws.TicketHolder, error) {
	t, err := s.store.takeTicket(ctx, hashCode(code))
	if db.IsNotFound(err) || err == nil && !s.clock.Now().Before(t.ExpiresAt) {
		return ws.TicketHolder{}, apperr.InvalidToken()
	}
	if err != nil {
		return ws.TicketHolder{}, err
	}
	return ws.TicketHolder{UserID: t.UserID, SessionID: t.SessionID, Expires: t.TokenExpiresAt.StdTime()}, nil
}

// DeleteExpired deletes the tickets that nobody redeemed in time.
func (s *Service) DeleteExpired(ctx context.Context) error {
	return s.store.deleteTickets(ctx, s.clock.Now())
}

// hashCode returns the hash under which a ticket is stored. The ticket is random, so it needs no salt.
func hashCode(code string) []byte {
	sum := sha256.Sum256([]byte(code))
	return sum[:]
}
