package chat

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
)

// holdings answers what the module holds about an account.
type holdings struct {
	service *Service
	page    int
}

func newHoldings(s *Service) usersapi.Holder { return holdings{s, usersapi.ExportPage} }

// Module is the name that the records stand under.
func (holdings) Module() string { return "chat" }

// Export hands over what the account said, made, may enter and has read. What was deleted, alone or
// with its channel, is said no more.
func (h holdings) Export(ctx context.Context, userID string, record usersapi.Record) error {
	st := h.service.store
	return usersapi.Export(ctx, userID, h.page, record,
		usersapi.Section("messages", st.heldMessages),
		usersapi.Section("channels_created", st.heldChannels),
		usersapi.Section("memberships", st.heldMemberships),
		usersapi.Section("read_marks", st.heldMarks))
}

// Erase takes the account out of all channels. What it said stays, under nobody's name; the
// channels that it made are administrators' from now on.
func (h holdings) Erase(ctx context.Context, userID string) error {
	if err := h.service.store.erasePerson(ctx, userID); err != nil {
		return err
	}
	// All rights and channels at once: which ones it were is no longer known, and may be many.
	h.service.regrant(ctx, "")
	db.AfterCommit(ctx, func() { h.service.broadcast.SendSignal(topicChannel, "") })
	return nil
}
