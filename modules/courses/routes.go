package courses

import (
	_ "embed"
	"net/http"
	"slices"

	"go.uber.org/fx"

	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/archive"
	"lyceum/modules/courses/internal/catalog"
	"lyceum/modules/courses/internal/learning"
	"lyceum/platform/httpx"
)

// routeParams are the handlers of the packages of the module.
type routeParams struct {
	fx.In
	Authoring *handlers
	Catalog   *catalog.Handlers
	Learning  *learning.Handlers
	Archive   *archive.Handlers
}

// examples are calls of the routes, for the API document. A test sends them.
//
//go:embed examples.json
var examples []byte

// newRoutes returns the routes of the module. Each package lists its own; those that change courses and
// lessons are here.
func newRoutes(p routeParams) httpx.Table {
	return httpx.Table{Module: "courses", Examples: examples, Routes: slices.Concat(
		catalog.NewRoutes(p.Catalog),
		newAuthoringRoutes(p.Authoring),
		archive.NewRoutes(p.Archive),
		learning.NewRoutes(p.Learning),
	)}
}

// newAuthoringRoutes returns the routes that change courses and lessons. Below the permission, each
// handler asks for the owner or an administrator.
func newAuthoringRoutes(h *handlers) []httpx.Route {
	write := httpx.RequirePermission(access.PermissionWrite)
	return []httpx.Route{
		httpx.Post("/courses", write, "Create a course", h.createCourse,
			httpx.CheckRules(checkCreate), httpx.ETagged(), httpx.WithIdempotency(),
			httpx.DefaultStatus(http.StatusCreated),
			httpx.DescribeOperation(createCourseDoc),
			httpx.Answers("asset-unusable", "slug-taken")),

		httpx.Patch("/courses/{id}", write, "Update a course", h.updateCourse,
			httpx.CheckRules(checkUpdate), httpx.ETagged(),
			httpx.DescribeOperation(updateCourseDoc),
			httpx.Answers("asset-unusable", "slug-taken")),

		httpx.Delete("/courses/{id}", write, "Delete a course", h.deleteCourse,
			httpx.DescribeOperation(deleteCourseDoc)),

		httpx.Post("/courses/{id}/restore", write, "Restore a deleted course", h.restoreCourse,
			httpx.ETagged(), httpx.DescribeOperation(restoreDoc),
			httpx.Answers("slug-taken")),

		httpx.Post("/courses/{id}/clone", write, "Clone a course", h.cloneCourse,
			httpx.CheckRules(checkClone), httpx.ETagged(), httpx.WithIdempotency(),
			httpx.DefaultStatus(http.StatusCreated), httpx.DescribeOperation(cloneDoc),
			httpx.Answers("slug-taken")),

		httpx.Post("/courses/{id}/lessons", write, "Create a lesson", h.addLesson,
			httpx.CheckRules(checkAddLesson), httpx.ETagged(), httpx.WithIdempotency(),
			httpx.DefaultStatus(http.StatusCreated), httpx.DescribeOperation(addLessonDoc),
			httpx.Answers("asset-unusable", "too-many-lessons")),

		httpx.Put("/courses/{id}/lessons/order", write, "Reorder the lessons of a course", h.reorderLessons,
			httpx.DescribeOperation(reorderLessonsDoc)),

		httpx.Patch("/courses/{id}/lessons/{lesson_id}", write, "Update a lesson", h.updateLesson,
			httpx.CheckRules(checkUpdateLesson), httpx.ETagged(),
			httpx.DescribeOperation(updateLessonDoc),
			httpx.Answers("asset-unusable")),

		httpx.Delete("/courses/{id}/lessons/{lesson_id}", write, "Delete a lesson", h.deleteLesson,
			httpx.DescribeOperation(deleteLessonDoc)),
	}
}
