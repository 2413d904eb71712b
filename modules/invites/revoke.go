package invites

import (
	"context"
	"slices"

	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// revoke takes an invite back; one that is revoked already stays so.
func (s *Service) revoke(ctx context.Context, id string) error {
	if !ids.IsValid(id) {
		return errMissing
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.store.lock(ctx, id); err != nil {
			if db.IsNotFound(err) {
				return errMissing
			}
			return err
		}
		return s.revokeNow(ctx, theOne, id, nil)
	})
}

// revokeBatch takes back all invites that were made together, used or not.
func (s *Service) revokeBatch(ctx context.Context, batchID string) error {
	if !ids.IsValid(batchID) {
		return errNoBatch
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		known, err := s.store.batchExists(ctx, batchID)
		if err != nil {
			return err
		}
		if !known {
			return errNoBatch
		}
		return s.revokeNow(ctx, theBatch, batchID, map[string]any{"batch_id": batchID})
	})
}

// revokeNow revokes in the caller's transaction, with an entry for each; data says why, if there is more to say.
func (s *Service) revokeNow(ctx context.Context, which, of string, data map[string]any) error {
	changed, err := s.store.revoke(ctx, which, of, s.clock.Now())
	if err != nil {
		return err
	}
	slices.Sort(changed)
	for _, id := range changed {
		if err := s.record(ctx, "invite.revoked", id, data); err != nil {
			return err
		}
	}
	return nil
}
