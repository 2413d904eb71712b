package auth

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/identity"
	"lyceum/platform/keyset"
)

type sessionView struct {
	ID         string     `json:"id"`
	CreatedAt  clock.Time `json:"created_at"`
	LastUsedAt clock.Time `json:"last_used_at"`
	IP         string     `json:"ip"`
	UserAgent  string     `json:"user_agent"`
	Current    bool       `json:"current" doc:"Whether this request belongs to it"`
}

func (h *handlers) sessions(ctx context.Context, in *pagination.Query) (*pagination.Response[sessionView], error) {
	caller := identity.CallerFrom(ctx)
	return pagination.List(ctx, h.cursors.NewRequest("sessions", nil, *in),
		func(after *keyset.Position, limit int) ([]session, error) {
			return h.service.listSessions(ctx, after, limit)
		},
		pagination.ViewEach(func(s *session) sessionView {
			return sessionView{s.ID, s.CreatedAt, s.LastUsedAt, s.IP, s.UserAgent, s.ID == caller.SessionID}
		}),
		func(s *session) keyset.Position { return keyset.Position{CreatedAt: s.CreatedAt, ID: s.ID} })
}

type sessionInput struct {
	ID string `path:"id"`
}

func (h *handlers) endSession(ctx context.Context, in *sessionInput) (*httpx.Empty, error) {
	return nil, h.service.EndSession(ctx, in.ID)
}
