package invites

import (
	"context"
	"slices"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/ids"
)

// revoke revokes an invite. A revoked one stays revoked. It returns errNoInvite for an unknown id.
func (s *Service) revoke(ctx context.Context, id string) error {
	if !ids.IsValid(id) {
		return errNoInvite
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.store.lock(ctx, id); err != nil {
			if db.IsNotFound(err) {
				return errNoInvite
			}
			return err
		}
		revoked, err := s.store.revoke(ctx, id, s.clock.Now())
		return s.publishRevoked(ctx, revoked, nil, err)
	})
}

// revokeForInviter revokes an invite whose inviter may no longer grant roles.
func (s *Service) revokeForInviter(ctx context.Context, id string) error {
	revoked, err := s.store.revoke(ctx, id, s.clock.Now())
	return s.publishRevoked(ctx, revoked, map[string]any{"reason": "inviter"}, err)
}

// revokeBatch revokes all invites of a batch, used or not. It returns errNoBatch for an unknown id.
func (s *Service) revokeBatch(ctx context.Context, batchID string) error {
	if !ids.IsValid(batchID) {
		return errNoBatch
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		exists, err := s.store.hasBatch(ctx, batchID)
		if err != nil {
			return err
		}
		if !exists {
			return errNoBatch
		}
		revoked, err := s.store.revokeBatch(ctx, batchID, s.clock.Now())
		return s.publishRevoked(ctx, revoked, map[string]any{"batch_id": batchID}, err)
	})
}

// publishRevoked publishes an audit entry for each revoked invite, in the order of their ids. err
// is the error of revoking them. data says why they were revoked, if there is more to say.
func (s *Service) publishRevoked(ctx context.Context, revoked []string, data map[string]any, err error) error {
	if err != nil {
		return err
	}
	slices.Sort(revoked)
	for _, id := range revoked {
		if err := s.publishEntry(ctx, "invite.revoked", id, data); err != nil {
			return err
		}
	}
	return nil
}

func newSubscribers(s *Service) []events.Subscription {
	return []events.Subscription{events.SubscribeInTx("invites", s.onAdminLost)}
}

// onAdminLost revokes the open invites of an administrator who lost the role.
func (s *Service) onAdminLost(ctx context.Context, e usersapi.AdminLost) error {
	revoked, err := s.store.revokeOpenOfInviter(ctx, e.UserID, s.clock.Now())
	return s.publishRevoked(ctx, revoked, map[string]any{"reason": "inviter"}, err)
}
