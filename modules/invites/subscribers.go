package invites

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
)

func newSubscribers(s *Service) []events.Subscription {
	return []events.Subscription{events.SubscribeInTx("invites", s.onAdminLost)}
}

// onAdminLost revokes what the inviter has left open: who may no longer grant has no invites.
func (s *Service) onAdminLost(ctx context.Context, e usersapi.AdminLost) error {
	return s.revokeNow(ctx, openOfMaker, e.UserID, map[string]any{"reason": "inviter"})
}
