package mail

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
)

// holdings implements usersapi.Holder: what the module stores about an account.
type holdings struct {
	store    *store
	accounts usersapi.Accounts
	page     int
}

func newHoldings(s *store, a usersapi.Accounts) usersapi.Holder {
	return holdings{s, a, usersapi.ExportPage}
}

// Module returns the name under which the records stand in an export.
func (holdings) Module() string { return "mail" }

// heldMail is what an export says of a mail to the account. It never has the text.
type heldMail struct {
	ID        string      `json:"id"`
	Kind      string      `json:"kind"`
	Recipient string      `json:"to"`
	Subject   string      `json:"subject"`
	Status    string      `json:"status"`
	CreatedAt clock.Time  `json:"created_at"`
	SentAt    *clock.Time `json:"sent_at"`
}

// Export passes the mails to the account to record, the oldest first.
func (h holdings) Export(ctx context.Context, userID string, record usersapi.Record) error {
	return usersapi.Export(ctx, userID, h.page, record, usersapi.Section("messages", h.store.listByAccount))
}

// Erase deletes the mails to the account, sent or not, and those to its address, such as invites
// from before the registration. An account that is gone already has no address: then only its own
// mails are deleted.
func (h holdings) Erase(ctx context.Context, userID string) error {
	a, _, err := h.accounts.ByID(ctx, userID)
	if err != nil {
		return err
	}
	return h.store.deleteByAccount(ctx, userID, a.Email)
}
