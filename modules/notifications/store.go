package notifications

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm/clause"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/keyset"
)

// store reads and writes the tables of the module.
type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

// insert adds notifications.
func (s *store) insert(ctx context.Context, rows []notification) error {
	if len(rows) == 0 {
		return nil
	}
	return s.db.Conn(ctx).Create(&rows).Error
}

// findNotified returns which of the accounts were told of an event and a kind before.
func (s *store) findNotified(ctx context.Context, eventID, kind string, users []string) (found []string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT user_id FROM notifications WHERE event_id = ? AND kind = ? AND user_id IN ?",
		eventID, kind, users).Scan(&found).Error
	return found, err
}

// list returns at most limit notifications of an account after a position, the newest first,
// without hidden ones.
func (s *store) list(
	ctx context.Context, userID string, unread bool, after *keyset.Position, limit int,
) (found []notification, err error) {
	q := s.db.Conn(ctx).Table("notifications n").Joins("LEFT JOIN announcements a ON a.id = n.announcement_id").
		Select("n.id, n.kind, n.title, COALESCE(a.body, n.body) AS body, n.link, n.read_at, n.created_at").
		Where("n.user_id = ? AND NOT n.hidden", userID)
	if unread {
		q = q.Where("n.read_at IS NULL")
	}
	if after != nil {
		q = q.Where("(n.created_at, n.id) < (?, ?)", after.CreatedAt, after.ID)
	}
	err = q.Order("n.created_at DESC, n.id DESC").Limit(limit).Scan(&found).Error
	return found, err
}

// countUnread returns how many notifications of an account are unread, without hidden ones.
func (s *store) countUnread(ctx context.Context, userID string) (n int64, err error) {
	err = s.db.Conn(ctx).Raw("SELECT count(*) FROM notifications WHERE user_id = ? AND read_at IS NULL AND NOT hidden",
		userID).Scan(&n).Error
	return n, err
}

// markRead marks a notification as read and reports whether the account has it. The time of the
// first call stays.
func (s *store) markRead(ctx context.Context, userID, id string, at clock.Time) (bool, error) {
	res := s.db.Conn(ctx).Exec("UPDATE notifications SET read_at = COALESCE(read_at, ?) WHERE id = ? AND user_id = ? AND NOT hidden",
		at, id, userID)
	return res.RowsAffected == 1, res.Error
}

// markAllRead marks all notifications of an account as read.
func (s *store) markAllRead(ctx context.Context, userID string, at clock.Time) error {
	return s.db.Conn(ctx).Exec("UPDATE notifications SET read_at = ? WHERE user_id = ? AND read_at IS NULL AND NOT hidden",
		at, userID).Error
}

// listPreferences returns what an account has chosen, by kind.
func (s *store) listPreferences(ctx context.Context, userID string) (map[string]preference, error) {
	var found []preference
	err := s.db.Conn(ctx).Where("user_id = ?", userID).Find(&found).Error
	out := make(map[string]preference, len(found))
	for _, p := range found {
		out[p.Kind] = p
	}
	return out, err
}

// findPreferences returns what the accounts have chosen for a kind, by account.
func (s *store) findPreferences(ctx context.Context, kind string, users []string) (map[string]preference, error) {
	var found []preference
	err := s.db.Conn(ctx).Where("kind = ? AND user_id IN ?", kind, users).Find(&found).Error
	out := make(map[string]preference, len(found))
	for _, p := range found {
		out[p.UserID] = p
	}
	return out, err
}

// savePreferences inserts or replaces preferences. It sorts chosen.
func (s *store) savePreferences(ctx context.Context, chosen []preference) error {
	if len(chosen) == 0 {
		return nil
	}
	// In one order, so that two requests of an account wait for each other instead of ending in a
	// deadlock.
	slices.SortFunc(chosen, func(a, b preference) int { return strings.Compare(a.Kind, b.Kind) })
	return s.db.Conn(ctx).Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "user_id"}, {Name: "kind"}},
		DoUpdates: clause.AssignmentColumns([]string{"in_app", "email"}),
	}).Create(&chosen).Error
}

// disableMail switches off the mail of a kind and leaves the rest as it is. If the account has
// chosen nothing for the kind, p is stored, without its mail.
func (s *store) disableMail(ctx context.Context, p preference) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO notification_preferences (user_id, kind, in_app, email) VALUES (?, ?, ?, ?)
		ON CONFLICT (user_id, kind) DO UPDATE SET email = excluded.email`, p.UserID, p.Kind, p.InApp, false).Error
}

// insertAnnouncement adds an announcement.
func (s *store) insertAnnouncement(ctx context.Context, a *announcement) error {
	return s.db.Conn(ctx).Create(a).Error
}

// findAnnouncement returns an announcement; db.ErrNotFound if there is none.
func (s *store) findAnnouncement(ctx context.Context, id string) (*announcement, error) {
	a := &announcement{}
	return a, s.db.Conn(ctx).Where("id = ?", id).Take(a).Error
}

// removeOld removes the notifications from before a time and returns how many there were.
func (s *store) removeOld(ctx context.Context, before clock.Time) (int64, error) {
	return s.db.RemoveRows(ctx, "notifications", "id < ? AND created_at < ?", ids.FirstAt(before.StdTime()), before)
}
