package courses

import (
	"context"

	"lyceum/modules/users/usersapi"
)

// holdings answers what the module holds about an account.
type holdings struct {
	store *store
	page  int
}

func newHoldings(s *store) usersapi.Holder { return holdings{s, usersapi.ExportPage} }

// Module is the name that the records stand under.
func (holdings) Module() string { return "courses" }

// Export hands over what the account learns and the courses that it owns, the trash included.
func (h holdings) Export(ctx context.Context, userID string, record usersapi.Record) error {
	return usersapi.Export(ctx, userID, h.page, record,
		usersapi.Section("enrollments", h.store.heldEnrollments),
		usersapi.Section("past_enrollments", h.store.heldPastEnrollments),
		usersapi.Section("course_progress", h.store.heldCourseProgress),
		usersapi.Section("lesson_progress", h.store.heldLessonProgress),
		usersapi.Section("courses_owned", h.store.heldCourses))
}

// Erase removes what the account learned. Its courses stay for those who learn there; who is gone
// is shown as their owner without a name.
func (h holdings) Erase(ctx context.Context, userID string) error {
	return h.store.eraseLearner(ctx, userID)
}
