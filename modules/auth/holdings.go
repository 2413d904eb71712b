package auth

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
)

// holdings implements usersapi.Holder: what this module stores about an account.
type holdings struct {
	store     *store
	broadcast *broadcast.Bus
}

func newHoldings(s *store, b *broadcast.Bus) usersapi.Holder { return holdings{s, b} }

// Module implements usersapi.Holder.
func (holdings) Module() string { return "auth" }

// heldSession is a session in the export of its account.
type heldSession struct {
	ID         string      `json:"id"`
	CreatedAt  clock.Time  `json:"created_at"`
	LastUsedAt clock.Time  `json:"last_used_at"`
	ExpiresAt  clock.Time  `json:"expires_at"`
	EndedAt    *clock.Time `json:"ended_at"`
	IP         string      `json:"ip"`
	UserAgent  string      `json:"user_agent"`
}

// heldFactor is a second factor in the export of its account.
type heldFactor struct {
	Kind        string     `json:"kind"`
	ConfirmedAt clock.Time `json:"confirmed_at"`
}

// heldEmailChange is a pending change of address in the export of its account.
type heldEmailChange struct {
	NewEmail  string     `json:"new_email"`
	CreatedAt clock.Time `json:"created_at"`
	ExpiresAt clock.Time `json:"expires_at"`
}

// Export hands over the sessions, ended ones too, an address that waits for its confirmation, and
// whether there is a second factor.
func (h holdings) Export(ctx context.Context, userID string, record usersapi.Record) error {
	f, err := h.store.findFactor(ctx, userID)
	if err != nil {
		return err
	}
	if f != nil && f.ConfirmedAt != nil {
		if err := record("second_factors", heldFactor{"totp", *f.ConfirmedAt}); err != nil {
			return err
		}
	}
	changes, err := h.store.listEmailChanges(ctx, userID)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if err := record("email_changes", heldEmailChange{c.NewEmail, c.CreatedAt, c.ExpiresAt}); err != nil {
			return err
		}
	}
	return usersapi.Export(ctx, userID, usersapi.ExportPage, record,
		usersapi.Section("sessions", h.store.listHeldSessions))
}

// Erase deletes everything, and every replica drops the sessions.
func (h holdings) Erase(ctx context.Context, userID string) error {
	ids, err := h.store.deleteOfAccount(ctx, userID)
	dropSessionsAfterCommit(ctx, h.broadcast, ids...)
	return err
}
