package storage

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
)

// newSubscribers returns the subscriptions of the module.
func newSubscribers(s *Service) []events.Subscription {
	return []events.Subscription{events.SubscribeInTx("storage", s.onDisabled)}
}

// disabledPage is how many uploads are revoked with one statement.
const disabledPage = 100

// onDisabled revokes the unfinished uploads of a disabled account.
func (s *Service) onDisabled(ctx context.Context, e usersapi.Disabled) error {
	for {
		found, err := s.store.lockPending(ctx, e.UserID, disabledPage)
		if err != nil || len(found) == 0 {
			return err
		}
		if err := s.removeAssets(ctx, found); err != nil {
			return err
		}
	}
}
