package invites

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
)

func newSubscribers(s *Service) []events.Subscription {
	return []events.Subscription{events.InTx("invites", s.onAdminLost)}
}

// onAdminLost revokes what the inviter has left open: who may no longer grant has no invites.
func (s *Service) onAdminLost(ctx context.Context, e usersapi.AdminLost) error {
	open, err := s.store.openOf(ctx, e.UserID)
	if err != nil {
		return err
	}
	for _, id := range open {
		if err := s.revokeNow(ctx, id, map[string]any{"reason": "inviter"}); err != nil {
			return err
		}
	}
	return nil
}
