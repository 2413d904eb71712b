package invites

import (
	"context"

	"lyceum/modules/users/usersapi"
)

// holdings answers what the module holds about an account.
type holdings struct {
	service *Service
	page    int
}

func newHoldings(s *Service) usersapi.Holder { return holdings{s, usersapi.ExportPage} }

// Module is the name that the records stand under.
func (holdings) Module() string { return "invites" }

// Export hands over the invites that the account made, never their codes or whom they are for, and
// those that it used.
func (h holdings) Export(ctx context.Context, userID string, record usersapi.Record) error {
	return usersapi.Export(ctx, userID, h.page, record,
		usersapi.Section("invites_created", h.service.store.heldInvites),
		usersapi.Section("invites_redeemed", h.service.store.heldRedemptions))
}

// Erase forgets what the account used, and its address. Invites count their uses all the same; what
// the account itself has left open is revoked when it stops being an administrator.
func (h holdings) Erase(ctx context.Context, userID string) error {
	account, ok, err := h.service.accounts.ByID(ctx, userID)
	if err != nil {
		return err
	}
	if ok {
		if err := h.service.forgetAddress(ctx, account.Email); err != nil {
			return err
		}
	}
	return h.service.store.dropRedemptions(ctx, userID)
}

// forgetAddress takes back what is open for an address, then blanks it: bound to nobody, such an
// invite stays closed to all.
func (s *Service) forgetAddress(ctx context.Context, email string) error {
	if err := s.revokeNow(ctx, openForAddress, email, map[string]any{"reason": "account-deleted"}); err != nil {
		return err
	}
	return s.store.blankAddress(ctx, email)
}
