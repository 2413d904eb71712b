package learning

import (
	"net/http"

	"lyceum/modules/courses/internal/access"
	"lyceum/platform/httpx"
)

// NewRoutes returns the routes of enrollment and progress.
func NewRoutes(h *Handlers) []httpx.Route {
	manage := httpx.RequirePermission(access.PermissionWrite)
	learn := httpx.RequirePermission(access.PermissionLearn)
	return []httpx.Route{
		httpx.Put("/courses/{id}/lessons/{lesson_id}/progress", learn, "Report progress in a lesson", h.reportProgress,
			httpx.DescribeOperation(reportDoc),
			httpx.Answers("forbidden", "lesson-locked")),

		httpx.Get("/courses/{id}/progress", learn, "Get the caller's progress in a course", h.getProgress,
			httpx.ETagged(),
			httpx.DescribeOperation(getProgressDoc),
			httpx.Answers("forbidden")),

		httpx.Get("/users/me/progress", learn, "List the caller's progress in all courses", h.listMyProgress,
			httpx.DescribeOperation(listMyProgressDoc)),

		httpx.Post("/courses/{id}/enrollment", learn, "Enroll in a course", h.enrollCaller,
			httpx.WithIdempotency(), httpx.RepeatsWithOK(), httpx.DefaultStatus(http.StatusCreated),
			httpx.DescribeOperation(enrollCallerDoc),
			httpx.Answers("course-archived", "forbidden")),

		httpx.Delete("/courses/{id}/enrollment", learn, "End the caller's enrollment", h.unenrollCaller,
			httpx.DescribeOperation(unenrollCallerDoc),
			httpx.Answers("forbidden")),

		httpx.Get("/users/me/enrollments", learn, "List the caller's enrollments", h.listEnrollments,
			httpx.DescribeOperation(listEnrollmentsDoc)),

		httpx.Get("/courses/{id}/learners", manage, "List the learners of a course", h.listLearners,
			httpx.OrCSV(learnerColumns...),
			httpx.DescribeOperation(listLearnersDoc)),

		httpx.Delete("/courses/{id}/learners/{user_id}", manage, "Remove a learner from a course", h.removeLearner,
			httpx.DescribeOperation(removeLearnerDoc)),

		httpx.Post("/courses/{id}/enrollments/batch", manage, "Enroll accounts by email address", h.enrollBatch,
			httpx.WithIdempotency(), httpx.CSVRows(), httpx.DescribeOperation(batchDoc),
			httpx.Answers("course-archived")),
	}
}
