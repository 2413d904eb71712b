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
		httpx.Get("/courses/{id}/export", write, "A course with its lessons and files as a zip", h.exportCourse,
			httpx.ProducesStream(archiveType, "The archive; importing it makes the same course"),
			httpx.DescribeOperation(exportDoc)),

		httpx.Post("/courses/import", write, "Make a course from an export", h.importCourse,
			httpx.ETagged(), httpx.TakesUpload(archiveType, maxArchive), httpx.WithIdempotency(),
			httpx.DefaultStatus(http.StatusCreated), httpx.DescribeOperation(importDoc)),
	}
}
