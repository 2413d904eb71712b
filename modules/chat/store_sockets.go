package chat

import (
	"context"
	"time"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

type ticket struct {
	Hash           []byte
	UserID         string
	SessionID      string
	TokenExpiresAt clock.Time
	ExpiresAt      clock.Time
}

// TableName of tickets.
func (ticket) TableName() string { return "chat_tickets" }

func (s *store) insertTicket(ctx context.Context, t *ticket) error {
	return s.db.Conn(ctx).Create(t).Error
}

// takeTicket removes a ticket and gives it: of many at once exactly one gets it.
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

func (s *store) dropTickets(ctx context.Context, before clock.Time) error {
	return s.db.Conn(ctx).Exec("DELETE FROM chat_tickets WHERE expires_at < ?", before).Error
}

// present is one person in one channel.
type present struct {
	ChannelID string
	UserID    string
	Since     clock.Time
}

// replicaLife is how long a replica counts as living after it was last seen.
const replicaLife = 10 * time.Second

// presentIn lists who is in these channels on all living replicas.
func (s *store) presentIn(ctx context.Context, channelIDs []string) (found []present, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT p.channel_id, p.user_id, min(p.since) AS since FROM chat_presence p
		JOIN chat_replicas r ON r.id = p.replica_id AND r.seen_at > `+s.db.NowMillis()+` - ?
		WHERE p.channel_id IN ? GROUP BY p.channel_id, p.user_id ORDER BY min(p.since), p.user_id`, replicaLife.Milliseconds(), channelIDs).Scan(&found).Error
	return found, err
}

// seen says that a replica lives, by the database's own clock; fresh when it was not known.
func (s *store) seen(ctx context.Context, replicaID string) (fresh bool, err error) {
	res := s.db.Conn(ctx).Exec("UPDATE chat_replicas SET seen_at = "+s.db.NowMillis()+" WHERE id = ?", replicaID)
	if res.Error != nil || res.RowsAffected > 0 {
		return false, res.Error
	}
	return true, s.db.Conn(ctx).Exec("INSERT INTO chat_replicas (id, seen_at) VALUES (?, "+s.db.NowMillis()+")", replicaID).Error
}

func (s *store) addPresent(ctx context.Context, replicaID string, p present) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO chat_presence (channel_id, user_id, replica_id, since) VALUES (?, ?, ?, ?)
		ON CONFLICT (channel_id, user_id, replica_id) DO UPDATE SET since = excluded.since`, p.ChannelID, p.UserID, replicaID, p.Since).Error
}

func (s *store) removePresent(ctx context.Context, replicaID string, p present) error {
	return s.db.Conn(ctx).Exec("DELETE FROM chat_presence WHERE channel_id = ? AND user_id = ? AND replica_id = ?", p.ChannelID, p.UserID, replicaID).Error
}

// dropReplicas forgets replicas that died without a word.
func (s *store) dropReplicas(ctx context.Context) error {
	conn, dead := s.db.Conn(ctx), 6*replicaLife.Milliseconds()
	if err := conn.Exec("DELETE FROM chat_replicas WHERE seen_at < "+s.db.NowMillis()+" - ?", dead).Error; err != nil {
		return err
	}
	return conn.Exec("DELETE FROM chat_presence WHERE replica_id NOT IN (SELECT id FROM chat_replicas)").Error
}
