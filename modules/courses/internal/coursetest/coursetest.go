// Package coursetest gives the tests of the module's inner packages a database with the module's
// tables.
package coursetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/testkit/dbtest"
)

// Noon is the time at which fixtures are made: 25 November 2026, 12:00 UTC.
var Noon = clock.FromMillis(1_795_608_000_000)

// OnBoth runs a test on SQLite and on PostgreSQL, each with the module's tables. The test must be of a
// package in modules/courses/internal, as the migrations are found from there.
func OnBoth(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	dbtest.OnBoth(t, test, dbtest.ReadMigrations(t, "../.."))
}

// NewCourse returns a published public course of an owner. It is not stored yet.
func NewCourse(ownerID, title string) *course.Course {
	c := &course.Course{
		ID: ids.New(), Title: title, Visibility: course.Public, Status: course.Published, Tags: "[]",
		OwnerID: ownerID, Version: 1, CreatedAt: Noon, UpdatedAt: Noon,
	}
	c.Slug = c.ID
	c.UpdateSearchText()
	return c
}

// NewLesson returns the only lesson of a course. It is not stored yet.
func NewLesson(courseID string) *course.Lesson {
	return &course.Lesson{
		ID: ids.New(), CourseID: courseID, Position: 1, Title: "Lesson", Captions: course.NoCaptions,
		Version: 1, CreatedAt: Noon, UpdatedAt: Noon,
	}
}

// Insert stores fixtures, each a pointer to a row.
func Insert(t *testing.T, d *db.DB, rows ...any) {
	t.Helper()
	for _, row := range rows {
		require.NoError(t, d.Conn(t.Context()).Create(row).Error)
	}
}
