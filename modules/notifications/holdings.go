package notifications

import (
	"context"

	"lyceum/modules/users/usersapi"
)

// holdings answers what the module holds about an account.
type holdings struct {
	store *store
	page  int
}

func newHoldings(s *store) usersapi.Holder { return holdings{s, usersapi.ExportPage} }

// Module is the name that the records stand under.
func (holdings) Module() string { return "notifications" }

// Export hands over what the account was told, by mail alone too, what it chose and what it announced.
func (h holdings) Export(ctx context.Context, userID string, record usersapi.Record) error {
	return usersapi.Export(ctx, userID, h.page, record,
		usersapi.Section("notifications", h.store.heldNotifications),
		usersapi.Section("preferences", h.store.heldPreferences),
		usersapi.Section("announcements_made", h.store.heldAnnouncements))
}

// Erase removes what the account was told and chose. What it announced stays for those who were told.
func (h holdings) Erase(ctx context.Context, userID string) error {
	return h.store.eraseReader(ctx, userID)
}
