package storage

import (
	"context"

	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/keyset"
)

type handlers struct {
	service *Service
	cursors *pagination.Cursors
}

func newHandlers(s *Service, c *pagination.Cursors) *handlers { return &handlers{s, c} }

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

func viewsOf(found []asset, r relations) []view {
	out := make([]view, len(found))
	for i := range found {
		a := &found[i]
		out[i] = viewOf(a, r.uploaders[a.UploaderID], r.uses[a.Key])
	}
	return out
}

type listInput struct {
	pagination.Query
	Prefix string `query:"prefix" maxLength:"512" doc:"How the key begins"`
}

func (h *handlers) list(ctx context.Context, in *listInput) (*pagination.Response[view], error) {
	return pagination.List(ctx, h.cursors.NewRequest("assets", in.Prefix, in.Query),
		func(after *keyset.Position, limit int) ([]asset, error) {
			return h.service.listAssets(ctx, in.Prefix, after, limit)
		},
		func(found []asset) ([]view, error) {
			r, err := h.service.relationsOf(ctx, found)
			return viewsOf(found, r), err
		},
		positionOf)
}

type idInput struct {
	ID string `path:"id"`
}

func (h *handlers) remove(ctx context.Context, in *idInput) (*httpx.Empty, error) {
	return nil, h.service.remove(ctx, in.ID)
}
