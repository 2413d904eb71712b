package chat

import (
	"context"
	"slices"
	"strings"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

// membership is a row of chat_members: an account that may read a private channel.
type membership struct {
	ChannelID string
	UserID    string
	CreatedAt clock.Time
}

// findMember returns a membership, or db.ErrNotFound.
func (s *store) findMember(ctx context.Context, channelID, userID string) (*membership, error) {
	var found []membership
	err := s.db.Conn(ctx).
		Raw("SELECT * FROM chat_members WHERE channel_id = ? AND user_id = ?", channelID, userID).Scan(&found).Error
	if err == nil && len(found) == 0 {
		return nil, db.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return &found[0], nil
}

// isMember returns whether an account is a member of a private channel.
func (s *store) isMember(ctx context.Context, channelID, userID string) (bool, error) {
	_, err := s.findMember(ctx, channelID, userID)
	if db.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// insertMember returns false if the account is a member.
func (s *store) insertMember(ctx context.Context, m membership) (bool, error) {
	res := s.db.Conn(ctx).
		Exec("INSERT INTO chat_members (channel_id, user_id, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			m.ChannelID, m.UserID, m.CreatedAt)
	return res.RowsAffected == 1, res.Error
}

// deleteMember returns false if the account is no member.
func (s *store) deleteMember(ctx context.Context, channelID, userID string) (bool, error) {
	res := s.db.Conn(ctx).Exec("DELETE FROM chat_members WHERE channel_id = ? AND user_id = ?", channelID, userID)
	return res.RowsAffected == 1, res.Error
}

// idParam returns a placeholder for an id in a select list, where PostgreSQL can't infer its type.
func (s *store) idParam() string {
	if s.db.Dialect() == db.Postgres {
		return "CAST(? AS uuid)"
	}
	return "?"
}

// The startReadMarkers functions put the read markers of an account that can read more from now on at the
// end of its channels. Markers that exist stay. A missing marker means base_seq, so a channel without
// later messages needs none.

// startReadMarkersOfRole starts the markers in all channels of the visibilities.
func (s *store) startReadMarkersOfRole(ctx context.Context, userID string, visibilities []string) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO chat_marks (user_id, channel_id, seq)
		SELECT `+s.idParam()+`, id, last_seq FROM chat_channels
		WHERE deleted_at IS NULL AND last_seq > base_seq AND visibility IN ?
		ON CONFLICT DO NOTHING`, userID, visibilities).Error
}

// startReadMarkerOfChannel starts the marker in one channel.
func (s *store) startReadMarkerOfChannel(ctx context.Context, userID, channelID string) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO chat_marks (user_id, channel_id, seq)
		SELECT `+s.idParam()+`, id, last_seq FROM chat_channels
		WHERE deleted_at IS NULL AND last_seq > base_seq AND id = ?
		ON CONFLICT DO NOTHING`, userID, channelID).Error
}

// startReadMarkersOfCourse starts the markers of any number of accounts in the channels of one course.
func (s *store) startReadMarkersOfCourse(ctx context.Context, userIDs []string, courseID string) error {
	for chunk := range slices.Chunk(userIDs, 100) {
		args := make([]any, len(chunk), len(chunk)+1)
		for i, id := range chunk {
			args[i] = id
		}
		values := strings.Repeat(", ("+s.idParam()+")", len(chunk))[2:]
		err := s.db.Conn(ctx).Exec(`INSERT INTO chat_marks (user_id, channel_id, seq)
			SELECT u.column1, id, last_seq FROM chat_channels, (VALUES `+values+`) AS u
			WHERE deleted_at IS NULL AND last_seq > base_seq AND course_id = ? ON CONFLICT DO NOTHING`,
			append(args, courseID)...).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// raiseReadMarker moves a marker up, at most to the channel's last message. It never lowers one.
func (s *store) raiseReadMarker(ctx context.Context, userID, channelID string, seq int64) error {
	least := "least"
	if s.db.Dialect() == db.SQLite {
		least = "min"
	}
	return s.db.Conn(ctx).Exec(`INSERT INTO chat_marks (user_id, channel_id, seq)
		SELECT `+s.idParam()+`, id, `+least+`(last_seq, ?)
		FROM chat_channels WHERE id = ? AND deleted_at IS NULL
		ON CONFLICT (user_id, channel_id) DO UPDATE SET seq = excluded.seq WHERE chat_marks.seq < excluded.seq`,
		userID, seq, channelID).Error
}
