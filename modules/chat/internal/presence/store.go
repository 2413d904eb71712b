package presence

import (
	"context"
	"time"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

// replicaLife is how long a replica counts as living after it renewed its row.
const replicaLife = 10 * time.Second

// Entry is one account that is present in one channel.
type Entry struct {
	ChannelID string
	UserID    string
	Since     clock.Time
}

// store reads and writes chat_presence and chat_replicas. Times of replicas come from the
// database's clock, as those of two machines may differ.
type store struct{ db *db.DB }

// listPresent returns the accounts of a channel on all living replicas, each with its earliest
// time.
func (s *store) listPresent(ctx context.Context, channelID string) (found []Entry, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT p.channel_id, p.user_id, min(p.since) AS since FROM chat_presence p
		JOIN chat_replicas r ON r.id = p.replica_id AND r.seen_at > `+s.db.NowMillis()+` - ?
		WHERE p.channel_id = ? GROUP BY p.channel_id, p.user_id ORDER BY min(p.since), p.user_id`,
		replicaLife.Milliseconds(), channelID).Scan(&found).Error
	return found, err
}

// renewReplica notes that a replica lives. It returns true if the replica was not known.
func (s *store) renewReplica(ctx context.Context, replicaID string) (isNew bool, err error) {
	res := s.db.Conn(ctx).Exec("UPDATE chat_replicas SET seen_at = "+s.db.NowMillis()+" WHERE id = ?", replicaID)
	if res.Error != nil || res.RowsAffected > 0 {
		return false, res.Error
	}
	return true, s.db.Conn(ctx).
		Exec("INSERT INTO chat_replicas (id, seen_at) VALUES (?, "+s.db.NowMillis()+")", replicaID).Error
}

// addPresent adds an account on a replica, or replaces the time since when it is there.
func (s *store) addPresent(ctx context.Context, replicaID string, e Entry) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO chat_presence (channel_id, user_id, replica_id, since) VALUES (?, ?, ?, ?)
		ON CONFLICT (channel_id, user_id, replica_id) DO UPDATE SET since = excluded.since`,
		e.ChannelID, e.UserID, replicaID, e.Since).Error
}

// removePresent removes an account on one replica. It may be present on others.
func (s *store) removePresent(ctx context.Context, replicaID string, e Entry) error {
	return s.db.Conn(ctx).Exec("DELETE FROM chat_presence WHERE channel_id = ? AND user_id = ? AND replica_id = ?",
		e.ChannelID, e.UserID, replicaID).Error
}

// deleteDeadReplicas deletes replicas that were not renewed for a minute, and who was present
// there. They have not counted since replicaLife; the rest of the minute spares a slow one from
// writing all again.
func (s *store) deleteDeadReplicas(ctx context.Context) error {
	conn, age := s.db.Conn(ctx), 6*replicaLife.Milliseconds()
	if err := conn.Exec("DELETE FROM chat_replicas WHERE seen_at < "+s.db.NowMillis()+" - ?", age).Error; err != nil {
		return err
	}
	return conn.Exec("DELETE FROM chat_presence WHERE replica_id NOT IN (SELECT id FROM chat_replicas)").Error
}
