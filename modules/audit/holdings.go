package audit

import (
	"context"
	"encoding/json"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
)

// holdings answers what the log holds of an account.
type holdings struct{ store *store }

func newHoldings(s *store) usersapi.Holder { return holdings{s} }

// Module is the name that the records stand under.
func (holdings) Module() string { return "audit" }

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

// Export hands over what the account did.
func (h holdings) Export(ctx context.Context, userID string, record usersapi.Record) error {
	return usersapi.Export(ctx, userID, usersapi.ExportPage, record, usersapi.Section("entries", h.entries))
}

func (h holdings) entries(ctx context.Context, userID string, after heldEntry, limit int) ([]heldEntry, error) {
	found, err := h.store.of(ctx, userID, after.Seq, limit)
	out := make([]heldEntry, len(found))
	for i, e := range found {
		out[i] = heldEntry{e.Seq, e.Action, e.TargetType, e.TargetID, e.IP, e.UserAgent, json.RawMessage(e.Data), e.CreatedAt}
	}
	return out, err
}

// Erase leaves the log as it is: entries hold ids, which name nobody once the account is gone.
func (holdings) Erase(context.Context, string) error { return nil }
