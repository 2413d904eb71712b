package storage

import (
	"context"
	"time"

	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/keyset"
)

// handlers answers the requests of the module.
type handlers struct {
	service *Service
	cursors *pagination.Cursors
}

func newHandlers(s *Service, c *pagination.Cursors) *handlers { return &handlers{s, c} }

// assetVersion is the version of every asset in ETags: a completed one never changes.
const assetVersion = 1

// assetView is an asset as people see it.
type assetView struct {
	ID          string           `json:"id"`
	Key         string           `json:"key"`
	ContentType string           `json:"content_type"`
	Size        int64            `json:"size"`
	Status      string           `json:"status" enum:"pending,completed" doc:"Lists hold completed ones only"`
	Uploader    usersapi.Person  `json:"uploader"`
	UsedBy      []storageapi.Use `json:"used_by" nullable:"false"`
	CreatedAt   clock.Time       `json:"created_at"`
}

func newAssetView(a *asset, uploader usersapi.Person, uses []storageapi.Use) assetView {
	if uses == nil {
		uses = []storageapi.Use{}
	}
	return assetView{a.ID, a.Key, a.ContentType, a.Size, a.Status, uploader, uses, a.CreatedAt}
}

// newAssetViews returns the views of assets.
func newAssetViews(assets []asset, d viewData) []assetView {
	out := make([]assetView, len(assets))
	for i := range assets {
		a := &assets[i]
		out[i] = newAssetView(a, d.uploaders[a.UploaderID], d.uses[a.Key])
	}
	return out
}

type listInput struct {
	pagination.Query
	Prefix string `query:"prefix" maxLength:"512" doc:"How the key begins"`
}

const listAssetsDoc = "For instructors: their own assets, the newest first. Administrators see all. used_by says " +
	"what uses each asset."

// listAssets answers GET /storage/assets.
func (h *handlers) listAssets(ctx context.Context, in *listInput) (*pagination.Response[assetView], error) {
	return pagination.List(ctx, h.cursors.NewRequest("assets", in.Prefix, in.Query),
		func(after *keyset.Position, limit int) ([]asset, error) {
			return h.service.listAssets(ctx, in.Prefix, after, limit)
		},
		func(found []asset) ([]assetView, error) {
			d, err := h.service.loadViewData(ctx, found)
			return newAssetViews(found, d), err
		},
		positionOf)
}

type idInput struct {
	ID string `path:"id"`
}

const removeAssetDoc = "For the uploader and administrators. Deletes an asset that nothing uses, or gives an " +
	"unfinished upload up. An asset that is used is 409 asset-in-use with used_by. Its URLs stop " +
	"working within a second."

// removeAsset answers DELETE /storage/assets/{id}.
func (h *handlers) removeAsset(ctx context.Context, in *idInput) (*httpx.Empty, error) {
	return nil, h.service.removeAsset(ctx, in.ID)
}

type signInput struct {
	Key       string `query:"key" required:"true" minLength:"1" maxLength:"512"`
	ExpiresIn int    `query:"expires_in" minimum:"60" maximum:"3600" default:"300" doc:"Seconds that the link lives"`
}

// linkView is a signed URL. Its name is that of the schema in the OpenAPI document.
type linkView struct {
	Key       string     `json:"key"`
	URL       string     `json:"url" doc:"Needs no further credentials; serves Range requests"`
	Method    string     `json:"method" enum:"GET"`
	ExpiresAt clock.Time `json:"expires_at"`
}

const signURLDoc = "Returns a URL that reads the asset for expires_in seconds, with ranges. It is given to " +
	"accounts that may read a lesson or a course that uses the asset, to its uploader and to " +
	"administrators. A locked lesson is 403 lesson-locked."

// signURL answers GET /storage/sign.
func (h *handlers) signURL(ctx context.Context, in *signInput) (*httpx.Response[linkView], error) {
	signed, err := h.service.signURL(ctx, in.Key, time.Duration(in.ExpiresIn)*time.Second)
	if err != nil {
		return nil, err
	}
	signed.URL = h.rebaseURL(ctx, signed.URL)
	return httpx.OK(linkView(signed)), nil
}

// rebaseURL returns a signed URL of the embedded object store under the origin that the client used.
// RebaseURL of a nil folder, with S3, returns the URL as it is.
func (h *handlers) rebaseURL(ctx context.Context, signed string) string {
	return h.service.folder.RebaseURL(requestinfo.OriginOf(ctx), signed)
}
