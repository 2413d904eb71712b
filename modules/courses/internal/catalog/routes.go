package catalog

import (
	"lyceum/modules/courses/internal/access"
	"lyceum/platform/httpx"
)

// NewRoutes returns the routes that read courses and lessons.
func NewRoutes(h *Handlers) []httpx.Route {
	read := httpx.RequirePermission(access.PermissionRead)
	return []httpx.Route{
		httpx.Get("/courses", read, "List courses", h.listCourses,
			httpx.DescribeOperation(listCoursesDoc),
			httpx.Answers("forbidden", "unauthenticated")),

		httpx.Get("/courses/{id}", read, "Get a course", h.getCourse, httpx.ETagged(),
			httpx.DescribeOperation(getCourseDoc),
			httpx.Answers("forbidden", "unauthenticated")),

		httpx.Get("/courses/{id}/lessons", read, "List the lessons of a course", h.listLessons,
			httpx.DescribeOperation(listLessonsDoc),
			httpx.Answers("forbidden", "unauthenticated")),

		httpx.Get("/courses/{id}/lessons/{lesson_id}", read, "Get a lesson", h.getLesson, httpx.ETagged(),
			httpx.DescribeOperation(getLessonDoc),
			httpx.Answers("forbidden", "lesson-locked", "unauthenticated")),
	}
}
