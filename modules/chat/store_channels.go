package chat

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/keyset"
)

// store reads and writes chat_channels, chat_members and chat_marks. Messages, presence and tickets
// have stores of their own; here chat_messages is only counted for unread numbers, and purged with
// its channel.
type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

// insertChannel returns false if the slug is taken.
func (s *store) insertChannel(ctx context.Context, c *channel) (bool, error) {
	res := s.db.Conn(ctx).Exec(`INSERT INTO chat_channels
		(id, slug, title, visibility, course_id, created_by, version, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (slug) WHERE deleted_at IS NULL DO NOTHING`,
		c.ID, c.Slug, c.Title, c.Visibility, c.CourseID, c.CreatedBy, c.Version, c.CreatedAt, c.UpdatedAt)
	return res.RowsAffected == 1, res.Error
}

// channelBySlug returns a channel that is not deleted, or db.ErrNotFound.
func (s *store) channelBySlug(ctx context.Context, slug string) (*channel, error) {
	c := &channel{}
	return c, s.db.Conn(ctx).Where("slug = ? AND deleted_at IS NULL", slug).Take(c).Error
}

// channelByID returns a channel that is not deleted, or db.ErrNotFound.
func (s *store) channelByID(ctx context.Context, id string) (*channel, error) {
	c := &channel{}
	return c, s.db.Conn(ctx).Where("id = ? AND deleted_at IS NULL", id).Take(c).Error
}

// lockChannel returns a channel that is not deleted and locks its row, or returns db.ErrNotFound.
func (s *store) lockChannel(ctx context.Context, id string) (*channel, error) {
	var found []channel
	err := s.db.Conn(ctx).
		Raw("SELECT * FROM chat_channels WHERE id = ? AND deleted_at IS NULL"+s.db.ForUpdate(), id).Scan(&found).Error
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, db.ErrNotFound
	}
	return &found[0], nil
}

// saveChannel writes what a patch can change and raises the version.
func (s *store) saveChannel(ctx context.Context, c *channel) error {
	c.Version++
	return s.db.Conn(ctx).Model(&channel{}).Where("id = ?", c.ID).Updates(map[string]any{
		"title": c.Title, "visibility": c.Visibility, "course_id": c.CourseID, "base_seq": c.BaseSeq,
		"version": c.Version, "updated_at": c.UpdatedAt,
	}).Error
}

// deleteChannel marks a channel as deleted, which frees its slug. purgeDeleted deletes the rows
// later.
func (s *store) deleteChannel(ctx context.Context, id string, at clock.Time) error {
	return s.db.Conn(ctx).Exec("UPDATE chat_channels SET deleted_at = ? WHERE id = ?", at, id).Error
}

// selectForReader selects rows of readerChannel. It counts only the messages after the reader's marker,
// and each count has an index of its own.
const selectForReader = `SELECT c.*, COALESCE(k.seq, c.base_seq) AS mark,
	(SELECT count(*) FROM chat_messages m WHERE m.channel_id = c.id AND m.author_id = @user
		AND m.seq > COALESCE(k.seq, c.base_seq))
	+ (SELECT count(*) FROM chat_messages m WHERE m.channel_id = c.id AND m.deleted_at IS NOT NULL AND m.author_id <> @user
		AND m.seq > COALESCE(k.seq, c.base_seq)) AS silent
	FROM chat_channels c LEFT JOIN chat_marks k ON k.channel_id = c.id AND k.user_id = @user
	WHERE c.deleted_at IS NULL`

// listChannels returns the channels of a filter after a position, the oldest first.
func (s *store) listChannels(
	ctx context.Context, f channelFilter, after *keyset.Position, limit int,
) (found []readerChannel, err error) {
	query := selectForReader
	args := map[string]any{
		"user": f.userID, "open": f.visibilities, "courses": append([]string{ids.None}, f.courseIDs...), "limit": limit,
	}
	if !f.isUnlimited {
		query += ` AND (c.visibility IN @open
			OR (c.visibility = 'course' AND c.course_id IN @courses)
			OR (c.visibility = 'private' AND (c.created_by = @user
				OR EXISTS (SELECT 1 FROM chat_members p WHERE p.channel_id = c.id AND p.user_id = @user))))`
	}
	if after != nil {
		query += " AND (c.created_at, c.id) > (@at, @id)"
		args["at"], args["id"] = after.CreatedAt.UnixMilli(), after.ID
	}
	err = s.db.Conn(ctx).Raw(query+" ORDER BY c.created_at, c.id LIMIT @limit", args).Scan(&found).Error
	return found, err
}

// readerChannelBySlug returns a channel as an account sees it, or db.ErrNotFound. It checks no
// right.
func (s *store) readerChannelBySlug(ctx context.Context, slug, userID string) (*readerChannel, error) {
	var found []readerChannel
	err := s.db.Conn(ctx).
		Raw(selectForReader+" AND c.slug = @slug", map[string]any{"user": userID, "slug": slug}).Scan(&found).Error
	if err == nil && len(found) == 0 {
		return nil, db.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return &found[0], nil
}

// purgeDeleted deletes a part of one channel that was deleted before a time: a thousand messages,
// or, when none is left, the rest. It returns whether there may be more to delete.
func (s *store) purgeDeleted(ctx context.Context, before clock.Time) (hasMore bool, err error) {
	var found []string
	conn := s.db.Conn(ctx)
	err = conn.Raw("SELECT id FROM chat_channels WHERE deleted_at < ? LIMIT 1", before).Scan(&found).Error
	if err != nil || len(found) == 0 {
		return false, err
	}
	id := found[0]
	res := conn.Exec(`DELETE FROM chat_messages WHERE id IN
		(SELECT id FROM chat_messages WHERE channel_id = ? LIMIT 1000)`, id)
	if res.Error != nil || res.RowsAffected > 0 {
		return true, res.Error
	}
	for _, table := range []string{"chat_marks", "chat_members"} {
		if err := conn.Exec("DELETE FROM "+table+" WHERE channel_id = ?", id).Error; err != nil {
			return false, err
		}
	}
	return true, conn.Exec("DELETE FROM chat_channels WHERE id = ?", id).Error
}
