package storage

import (
	"net/http"

	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	return httpx.Table{Module: "storage", Routes: []httpx.Route{
		httpx.Get("/storage/sign", httpx.RequirePermission(permissionRead), "A link to an object, for a while", h.sign),
		httpx.Post("/storage/uploads", httpx.RequirePermission(permissionWrite), "Begin an upload", h.begin, httpx.CheckRules(h.checkBegin), httpx.WithIdempotency(), httpx.DefaultStatus(http.StatusCreated),
			httpx.DescribeOperation("Send the bytes to upload.url with upload.method and upload.headers, then complete the upload. "+
				"Content-Length is signed too and equals size. The key is taken until the URL ends.")),
		httpx.Post("/storage/uploads/{id}/complete", httpx.RequirePermission(permissionWrite), "Check what arrived and make it an asset", h.complete, httpx.ETagged(),
			httpx.OnForbidden(h.refuse)),
		httpx.Get("/storage/assets", httpx.RequirePermission(permissionWrite), "Own assets, or all for administrators, the newest first", h.list),
		httpx.Delete("/storage/assets/{id}", httpx.RequirePermission(permissionWrite), "Delete an asset that nothing uses, or give up an upload", h.remove),
	}}
}
