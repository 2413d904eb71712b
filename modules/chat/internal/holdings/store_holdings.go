package holdings

import (
	"cmp"
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// store reads what the module's tables hold about one account, and erases it. Its lists begin after a
// record that they returned before; the zero record begins at the start.
type store struct{ db *db.DB }

// heldMessage is the record of a message that the account wrote.
type heldMessage struct {
	Channel   string      `json:"channel"`
	Seq       int64       `json:"seq"`
	ID        string      `json:"id"`
	Body      string      `json:"body"`
	CreatedAt clock.Time  `json:"created_at"`
	EditedAt  *clock.Time `json:"edited_at"`

	ChannelID string `json:"-"`
}

// listMessages returns messages channel by channel, so that the index of an author's messages in one
// channel serves. A page ends with its channel.
func (s *store) listMessages(
	ctx context.Context, userID string, after heldMessage, limit int,
) (found []heldMessage, err error) {
	id, seq := cmp.Or(after.ChannelID, ids.None), after.Seq
	for {
		err = s.db.Conn(ctx).Raw(`SELECT m.channel_id, c.slug AS channel, m.seq, m.id, m.body, m.created_at, m.edited_at
			FROM chat_messages m JOIN chat_channels c ON c.id = m.channel_id
			WHERE m.channel_id = ? AND m.author_id = ? AND m.seq > ? AND m.deleted_at IS NULL AND c.deleted_at IS NULL
			ORDER BY m.seq LIMIT ?`, id, userID, seq, limit).Scan(&found).Error
		if err != nil || len(found) > 0 {
			return found, err
		}
		if id, err = s.findNextChannel(ctx, userID, id); err != nil || id == "" {
			return found, err
		}
		seq = 0
	}
}

// findNextChannel returns the next channel, by id, in which an account wrote a message; "" for none.
func (s *store) findNextChannel(ctx context.Context, userID, channelID string) (id string, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT c.id FROM chat_channels c WHERE c.id > ? AND c.deleted_at IS NULL
		AND EXISTS (SELECT 1 FROM chat_messages m WHERE m.channel_id = c.id AND m.author_id = ?) ORDER BY c.id LIMIT 1`,
		channelID, userID).Scan(&id).Error
	return id, err
}

// heldChannel is the record of a channel that the account created.
type heldChannel struct {
	ID         string     `json:"id"`
	Slug       string     `json:"slug"`
	Title      string     `json:"title"`
	Visibility string     `json:"visibility"`
	CourseID   *string    `json:"course_id"`
	CreatedAt  clock.Time `json:"created_at"`
	UpdatedAt  clock.Time `json:"updated_at"`
}

// listChannels returns channels by id.
func (s *store) listChannels(
	ctx context.Context, userID string, after heldChannel, limit int,
) (found []heldChannel, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT id, slug, title, visibility, course_id, created_at, updated_at FROM chat_channels
		WHERE created_by = ? AND id > ? AND deleted_at IS NULL ORDER BY id LIMIT ?`,
		userID, cmp.Or(after.ID, ids.None), limit).Scan(&found).Error
	return found, err
}

// heldMembership is the record of a private channel that the account may read.
type heldMembership struct {
	Channel   string     `json:"channel"`
	CreatedAt clock.Time `json:"created_at"`

	ChannelID string `json:"-"`
}

// listMemberships returns memberships by the ids of their channels.
func (s *store) listMemberships(
	ctx context.Context, userID string, after heldMembership, limit int,
) (found []heldMembership, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT p.channel_id, c.slug AS channel, p.created_at
		FROM chat_members p JOIN chat_channels c ON c.id = p.channel_id
		WHERE p.user_id = ? AND p.channel_id > ? AND c.deleted_at IS NULL ORDER BY p.channel_id LIMIT ?`,
		userID, cmp.Or(after.ChannelID, ids.None), limit).Scan(&found).Error
	return found, err
}

// heldReadMarker is the record of how far the account has read a channel.
type heldReadMarker struct {
	Channel string `json:"channel"`
	Seq     int64  `json:"seq"`

	ChannelID string `json:"-"`
}

// listReadMarkers returns read markers by the ids of their channels.
func (s *store) listReadMarkers(
	ctx context.Context, userID string, after heldReadMarker, limit int,
) (found []heldReadMarker, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT k.channel_id, c.slug AS channel, k.seq
		FROM chat_marks k JOIN chat_channels c ON c.id = k.channel_id
		WHERE k.user_id = ? AND k.channel_id > ? AND c.deleted_at IS NULL ORDER BY k.channel_id LIMIT ?`,
		userID, cmp.Or(after.ChannelID, ids.None), limit).Scan(&found).Error
	return found, err
}

// eraseAccount removes an account from everything but its messages. The rows of channels come last, as
// everybody who posts there waits for their locks.
func (s *store) eraseAccount(ctx context.Context, userID string) error {
	conn := s.db.Conn(ctx)
	for _, table := range []string{"chat_members", "chat_marks", "chat_tickets", "chat_presence"} {
		if err := conn.Exec("DELETE FROM "+table+" WHERE user_id = ?", userID).Error; err != nil {
			return err
		}
	}
	return conn.Exec("UPDATE chat_channels SET created_by = NULL WHERE created_by = ?", userID).Error
}
