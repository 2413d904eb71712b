package courses

import (
	"net/http"

	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	return httpx.Table{Module: "courses", Routes: []httpx.Route{
		httpx.Get("/courses", httpx.Anyone, "Courses that the caller may see", h.list),
		httpx.Post("/courses", httpx.Instructors, "Make a course", h.create, httpx.Idempotent(), httpx.Status(http.StatusCreated)),
		httpx.Get("/courses/{id}", httpx.Anyone, "One course by id or slug, with its outline", h.get),
		httpx.Patch("/courses/{id}", httpx.Instructors, "Change a course", h.update),
		httpx.Delete("/courses/{id}", httpx.Instructors, "Put a course into the trash", h.remove),
		httpx.Get("/courses/{id}/lessons", httpx.Anyone, "The lessons in order", h.lessons),
		httpx.Post("/courses/{id}/lessons", httpx.Instructors, "Add a lesson at the end", h.addLesson, httpx.Idempotent(), httpx.Status(http.StatusCreated)),
		httpx.Put("/courses/{id}/lessons/order", httpx.Instructors, "Put the lessons into an order", h.reorder),
		httpx.Get("/courses/{id}/lessons/{lesson_id}", httpx.Anyone, "One lesson", h.lesson),
		httpx.Patch("/courses/{id}/lessons/{lesson_id}", httpx.Instructors, "Change a lesson", h.updateLesson),
		httpx.Delete("/courses/{id}/lessons/{lesson_id}", httpx.Instructors, "Remove a lesson", h.removeLesson),
		httpx.Put("/courses/{id}/lessons/{lesson_id}/progress", httpx.Users, "Report progress in a lesson", h.report),
		httpx.Get("/courses/{id}/progress", httpx.Users, "Own progress in a course", h.progress),
		httpx.Get("/users/me/progress", httpx.Users, "Own progress in all courses", h.myProgress),
		httpx.Post("/courses/{id}/enrollment", httpx.Users, "Enroll", h.enroll, httpx.Idempotent(), httpx.Repeats(), httpx.Status(http.StatusCreated)),
		httpx.Delete("/courses/{id}/enrollment", httpx.Users, "End one's enrollment; progress is kept", h.unenroll),
		httpx.Get("/users/me/enrollments", httpx.Users, "Own enrollments", h.enrollments),
	}}
}
