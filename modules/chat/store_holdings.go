package chat

import (
	"cmp"
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/ids"
)

type heldMessage struct {
	Channel   string      `json:"channel"`
	Seq       int64       `json:"seq"`
	ID        string      `json:"id"`
	Body      string      `json:"body"`
	CreatedAt clock.Time  `json:"created_at"`
	EditedAt  *clock.Time `json:"edited_at"`

	ChannelID string `json:"-"`
}

// heldMessages gives what an account said after a message, channel by channel, so that the index of
// an author's messages in one channel serves; a page ends with its channel.
func (s *store) heldMessages(ctx context.Context, userID string, after heldMessage, limit int) (found []heldMessage, err error) {
	id, seq := cmp.Or(after.ChannelID, ids.None), after.Seq
	for {
		err = s.db.Conn(ctx).Raw(`SELECT m.channel_id, c.slug AS channel, m.seq, m.id, m.body, m.created_at, m.edited_at
			FROM chat_messages m JOIN chat_channels c ON c.id = m.channel_id
			WHERE m.channel_id = ? AND m.author_id = ? AND m.seq > ? AND m.deleted_at IS NULL AND c.deleted_at IS NULL
			ORDER BY m.seq LIMIT ?`, id, userID, seq, limit).Scan(&found).Error
		if err != nil || len(found) > 0 {
			return found, err
		}
		if id, err = s.nextWithWords(ctx, userID, id); err != nil || id == "" {
			return nil, err
		}
		seq = 0
	}
}

// nextWithWords finds the next channel in which an account said something; "" when there is none.
func (s *store) nextWithWords(ctx context.Context, userID, channelID string) (id string, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT c.id FROM chat_channels c WHERE c.id > ? AND c.deleted_at IS NULL
		AND EXISTS (SELECT 1 FROM chat_messages m WHERE m.channel_id = c.id AND m.author_id = ?) ORDER BY c.id LIMIT 1`, channelID, userID).Scan(&id).Error
	return id, err
}

type heldChannel struct {
	ID         string     `json:"id"`
	Slug       string     `json:"slug"`
	Title      string     `json:"title"`
	Visibility string     `json:"visibility"`
	CourseID   *string    `json:"course_id"`
	CreatedAt  clock.Time `json:"created_at"`
	UpdatedAt  clock.Time `json:"updated_at"`
}

func (s *store) heldChannels(ctx context.Context, userID string, after heldChannel, limit int) (found []heldChannel, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT id, slug, title, visibility, course_id, created_at, updated_at FROM chat_channels
		WHERE created_by = ? AND id > ? AND deleted_at IS NULL ORDER BY id LIMIT ?`, userID, cmp.Or(after.ID, ids.None), limit).Scan(&found).Error
	return found, err
}

type heldMembership struct {
	Channel   string     `json:"channel"`
	CreatedAt clock.Time `json:"created_at"`

	ChannelID string `json:"-"`
}

func (s *store) heldMemberships(ctx context.Context, userID string, after heldMembership, limit int) (found []heldMembership, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT p.channel_id, c.slug AS channel, p.created_at FROM chat_members p JOIN chat_channels c ON c.id = p.channel_id
		WHERE p.user_id = ? AND p.channel_id > ? AND c.deleted_at IS NULL ORDER BY p.channel_id LIMIT ?`,
		userID, cmp.Or(after.ChannelID, ids.None), limit).Scan(&found).Error
	return found, err
}

type heldMark struct {
	Channel string `json:"channel"`
	Seq     int64  `json:"seq"`

	ChannelID string `json:"-"`
}

func (s *store) heldMarks(ctx context.Context, userID string, after heldMark, limit int) (found []heldMark, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT k.channel_id, c.slug AS channel, k.seq FROM chat_marks k JOIN chat_channels c ON c.id = k.channel_id
		WHERE k.user_id = ? AND k.channel_id > ? AND c.deleted_at IS NULL ORDER BY k.channel_id LIMIT ?`,
		userID, cmp.Or(after.ChannelID, ids.None), limit).Scan(&found).Error
	return found, err
}

// erasePerson removes an account from all that is about people and leaves what it said. The
// channels come last, as whoever says something there waits for them.
func (s *store) erasePerson(ctx context.Context, userID string) error {
	conn := s.db.Conn(ctx)
	for _, table := range []string{"chat_members", "chat_marks", "chat_tickets", "chat_presence"} {
		if err := conn.Exec("DELETE FROM "+table+" WHERE user_id = ?", userID).Error; err != nil {
			return err
		}
	}
	return conn.Exec("UPDATE chat_channels SET created_by = NULL WHERE created_by = ?", userID).Error
}
