package storage

import (
	"net/http"

	"go.uber.org/fx"

	"lyceum/platform/blob/folder"
	"lyceum/platform/httpx"
)

// objectRoutesNeeds is what the routes of object bytes are made of.
type objectRoutesNeeds struct {
	fx.In
	Config *Config
	// Folder is the embedded store, nil where S3 keeps the objects.
	Folder *folder.Store `optional:"true"`
}

// newObjectRoutes returns the routes of the embedded store's signed URLs, or none if S3 keeps the objects. They are not part of
// the OpenAPI document, as with S3: a client follows a URL that it was given.
func newObjectRoutes(n objectRoutesNeeds) httpx.Table {
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
