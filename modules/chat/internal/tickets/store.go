package tickets

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

// ticket is a row of chat_tickets.
type ticket struct {
	Hash           []byte
	UserID         string
	SessionID      string
	TokenExpiresAt clock.Time
	ExpiresAt      clock.Time
}

// TableName returns the table of tickets, for GORM.
func (ticket) TableName() string { return "chat_tickets" }

// store reads and writes chat_tickets.
type store struct{ db *db.DB }

// insertTicket stores a ticket by its hash.
func (s *store) insertTicket(ctx context.Context, t *ticket) error {
	return s.db.Conn(ctx).Create(t).Error
}

// takeTicket deletes a ticket and returns it. Of several calls at once exactly one gets it; the
// others get db.ErrNotFound.
func (s *store) takeTicket(ctx context.Context, hash []byte) (*ticket, error) {
	var found []ticket
	err := s.db.Conn(ctx).Raw("DELETE FROM chat_tickets WHERE hash = ? RETURNING *", hash).Scan(&found).Error
	if err == nil && len(found) == 0 {
		return nil, db.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return &found[0], nil
}

// deleteTickets deletes the tickets that expired before a time.
func (s *store) deleteTickets(ctx context.Context, before clock.Time) error {
	return s.db.Conn(ctx).Exec("DELETE FROM chat_tickets WHERE expires_at < ?", before).Error
}
