package chat

import (
	"context"
	"slices"
	"strings"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

type membership struct {
	ChannelID string
	UserID    string
	CreatedAt clock.Time
}

func (s *store) member(ctx context.Context, channelID, userID string) (*membership, error) {
	var found []membership
	err := s.db.Conn(ctx).Raw("SELECT * FROM chat_members WHERE channel_id = ? AND user_id = ?", channelID, userID).Scan(&found).Error
	if err == nil && len(found) == 0 {
		return nil, db.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return &found[0], nil
}

func (s *store) isMember(ctx context.Context, channelID, userID string) (bool, error) {
	_, err := s.member(ctx, channelID, userID)
	if db.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

func (s *store) addMember(ctx context.Context, m membership) (bool, error) {
	res := s.db.Conn(ctx).Exec("INSERT INTO chat_members (channel_id, user_id, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
		m.ChannelID, m.UserID, m.CreatedAt)
	return res.RowsAffected == 1, res.Error
}

func (s *store) removeMember(ctx context.Context, channelID, userID string) (bool, error) {
	res := s.db.Conn(ctx).Exec("DELETE FROM chat_members WHERE channel_id = ? AND user_id = ?", channelID, userID)
	return res.RowsAffected == 1, res.Error
}

// idParam is a placeholder for an id in a select list, where PostgreSQL can't tell its type.
func (s *store) idParam() string {
	if s.db.Dialect() == db.Postgres {
		return "CAST(? AS uuid)"
	}
	return "?"
}

// startMarks puts the mark of someone who can read more from now on at the end of each channel;
// marks that are there stay. A missing mark means base_seq, so new channels need none.
func (s *store) startMarks(ctx context.Context, userID, where string, args ...any) error {
	return s.db.Conn(ctx).Exec("INSERT INTO chat_marks (user_id, channel_id, seq) SELECT "+s.idParam()+`, id, last_seq FROM chat_channels
		WHERE deleted_at IS NULL AND last_seq > base_seq AND `+where+" ON CONFLICT DO NOTHING", append([]any{userID}, args...)...).Error
}

func (s *store) startMarksOfRole(ctx context.Context, userID string, visibilities []string) error {
	return s.startMarks(ctx, userID, "visibility IN ?", visibilities)
}

// startMarksOfCourse is startMarks for many in the channels of one course.
func (s *store) startMarksOfCourse(ctx context.Context, userIDs []string, courseID string) error {
	for chunk := range slices.Chunk(userIDs, 100) {
		args := make([]any, len(chunk), len(chunk)+1)
		for i, id := range chunk {
			args[i] = id
		}
		values := strings.Repeat(", ("+s.idParam()+")", len(chunk))[2:]
		err := s.db.Conn(ctx).Exec("INSERT INTO chat_marks (user_id, channel_id, seq) SELECT u.column1, id, last_seq FROM chat_channels, (VALUES "+values+`) AS u
			WHERE deleted_at IS NULL AND last_seq > base_seq AND course_id = ? ON CONFLICT DO NOTHING`, append(args, courseID)...).Error
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *store) startMarkOfChannel(ctx context.Context, userID, channelID string) error {
	return s.startMarks(ctx, userID, "id = ?", channelID)
}

// raiseMark moves a mark up, at most to the channel's last message; it never falls.
func (s *store) raiseMark(ctx context.Context, userID, channelID string, seq int64) error {
	least := "least"
	if s.db.Dialect() == db.SQLite {
		least = "min"
	}
	return s.db.Conn(ctx).Exec("INSERT INTO chat_marks (user_id, channel_id, seq) SELECT "+s.idParam()+", id, "+least+`(last_seq, ?)
		FROM chat_channels WHERE id = ? AND deleted_at IS NULL
		ON CONFLICT (user_id, channel_id) DO UPDATE SET seq = excluded.seq WHERE chat_marks.seq < excluded.seq`, userID, seq, channelID).Error
}
