// Package coursesapi is what other modules may ask of courses, and what courses tells.
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
	// Draft courses are shown to nobody but their owner and administrators.
	Draft bool
	// Archived courses take no new learners.
	Archived bool
}

// Reader answers who may do what with a course.
type Reader interface {
	// Find gives a course that is not deleted; ok false when there is none.
	Find(ctx context.Context, id string) (c Course, ok bool, err error)
	// CanRead says whether the caller may read the course.
	CanRead(ctx context.Context, caller identity.Caller, id string) (bool, error)
	// Enrolled says whether the account is enrolled.
	Enrolled(ctx context.Context, userID, id string) (bool, error)
	// EnrolledCourses lists the courses that the account is enrolled in or owns.
	EnrolledCourses(ctx context.Context, userID string) ([]string, error)
	// Learners lists the accounts enrolled in a course.
	Learners(ctx context.Context, id string) ([]string, error)
}

// Enroller enrolls for others, such as invites.
type Enroller interface {
	// Courses gives those that exist and are not deleted, by id.
	Courses(ctx context.Context, ids []string) (map[string]Course, error)
	// Enroll adds the account to courses in the caller's transaction, whatever their visibility. Where it is enrolled
	// already it stays so; courses that are archived or gone by now are passed over.
	Enroll(ctx context.Context, userID string, courseIDs []string) error
}

// CoursePublished tells that a course became public for the first time.
type CoursePublished struct {
	CourseID string `json:"course_id"`
}

// EventName implements events.Event.
func (CoursePublished) EventName() string { return "course.published" }

// CourseCompleted tells that a learner has completed every lesson, once per learner and course.
type CourseCompleted struct {
	CourseID string `json:"course_id"`
	UserID   string `json:"user_id"`
}

// EventName implements events.Event.
func (CourseCompleted) EventName() string { return "course.completed" }

// LessonAdded tells of a new lesson in a published course.
type LessonAdded struct {
	CourseID string `json:"course_id"`
	LessonID string `json:"lesson_id"`
}

// EventName implements events.Event.
func (LessonAdded) EventName() string { return "lesson.added" }

// EnrollmentChanged tells that accounts may now read a course, or may no longer.
type EnrollmentChanged struct {
	CourseID string   `json:"course_id"`
	UserIDs  []string `json:"user_ids"`
	Enrolled bool     `json:"enrolled"`
}

// EventName implements events.Event.
func (EnrollmentChanged) EventName() string { return "enrollment.changed" }

// CourseDeleted tells that a course went into the trash: nobody reads it any more.
type CourseDeleted struct {
	CourseID string `json:"course_id"`
}

// EventName implements events.Event.
func (CourseDeleted) EventName() string { return "course.deleted" }
