package notifications

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
)

type handlers struct {
	service *Service
	cursors *httpx.Cursors
}

func newHandlers(s *Service, c *httpx.Cursors) *handlers { return &handlers{s, c} }

type view struct {
	ID        string      `json:"id"`
	Kind      string      `json:"kind"`
	Title     string      `json:"title"`
	Body      string      `json:"body"`
	Link      string      `json:"link" doc:"Where to go from here, on this site"`
	ReadAt    *clock.Time `json:"read_at" nullable:"true"`
	CreatedAt clock.Time  `json:"created_at"`
}

func viewOf(n *notification) view {
	return view{n.ID, n.Kind, n.Title, n.Body, n.Link, n.ReadAt, n.CreatedAt}
}

type listInput struct {
	httpx.PageQuery
	Unread bool `query:"unread" doc:"true: only those that are unread"`
}

func (h *handlers) list(ctx context.Context, in *listInput) (*httpx.Out[httpx.Page[view]], error) {
	after := &position{}
	more, err := h.cursors.Decode(ctx, "notifications", in.Unread, in.Cursor, after)
	if err != nil {
		return nil, err
	}
	if !more {
		after = nil
	}
	found, err := h.service.store.list(ctx, identity.CallerFrom(ctx).UserID, in.Unread, after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	views := make([]view, len(found))
	for i := range found {
		views[i] = viewOf(&found[i])
	}
	return httpx.Paged(ctx, h.cursors, "notifications", in.Unread, views, in.Limit, func(v view) position { return position{v.CreatedAt, v.ID} }), nil
}

type countView struct {
	Count int64 `json:"count"`
}

func (h *handlers) unreadCount(ctx context.Context, _ *httpx.None) (*httpx.Out[countView], error) {
	n, err := h.service.store.unread(ctx, identity.CallerFrom(ctx).UserID)
	return httpx.OK(countView{n}), err
}

type idInput struct {
	ID string `path:"id"`
}

func (h *handlers) read(ctx context.Context, in *idInput) (*httpx.Empty, error) {
	return nil, h.service.read(ctx, in.ID)
}

func (h *handlers) readAll(ctx context.Context, _ *httpx.None) (*httpx.Empty, error) {
	return nil, h.service.store.readAll(ctx, identity.CallerFrom(ctx).UserID, h.service.clock.Now())
}
