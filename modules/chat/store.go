package chat

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/keyset"
)

type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

// insertChannel adds a channel unless its slug is taken.
func (s *store) insertChannel(ctx context.Context, c *channel) (bool, error) {
	res := s.db.Conn(ctx).Exec(`INSERT INTO chat_channels (id, slug, title, visibility, course_id, created_by, version, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (slug) WHERE deleted_at IS NULL DO NOTHING`,
		c.ID, c.Slug, c.Title, c.Visibility, c.CourseID, c.CreatedBy, c.Version, c.CreatedAt, c.UpdatedAt)
	return res.RowsAffected == 1, res.Error
}

func (s *store) channelBySlug(ctx context.Context, slug string) (*channel, error) {
	c := &channel{}
	return c, s.db.Conn(ctx).Where("slug = ? AND deleted_at IS NULL", slug).Take(c).Error
}

func (s *store) channelByID(ctx context.Context, id string) (*channel, error) {
	c := &channel{}
	return c, s.db.Conn(ctx).Where("id = ? AND deleted_at IS NULL", id).Take(c).Error
}

// lockChannel reads a channel for a change: of its own or of one of its messages.
func (s *store) lockChannel(ctx context.Context, id string) (*channel, error) {
	return s.oneChannel(ctx, "SELECT * FROM chat_channels WHERE id = ? AND deleted_at IS NULL"+s.db.ForUpdate(), id)
}

func (s *store) oneChannel(ctx context.Context, query string, args ...any) (*channel, error) {
	var found []channel
	err := s.db.Conn(ctx).Raw(query, args...).Scan(&found).Error
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, db.ErrNotFound
	}
	return &found[0], nil
}

// saveChannel writes what may change and counts the version up.
func (s *store) saveChannel(ctx context.Context, c *channel) error {
	c.Version++
	return s.db.Conn(ctx).Model(&channel{}).Where("id = ?", c.ID).Updates(map[string]any{
		"title": c.Title, "visibility": c.Visibility, "course_id": c.CourseID, "base_seq": c.BaseSeq,
		"version": c.Version, "updated_at": c.UpdatedAt,
	}).Error
}

func (s *store) deleteChannel(ctx context.Context, id string, at clock.Time) error {
	return s.db.Conn(ctx).Exec("UPDATE chat_channels SET deleted_at = ? WHERE id = ?", at, id).Error
}

const listedColumns = `SELECT c.*, COALESCE(k.seq, c.base_seq) AS mark,
	(SELECT count(*) FROM chat_messages m WHERE m.channel_id = c.id AND m.author_id = @user AND m.seq > COALESCE(k.seq, c.base_seq))
	+ (SELECT count(*) FROM chat_messages m WHERE m.channel_id = c.id AND m.deleted_at IS NOT NULL AND m.author_id <> @user
		AND m.seq > COALESCE(k.seq, c.base_seq)) AS silent
	FROM chat_channels c LEFT JOIN chat_marks k ON k.channel_id = c.id AND k.user_id = @user
	WHERE c.deleted_at IS NULL`

func (s *store) listChannels(ctx context.Context, v visible, after *keyset.Position, limit int) (found []listed, err error) {
	query := listedColumns
	args := map[string]any{"user": v.userID, "open": v.visibilities, "courses": append([]string{ids.None}, v.courses...), "limit": limit}
	if !v.all {
		query += ` AND (c.visibility IN @open OR (c.visibility = 'course' AND c.course_id IN @courses) OR (c.visibility = 'private'
			AND (c.created_by = @user OR EXISTS (SELECT 1 FROM chat_members p WHERE p.channel_id = c.id AND p.user_id = @user))))`
	}
	if after != nil {
		query += " AND (c.created_at, c.id) > (@at, @id)"
		args["at"], args["id"] = after.CreatedAt.UnixMilli(), after.ID
	}
	err = s.db.Conn(ctx).Raw(query+" ORDER BY c.created_at, c.id LIMIT @limit", args).Scan(&found).Error
	return found, err
}

func (s *store) listedBySlug(ctx context.Context, slug, userID string) (*listed, error) {
	var found []listed
	err := s.db.Conn(ctx).Raw(listedColumns+" AND c.slug = @slug", map[string]any{"user": userID, "slug": slug}).Scan(&found).Error
	if err == nil && len(found) == 0 {
		return nil, db.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return &found[0], nil
}

// head is how far a channel is.
type head struct {
	ID         string
	LastSeq    int64
	LastChange int64
}

func (s *store) heads(ctx context.Context, ids []string) (found []head, err error) {
	err = s.db.Conn(ctx).Raw("SELECT id, last_seq, last_change FROM chat_channels WHERE id IN ?", ids).Scan(&found).Error
	return found, err
}

// purge removes a part of what deleted channels leave and says whether there may be more.
func (s *store) purge(ctx context.Context, before clock.Time) (more bool, err error) {
	c, err := s.oneChannel(ctx, "SELECT * FROM chat_channels WHERE deleted_at < ? LIMIT 1", before)
	if db.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	conn := s.db.Conn(ctx)
	res := conn.Exec("DELETE FROM chat_messages WHERE id IN (SELECT id FROM chat_messages WHERE channel_id = ? LIMIT 1000)", c.ID)
	if res.Error != nil || res.RowsAffected > 0 {
		return true, res.Error
	}
	for _, table := range []string{"chat_marks", "chat_members"} {
		if err := conn.Exec("DELETE FROM "+table+" WHERE channel_id = ?", c.ID).Error; err != nil {
			return false, err
		}
	}
	return true, conn.Exec("DELETE FROM chat_channels WHERE id = ?", c.ID).Error
}
