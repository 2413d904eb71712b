package courses

import (
	"net/http"

	"lyceum/platform/httpx"
)

// Words of the document.
const (
	lessonDoc = "A course holds at most 500 lessons: 409 too-many-lessons. A lesson may wait for others, for a day, and for days after the learner's first enrollment. " +
		"It stays open to learners who have completed it."
	reportDoc = "Percent only rises, but by reset; the same report again changes nothing. The first report enrolls, but not " +
		"the owner, administrators and learners who were taken out. A lesson that is not open yet is 403 lesson-locked."
	batchDoc   = "One result for each row, in their order. An address that is enrolled, or stands there twice, exists; rows that an atomic batch holds back are skipped."
	takeOutDoc = "For the owner and administrators. The learner's progress is kept, and further reports don't enroll the learner again. " +
		"They come back when they enroll themselves where they may read the course, or by a batch or an invite. An account that is not enrolled: 204, and nothing changes."
	cloneDoc = "Copies lessons and what they wait for, but no learner. The copy is the caller's own."
	trashDoc = "It comes back with its learners and their progress. Its slug gets a number when another course has it by now."
)

func newRoutes(h *handlers, a *archives) httpx.Table {
	return httpx.Table{Module: "courses", Routes: []httpx.Route{
		httpx.Get("/courses", httpx.RequirePermission(permissionRead), "Courses that the caller may see", h.list),
		httpx.Post("/courses", httpx.RequirePermission(permissionWrite), "Make a course", h.create, httpx.CheckRules(checkCreate), httpx.ETagged(), httpx.WithIdempotency(), httpx.DefaultStatus(http.StatusCreated)),
		httpx.Get("/courses/{id}", httpx.RequirePermission(permissionRead), "One course by id or slug, with its outline", h.get, httpx.ETagged()),
		httpx.Patch("/courses/{id}", httpx.RequirePermission(permissionWrite), "Change a course", h.update, httpx.CheckRules(checkUpdate), httpx.ETagged()),
		httpx.Delete("/courses/{id}", httpx.RequirePermission(permissionWrite), "Put a course into the trash", h.remove),
		httpx.Post("/courses/{id}/restore", httpx.RequirePermission(permissionWrite), "Take a course out of the trash, within 30 days", h.restore, httpx.ETagged(), httpx.DescribeOperation(trashDoc)),
		httpx.Post("/courses/{id}/clone", httpx.RequirePermission(permissionWrite), "Make a draft of one's own out of a course", h.clone, httpx.CheckRules(checkClone), httpx.ETagged(), httpx.WithIdempotency(), httpx.DefaultStatus(http.StatusCreated), httpx.DescribeOperation(cloneDoc)),
		httpx.Get("/courses/{id}/export", httpx.RequirePermission(permissionWrite), "A course with its lessons and files as a zip", a.getExport, httpx.ProducesStream(archiveType, "The archive; importing it makes the same course"),
			httpx.DescribeOperation(archiveDoc)),
		httpx.Post("/courses/import", httpx.RequirePermission(permissionWrite), "Make a course from an export", a.postImport, httpx.ETagged(), httpx.TakesUpload(archiveType, maxArchive), httpx.WithIdempotency(),
			httpx.DefaultStatus(http.StatusCreated), httpx.DescribeOperation(importDoc)),
		httpx.Get("/courses/{id}/lessons", httpx.RequirePermission(permissionRead), "The lessons in order", h.lessons),
		httpx.Post("/courses/{id}/lessons", httpx.RequirePermission(permissionWrite), "Add a lesson at the end", h.addLesson, httpx.CheckRules(checkAddLesson), httpx.ETagged(), httpx.WithIdempotency(), httpx.DefaultStatus(http.StatusCreated), httpx.DescribeOperation(lessonDoc)),
		httpx.Put("/courses/{id}/lessons/order", httpx.RequirePermission(permissionWrite), "Put the lessons into an order", h.reorder),
		httpx.Get("/courses/{id}/lessons/{lesson_id}", httpx.RequirePermission(permissionRead), "One lesson", h.lesson, httpx.ETagged()),
		httpx.Patch("/courses/{id}/lessons/{lesson_id}", httpx.RequirePermission(permissionWrite), "Change a lesson", h.updateLesson, httpx.CheckRules(checkUpdateLesson), httpx.ETagged()),
		httpx.Delete("/courses/{id}/lessons/{lesson_id}", httpx.RequirePermission(permissionWrite), "Remove a lesson", h.removeLesson),
		httpx.Put("/courses/{id}/lessons/{lesson_id}/progress", httpx.RequirePermission(permissionLearn), "Report progress in a lesson", h.report, httpx.DescribeOperation(reportDoc)),
		httpx.Get("/courses/{id}/progress", httpx.RequirePermission(permissionLearn), "Own progress in a course", h.progress, httpx.ETagged()),
		httpx.Get("/users/me/progress", httpx.RequirePermission(permissionLearn), "Own progress in all courses", h.myProgress),
		httpx.Post("/courses/{id}/enrollment", httpx.RequirePermission(permissionLearn), "Enroll", h.enroll, httpx.WithIdempotency(), httpx.RepeatsWithOK(), httpx.DefaultStatus(http.StatusCreated)),
		httpx.Delete("/courses/{id}/enrollment", httpx.RequirePermission(permissionLearn), "End one's enrollment; progress is kept", h.unenroll),
		httpx.Get("/courses/{id}/learners", httpx.RequirePermission(permissionWrite), "Who learns in a course, and how far", h.learners, httpx.OrCSV(learnerColumns...)),
		httpx.Delete("/courses/{id}/learners/{user_id}", httpx.RequirePermission(permissionWrite), "Take a learner out of a course", h.takeOut, httpx.DescribeOperation(takeOutDoc)),
		httpx.Post("/courses/{id}/enrollments/batch", httpx.RequirePermission(permissionWrite), "Enroll accounts by their addresses", h.enrollAll, httpx.WithIdempotency(), httpx.CSVRows(), httpx.DescribeOperation(batchDoc)),
		httpx.Get("/users/me/enrollments", httpx.RequirePermission(permissionLearn), "Own enrollments", h.enrollments),
	}}
}
