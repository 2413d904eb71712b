package notifications

import (
	"context"

	"lyceum/modules/users/usersapi"
)

// holdings implements usersapi.Holder: what this module stores about an account.
type holdings struct {
	store *store
	page  int
}

func newHoldings(s *store) usersapi.Holder { return holdings{s, usersapi.ExportPage} }

// Module implements usersapi.Holder.
func (holdings) Module() string { return "notifications" }

// Export hands over the notifications of the account, hidden ones too, its preferences and its
// announcements.
func (h holdings) Export(ctx context.Context, userID string, record usersapi.Record) error {
	return usersapi.Export(ctx, userID, h.page, record,
		usersapi.Section("notifications", h.store.listHeldNotifications),
		usersapi.Section("preferences", h.store.listHeldPreferences),
		usersapi.Section("announcements_made", h.store.listHeldAnnouncements))
}

// Erase deletes the notifications and the preferences of the account. Its announcements stay for
// their readers.
func (h holdings) Erase(ctx context.Context, userID string) error {
	return h.store.deleteOfAccount(ctx, userID)
}
