package invites

import (
	"context"

	"lyceum/modules/users/usersapi"
)

// holdings implements usersapi.Holder: what this module stores about an account.
type holdings struct {
	service *Service
	// page is how many rows an export reads at once.
	page int
}

func newHoldings(s *Service) usersapi.Holder { return holdings{s, usersapi.ExportPage} }

// Module implements usersapi.Holder.
func (holdings) Module() string { return "invites" }

// Export hands over the invites that the account created, without their codes and addresses, and
// those that it redeemed.
func (h holdings) Export(ctx context.Context, userID string, record usersapi.Record) error {
	return usersapi.Export(ctx, userID, h.page, record,
		usersapi.Section("invites_created", h.service.store.listCreatedBy),
		usersapi.Section("invites_redeemed", h.service.store.listRedeemedBy))
}

// Erase deletes the redemptions of the account, and its address from invites. Invites keep their
// counts of uses. The open invites that the account created are revoked by onAdminLost.
func (h holdings) Erase(ctx context.Context, userID string) error {
	account, exists, err := h.service.accounts.ByID(ctx, userID)
	if err != nil {
		return err
	}
	if exists {
		if err := h.service.eraseAddress(ctx, account.Email); err != nil {
			return err
		}
	}
	return h.service.store.deleteRedemptions(ctx, userID)
}

// eraseAddress revokes the open invites for an address and blanks it in all of its invites. They
// stay bound, to an address that no account has, so that nobody may redeem them.
func (s *Service) eraseAddress(ctx context.Context, email string) error {
	revoked, err := s.store.revokeOpenForAddress(ctx, email, s.clock.Now())
	if err := s.publishRevoked(ctx, revoked, map[string]any{"reason": "account-deleted"}, err); err != nil {
		return err
	}
	return s.store.blankAddress(ctx, email)
}
