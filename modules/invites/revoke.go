package invites

import (
	"context"
	"slices"

	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// revoke takes an invite back; one that is revoked already stays so.
func (s *Service) revoke(ctx context.Context, id string) error {
	if !ids.Valid(id) {
		return errMissing
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.store.lock(ctx, id); err != nil {
			if db.IsNotFound(err) {
				return errMissing
			}
			return err
		}
		return s.revokeNow(ctx, id, nil)
	})
}

// revokeBatch takes back all invites that were made together, used or not.
func (s *Service) revokeBatch(ctx context.Context, batchID string) error {
	if !ids.Valid(batchID) {
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
		changed, err := s.store.revokeBatch(ctx, batchID, s.clock.Now())
		if err != nil {
			return err
		}
		return s.recordRevoked(ctx, changed, map[string]any{"batch_id": batchID})
	})
}

// revokeNow revokes in the caller's transaction; data says why, if there is more to say.
func (s *Service) revokeNow(ctx context.Context, id string, data map[string]any) error {
	changed, err := s.store.revoke(ctx, id, s.clock.Now())
	if err != nil {
		return err
	}
	return s.recordRevoked(ctx, changed, data)
}

func (s *Service) recordRevoked(ctx context.Context, ids []string, data map[string]any) error {
	slices.Sort(ids)
	for _, id := range ids {
		if err := s.record(ctx, "invite.revoked", id, data); err != nil {
			return err
		}
	}
	return nil
}
