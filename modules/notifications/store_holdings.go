package notifications

import (
	"cmp"
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/ids"
)

// heldNotification is a notification in the export of its account.
type heldNotification struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	Title string `json:"title"`
	Body  string `json:"body"`
	Link  string `json:"link"`
	// Hidden says that the console does not show it.
	Hidden    bool        `json:"hidden"`
	ReadAt    *clock.Time `json:"read_at"`
	CreatedAt clock.Time  `json:"created_at"`
}

// listHeldNotifications returns at most limit notifications of an account that follow after, in the
// order of their ids. They include hidden ones, which the index by time lacks: the index
// notifications_of_user (user_id, id) serves it and deleteOfAccount.
func (s *store) listHeldNotifications(
	ctx context.Context, userID string, after heldNotification, limit int,
) (found []heldNotification, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT n.id, n.kind, n.title, COALESCE(a.body, n.body) AS body, n.link, n.hidden, n.read_at, n.created_at
		FROM notifications n LEFT JOIN announcements a ON a.id = n.announcement_id
		WHERE n.user_id = ? AND n.id > ? ORDER BY n.id LIMIT ?`, userID, cmp.Or(after.ID, ids.None), limit).Scan(&found).Error
	return found, err
}

// heldPreference is a preference in the export of its account.
type heldPreference struct {
	Kind  string `json:"kind"`
	InApp bool   `json:"in_app"`
	Email bool   `json:"email"`
}

// listHeldPreferences returns at most limit preferences of an account that follow after, in the
// order of their kinds.
func (s *store) listHeldPreferences(
	ctx context.Context, userID string, after heldPreference, limit int,
) (found []heldPreference, err error) {
	err = s.db.Conn(ctx).Raw("SELECT kind, in_app, email FROM notification_preferences WHERE user_id = ? AND kind > ? ORDER BY kind LIMIT ?",
		userID, after.Kind, limit).Scan(&found).Error
	return found, err
}

// heldAnnouncement is an announcement in the export of its author.
type heldAnnouncement struct {
	ID        string     `json:"id"`
	CourseID  string     `json:"course_id"`
	Title     string     `json:"title"`
	Body      string     `json:"body"`
	CreatedAt clock.Time `json:"created_at"`
}

// listHeldAnnouncements returns at most limit announcements of an author that follow after, in the
// order of their ids.
func (s *store) listHeldAnnouncements(
	ctx context.Context, userID string, after heldAnnouncement, limit int,
) (found []heldAnnouncement, err error) {
	err = s.db.Conn(ctx).Raw("SELECT id, course_id, title, body, created_at FROM announcements WHERE author_id = ? AND id > ? ORDER BY id LIMIT ?",
		userID, cmp.Or(after.ID, ids.None), limit).Scan(&found).Error
	return found, err
}

// deleteOfAccount deletes the notifications and the preferences of an account.
func (s *store) deleteOfAccount(ctx context.Context, userID string) error {
	for _, table := range []string{"notifications", "notification_preferences"} {
		if err := s.db.Conn(ctx).Exec("DELETE FROM "+table+" WHERE user_id = ?", userID).Error; err != nil {
			return err
		}
	}
	return nil
}
