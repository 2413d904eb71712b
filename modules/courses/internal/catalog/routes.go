package catalog

import (
	"lyceum/modules/courses/internal/access"
	"lyceum/platform/httpx"
)

// NewRoutes returns the routes that read courses and lessons.
func NewRoutes(h *Handlers) []httpx.Route {
	read := httpx.RequirePermission(access.PermissionRead)
	return []httpx.Route{
		httpx.Get("/courses", read, "Courses that the caller may see", h.listCourses),

		httpx.Get("/courses/{id}", read, "One course by id or slug, with its outline", h.getCourse, httpx.ETagged()),

		httpx.Get("/courses/{id}/lessons", read, "The lessons in order", h.listLessons),

		httpx.Get("/courses/{id}/lessons/{lesson_id}", read, "One lesson", h.getLesson, httpx.ETagged()),
	}
}
