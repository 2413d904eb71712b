package storage

import (
	"net/http"

	"go.uber.org/fx"

	"lyceum/platform/blob/folder"
	"lyceum/platform/httpx"
)

// newRoutes returns the routes of the module.
func newRoutes(h *handlers) httpx.Table {
	reader, writer := httpx.RequirePermission(permissionRead), httpx.RequirePermission(permissionWrite)
	return httpx.Table{Module: "storage", Routes: []httpx.Route{
		httpx.Get("/storage/sign", reader, "A link to an object, for a while", h.signURL),

		httpx.Post("/storage/uploads", writer, "Begin an upload", h.beginUpload, httpx.CheckRules(h.checkUpload),
			httpx.WithIdempotency(), httpx.DefaultStatus(http.StatusCreated), httpx.DescribeOperation(uploadDescription)),
		httpx.Post("/storage/uploads/{id}/complete", writer, "Check what arrived and make it an asset", h.completeUpload,
			httpx.ETagged(), httpx.OnForbidden(h.abandonUpload)),

		httpx.Get("/storage/assets", writer, "Own assets, or all for administrators, the newest first", h.listAssets),
		httpx.Delete("/storage/assets/{id}", writer, "Delete an asset that nothing uses, or give up an upload",
			h.removeAsset),
	}}
}

// objectRouteParams is what the routes of object bytes are made of.
type objectRouteParams struct {
	fx.In
	Config *Config
	// Folder is the embedded store, nil with S3.
	Folder *folder.Store `optional:"true"`
}

// newObjectRoutes returns the routes of the embedded store's signed URLs, or none if S3 keeps the
// objects. They are not part of the OpenAPI document, as with S3: a client follows a URL that it
// was given.
func newObjectRoutes(n objectRouteParams) httpx.Table {
	table := httpx.Table{Module: "objects"}
	if n.Folder == nil {
		return table
	}
	for _, method := range []string{http.MethodGet, http.MethodPut} {
		table.Routes = append(table.Routes, httpx.Raw(method, "/objects/{id}", httpx.Public, "An object by signed URL",
			n.Folder.Handler(), httpx.ObjectBytes(n.Config.MaxBytes), httpx.HideOperation()))
	}
	return table
}
