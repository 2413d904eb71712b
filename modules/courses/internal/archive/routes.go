package archive

import (
	"net/http"

	"lyceum/modules/courses/internal/access"
	"lyceum/platform/httpx"
)

// NewRoutes returns the routes of exports and imports.
func NewRoutes(h *Handlers) []httpx.Route {
	write := httpx.RequirePermission(access.PermissionWrite)
	return []httpx.Route{
		httpx.Get("/courses/{id}/export", write, "Export a course", h.exportCourse,
			httpx.ProducesStream(archiveType, "The archive; importing it makes the same course"),
			httpx.DescribeOperation(exportDoc)),

		httpx.Post("/courses/import", write, "Import a course", h.importCourse,
			httpx.ETagged(), httpx.TakesUpload(archiveType, maxArchive), httpx.WithIdempotency(),
			httpx.DefaultStatus(http.StatusCreated), httpx.DescribeOperation(importDoc),
			httpx.Answers("key-taken", "quota-exceeded", "too-many-lessons")),
	}
}
