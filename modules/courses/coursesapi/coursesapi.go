// Package coursesapi is what other modules may ask of courses, and the events that courses
// publishes.
package coursesapi

import (
	"context"

	"lyceum/platform/identity"
)

// Course is what other modules may know of a course.
type Course struct {
	ID      string
	Slug    string
	Title   string
	OwnerID string
	// Draft says that only the owner and administrators may read the course.
	Draft bool
	// Archived says that the course takes no new learners.
	Archived bool
}

// Reader answers which courses exist, who may read them and who learns in them.
type Reader interface {
	// Find returns a course. ok is false for a course that does not exist or is in the trash.
	Find(ctx context.Context, id string) (c Course, ok bool, err error)
	// CanRead returns whether the caller may read a course.
	CanRead(ctx context.Context, caller identity.Caller, id string) (bool, error)
	// Enrolled returns whether an account is enrolled in a course.
	Enrolled(ctx context.Context, userID, id string) (bool, error)
	// EnrolledCourses returns the ids of the courses, outside of the trash, that an account is
	// enrolled in and also of those that it owns.
	EnrolledCourses(ctx context.Context, userID string) ([]string, error)
	// Learners returns the ids of the accounts that are enrolled in a course, the earliest first.
	Learners(ctx context.Context, id string) ([]string, error)
}

// Enroller enrolls accounts for other modules, such as invites.
type Enroller interface {
	// Courses returns courses by their id. Those that don't exist or are in the trash are left out.
	Courses(ctx context.Context, ids []string) (map[string]Course, error)
	// Enroll enrolls an account in courses, in the transaction of ctx, even if it could not enroll
	// itself. An account that is enrolled stays so. Archived and deleted courses are passed over.
	Enroll(ctx context.Context, userID string, courseIDs []string) error
}

// CoursePublished says that a course was published for the first time.
type CoursePublished struct {
	CourseID string `json:"course_id"`
}

// EventName implements events.Event.
func (CoursePublished) EventName() string { return "course.published" }

// CourseCompleted says that a learner has completed every lesson of a course. It is published once
// for each learner and course.
type CourseCompleted struct {
	CourseID string `json:"course_id"`
	UserID   string `json:"user_id"`
}

// EventName implements events.Event.
func (CourseCompleted) EventName() string { return "course.completed" }

// LessonAdded says that a published course has a new lesson.
type LessonAdded struct {
	CourseID string `json:"course_id"`
	LessonID string `json:"lesson_id"`
}

// EventName implements events.Event.
func (LessonAdded) EventName() string { return "lesson.added" }

// EnrollmentChanged says that accounts were enrolled in a course, or are enrolled no longer.
type EnrollmentChanged struct {
	CourseID string   `json:"course_id"`
	UserIDs  []string `json:"user_ids"`
	Enrolled bool     `json:"enrolled"`
}

// EventName implements events.Event.
func (EnrollmentChanged) EventName() string { return "enrollment.changed" }

// CourseDeleted says that a course was put into the trash, where nobody reads it.
type CourseDeleted struct {
	CourseID string `json:"course_id"`
}

// EventName implements events.Event.
func (CourseDeleted) EventName() string { return "course.deleted" }
