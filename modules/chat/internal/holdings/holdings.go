// Package holdings exports and erases what chat stores about an account, as usersapi.Holder.
//
// Its store has its own queries, as those of an export go across channels, messages, members and
// read markers. Erasing deletes the account's memberships, markers, tickets and presence.
package holdings

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
)

// Holder implements usersapi.Holder.
type Holder struct {
	store *store
	// onErased runs in the transaction of Erase.
	onErased func(ctx context.Context)
	pageSize int
}

// NewHolder returns a Holder that reads pages of pageSize rows. Erase calls onErased in its
// transaction.
func NewHolder(d *db.DB, onErased func(ctx context.Context), pageSize int) *Holder {
	return &Holder{&store{d}, onErased, pageSize}
}

// Module returns the name under which the records stand in an export.
func (*Holder) Module() string { return "chat" }

// Export records the account's messages, the channels it created, its memberships and its read
// markers. It leaves out what was deleted, alone or with its channel.
func (h *Holder) Export(ctx context.Context, userID string, record usersapi.Record) error {
	return usersapi.Export(ctx, userID, h.pageSize, record,
		usersapi.Section("messages", h.store.listMessages),
		usersapi.Section("channels_created", h.store.listChannels),
		usersapi.Section("memberships", h.store.listMemberships),
		usersapi.Section("read_marks", h.store.listReadMarkers))
}

// Erase removes the account from all channels. Its messages stay, under an id without a name. Only
// administrators manage the channels that it created.
func (h *Holder) Erase(ctx context.Context, userID string) error {
	if err := h.store.eraseAccount(ctx, userID); err != nil {
		return err
	}
	h.onErased(ctx)
	return nil
}
