package main

import (
	"net/http"
	"slices"

	"lyceum/platform/blob/folder"
	"lyceum/platform/config"
	"lyceum/platform/httpx"
)

// newObjectRoutes returns the routes of the embedded store's signed URLs. There are none if S3 keeps the objects or the module
// storage is off. They are not part of the OpenAPI document, as with S3: a client follows a URL that it was given.
func newObjectRoutes(f *folder.Store, c *config.Config) httpx.Table {
	table := httpx.Table{Module: "objects"}
	if f == nil || slices.Contains(c.ModulesDisabled, "storage") {
		return table
	}
	for _, method := range []string{http.MethodGet, http.MethodPut} {
		table.Routes = append(table.Routes, httpx.Raw(method, "/objects/{id}", httpx.Public, "An object by signed URL", f.Handler(), httpx.Hidden()))
	}
	return table
}
