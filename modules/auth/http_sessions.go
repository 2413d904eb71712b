package auth

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
)

type sessionView struct {
	ID         string     `json:"id"`
	CreatedAt  clock.Time `json:"created_at"`
	LastUsedAt clock.Time `json:"last_used_at"`
	IP         string     `json:"ip"`
	UserAgent  string     `json:"user_agent"`
	Current    bool       `json:"current" doc:"Whether this request belongs to it"`
}

func (h *handlers) sessions(ctx context.Context, in *httpx.PageQuery) (*httpx.Out[httpx.Page[sessionView]], error) {
	caller := identity.CallerFrom(ctx)
	after := &position{}
	more, err := h.cursors.Decode(ctx, "sessions", nil, in.Cursor, after)
	if err != nil {
		return nil, err
	}
	if !more {
		after = nil
	}
	found, err := h.service.store.aliveOf(ctx, caller.UserID, h.service.clock.Now(), after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	views := make([]sessionView, len(found))
	for i, s := range found {
		views[i] = sessionView{s.ID, s.CreatedAt, s.LastUsedAt, s.IP, s.UserAgent, s.ID == caller.SessionID}
	}
	return httpx.Paged(ctx, h.cursors, "sessions", nil, views, in.Limit, func(v sessionView) position { return position{v.CreatedAt, v.ID} }), nil
}

type sessionInput struct {
	ID string `path:"id"`
}

func (h *handlers) endSession(ctx context.Context, in *sessionInput) (*httpx.Empty, error) {
	return nil, h.service.EndSession(ctx, in.ID)
}
