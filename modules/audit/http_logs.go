package audit

import (
	"context"
	"encoding/json"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/ids"
)

type handlers struct {
	service  *Service
	accounts usersapi.Accounts
	cursors  *httpx.Cursors
}

func newHandlers(s *Service, a usersapi.Accounts, c *httpx.Cursors) *handlers {
	return &handlers{s, a, c}
}

type actorView struct {
	ID    string  `json:"id"`
	Email *string `json:"email" doc:"Looked up now; null once the account is gone"`
}

type targetView struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type entryView struct {
	Seq       int64          `json:"seq" doc:"Counts up by one, without gaps"`
	ID        string         `json:"id"`
	Action    string         `json:"action"`
	Actor     *actorView     `json:"actor" doc:"null where nobody was signed in"`
	Target    targetView     `json:"target"`
	IP        string         `json:"ip"`
	UserAgent string         `json:"user_agent"`
	RequestID string         `json:"request_id"`
	Data      map[string]any `json:"data"`
	PrevHash  string         `json:"prev_hash"`
	Hash      string         `json:"hash"`
	CreatedAt clock.Time     `json:"created_at"`
}

type listInput struct {
	httpx.PageQuery
	Action     string `query:"action" maxLength:"100"`
	ActorID    string `query:"actor_id" maxLength:"100"`
	TargetType string `query:"target_type" enum:"user,session,invite,course,lesson,enrollment,asset,channel,message,audit_log"`
	TargetID   string `query:"target_id" maxLength:"100"`
	From       bound  `query:"from" doc:"Not before (RFC 3339)"`
	To         bound  `query:"to" doc:"Before (RFC 3339)"`
}

// bound is a time that was given: even the year 1 is one.
type bound struct {
	clock.Time
	given bool
}

// UnmarshalText reads RFC 3339.
func (b *bound) UnmarshalText(raw []byte) error {
	b.given = true
	return b.Time.UnmarshalText(raw)
}

func (b bound) ptr() *clock.Time {
	if !b.given {
		return nil
	}
	return &b.Time
}

type position struct{ Seq int64 }

func (h *handlers) list(ctx context.Context, in *listInput) (*httpx.Out[httpx.Page[entryView]], error) {
	f := filter{in.Action, in.ActorID, in.TargetType, in.TargetID, in.From.ptr(), in.To.ptr()}
	var at position
	if _, err := h.cursors.Decode(ctx, "audit", f, in.Cursor, &at); err != nil {
		return nil, err
	}
	var found []entry
	var err error
	// An id that is none names nobody: an empty list, not a fault of the database.
	if f.ActorID == "" || ids.Valid(f.ActorID) {
		found, err = h.service.store.list(ctx, f, at.Seq, in.Limit+1)
	}
	if err != nil {
		return nil, err
	}
	views, err := h.views(ctx, found)
	if err != nil {
		return nil, err
	}
	return httpx.Paged(ctx, h.cursors, "audit", f, views, in.Limit, func(v entryView) position { return position{v.Seq} }), nil
}

func (h *handlers) views(ctx context.Context, found []entry) ([]entryView, error) {
	var actors []string
	for _, e := range found {
		if e.ActorID != nil {
			actors = append(actors, *e.ActorID)
		}
	}
	accounts, err := h.accounts.ByIDs(ctx, actors)
	if err != nil {
		return nil, err
	}
	views := make([]entryView, len(found))
	for i, e := range found {
		v := entryView{Seq: e.Seq, ID: e.ID, Action: e.Action, Target: targetView{e.TargetType, e.TargetID}, IP: e.IP, UserAgent: e.UserAgent,
			RequestID: e.RequestID, PrevHash: e.PrevHash, Hash: e.Hash, CreatedAt: e.CreatedAt}
		if err := json.Unmarshal([]byte(e.Data), &v.Data); err != nil {
			v.Data = map[string]any{} // a tampered row must still be listed; verify names it
		}
		if e.ActorID != nil {
			v.Actor = &actorView{ID: *e.ActorID}
			if a, ok := accounts[*e.ActorID]; ok {
				v.Actor.Email = &a.Email
			}
		}
		views[i] = v
	}
	return views, nil
}

func (h *handlers) verify(ctx context.Context, _ *httpx.None) (*httpx.Out[Verdict], error) {
	v, err := h.service.Verify(ctx)
	if err != nil {
		return nil, err
	}
	return httpx.OK(v), nil
}
