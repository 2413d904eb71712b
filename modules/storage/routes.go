package storage

import (
	_ "embed"
	"net/http"

	"go.uber.org/fx"

	"lyceum/platform/blob/folder"
	"lyceum/platform/httpx"
)

// examples are calls of the routes, for the API document. A test sends them.
//
//go:embed examples.json
var examples []byte

// newRoutes returns the routes of the module.
func newRoutes(h *handlers) httpx.Table {
	reader, writer := httpx.RequirePermission(permissionRead), httpx.RequirePermission(permissionWrite)
	return httpx.Table{Module: "storage", Examples: examples, Routes: []httpx.Route{
		httpx.Get("/storage/sign", reader, "Sign a URL of an asset", h.signURL,
			httpx.DescribeOperation(signURLDoc),
			httpx.Answers("forbidden", "lesson-locked", "not-found")),

		httpx.Post("/storage/uploads", writer, "Begin an upload", h.beginUpload, httpx.CheckRules(h.checkUpload),
			httpx.WithIdempotency(), httpx.DefaultStatus(http.StatusCreated), httpx.DescribeOperation(uploadDescription),
			httpx.Answers("key-taken", "quota-exceeded")),
		httpx.Post("/storage/uploads/{id}/complete", writer, "Complete an upload", h.completeUpload,
			// A caller who has lost the right to upload loses the upload, too.
			httpx.ETagged(), httpx.OnForbidden(h.revokeUpload),
			httpx.DescribeOperation(completeUploadDoc),
			httpx.Answers("upload-incomplete", "upload-mismatch")),

		httpx.Get("/storage/assets", writer, "List assets", h.listAssets,
			httpx.DescribeOperation(listAssetsDoc)),
		httpx.Delete("/storage/assets/{id}", writer, "Delete an asset",
			h.removeAsset,
			httpx.DescribeOperation(removeAssetDoc),
			httpx.Answers("asset-in-use")),
	}}
}

// objectRouteParams are the dependencies of newObjectRoutes.
type objectRouteParams struct {
	fx.In
	Config *Config
	// Folder is the embedded object store; nil with S3.
	Folder *folder.Store `optional:"true"`
}

// newObjectRoutes returns the routes of the signed URLs of the embedded object store, or none if S3
// keeps the objects. OpenAPI does not list them: with S3 these URLs are not ours either, and a client
// follows a URL that it was given.
func newObjectRoutes(p objectRouteParams) httpx.Table {
	table := httpx.Table{Module: "objects"}
	if p.Folder == nil {
		return table
	}
	for _, method := range []string{http.MethodGet, http.MethodPut} {
		table.Routes = append(table.Routes, httpx.Raw(method, "/objects/{id}", httpx.Public, "An object by signed URL",
			p.Folder.Handler(), httpx.ObjectBytes(p.Config.MaxBytes), httpx.HideOperation()))
	}
	return table
}
