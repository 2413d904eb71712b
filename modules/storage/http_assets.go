package storage

import (
	"context"

	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
)

type handlers struct {
	service *Service
	cursors *httpx.Cursors
}

func newHandlers(s *Service, c *httpx.Cursors) *handlers { return &handlers{s, c} }

// version of every asset: it never changes.
const version = 1

// view is an asset as people see it.
type view struct {
	ID          string           `json:"id"`
	Key         string           `json:"key"`
	ContentType string           `json:"content_type"`
	Size        int64            `json:"size"`
	Status      string           `json:"status" enum:"pending,completed" doc:"Lists hold completed ones only"`
	Uploader    usersapi.Person  `json:"uploader"`
	UsedBy      []storageapi.Use `json:"used_by" nullable:"false"`
	CreatedAt   clock.Time       `json:"created_at"`
}

func viewOf(a *asset, uploader usersapi.Person, uses []storageapi.Use) view {
	if uses == nil {
		uses = []storageapi.Use{}
	}
	return view{a.ID, a.Key, a.ContentType, a.Size, a.Status, uploader, uses, a.CreatedAt}
}

type listInput struct {
	httpx.PageQuery
	Prefix string `query:"prefix" maxLength:"512" doc:"How the key begins"`
}

func (h *handlers) list(ctx context.Context, in *listInput) (*httpx.Out[httpx.Page[view]], error) {
	after := &position{}
	more, err := h.cursors.Decode(ctx, "assets", in.Prefix, in.Cursor, after)
	if err != nil {
		return nil, err
	}
	if !more {
		after = nil
	}
	uploader := ""
	if caller := identity.CallerFrom(ctx); !caller.Can(identity.Admin) {
		uploader = caller.UserID
	}
	found, err := h.service.store.list(ctx, uploader, in.Prefix, after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	views, err := h.service.views(ctx, found)
	if err != nil {
		return nil, err
	}
	return httpx.Paged(ctx, h.cursors, "assets", in.Prefix, views, in.Limit, func(v view) position { return position{v.CreatedAt, v.ID} }), nil
}

type idInput struct {
	ID string `path:"id"`
}

func (h *handlers) remove(ctx context.Context, in *idInput) (*httpx.Empty, error) {
	return nil, h.service.remove(ctx, in.ID)
}
