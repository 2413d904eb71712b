package learning

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
)

// holdings answers what the module holds about an account.
type holdings struct {
	store *store
	// pageSize is how many records are read at once.
	pageSize int
}

// NewHolder returns the module's answer to the export and the erasure of an account.
func NewHolder(d *db.DB) usersapi.Holder { return holdings{&store{d}, usersapi.ExportPage} }

// Module returns the name under which the records stand in an export.
func (holdings) Module() string { return "courses" }

// Export passes on what the account learns and the courses that it owns, including those in the trash.
func (h holdings) Export(ctx context.Context, userID string, record usersapi.Record) error {
	return usersapi.Export(ctx, userID, h.pageSize, record,
		usersapi.Section("enrollments", h.store.heldEnrollments),
		usersapi.Section("past_enrollments", h.store.heldPastEnrollments),
		usersapi.Section("course_progress", h.store.heldCourseProgress),
		usersapi.Section("lesson_progress", h.store.heldLessonProgress),
		usersapi.Section("courses_owned", h.store.heldCourses))
}

// Erase deletes what the account learned. Its courses stay for their learners, who see a deleted
// account as the owner.
func (h holdings) Erase(ctx context.Context, userID string) error {
	return h.store.eraseLearner(ctx, userID)
}
