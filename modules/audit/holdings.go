package audit

import (
	"context"
	"encoding/json"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
)

// holdings implements usersapi.Holder: what the log has about an account.
type holdings struct{ store *store }

func newHoldings(s *store) usersapi.Holder { return holdings{s} }

// Module implements usersapi.Holder.
func (holdings) Module() string { return "audit" }

// heldEntry is an entry in the export of its actor.
type heldEntry struct {
	Seq        int64           `json:"seq"`
	Action     string          `json:"action"`
	TargetType string          `json:"target_type"`
	TargetID   string          `json:"target_id"`
	IP         string          `json:"ip"`
	UserAgent  string          `json:"user_agent"`
	Data       json.RawMessage `json:"data"`
	CreatedAt  clock.Time      `json:"created_at"`
}

// Export hands over the entries whose actor is the account.
func (h holdings) Export(ctx context.Context, userID string, record usersapi.Record) error {
	return usersapi.Export(ctx, userID, usersapi.ExportPage, record, usersapi.Section("entries", h.listEntries))
}

// listEntries returns at most limit entries of an account after one, the oldest first.
func (h holdings) listEntries(ctx context.Context, userID string, after heldEntry, limit int) ([]heldEntry, error) {
	found, err := h.store.listByActor(ctx, userID, after.Seq, limit)
	out := make([]heldEntry, len(found))
	for i, e := range found {
		out[i] = heldEntry{
			e.Seq, e.Action, e.TargetType, e.TargetID, e.IP, e.UserAgent, json.RawMessage(e.Data), e.CreatedAt,
		}
	}
	return out, err
}

// Erase changes nothing: entries have ids only, which name nobody once the account is deleted.
func (holdings) Erase(context.Context, string) error { return nil }
