package course

import (
	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/apperr"
)

// The problems that only this module meets.
var (
	problemTooManyLessons = apperr.Problem{
		Kind: apperr.KindConflict, Code: "too-many-lessons", Title: "Too many lessons",
		Meaning: "A course has at most 500 lessons. Split it into two courses.",
	}
	// ProblemLessonLocked says what keeps a learner out of a lesson.
	ProblemLessonLocked = apperr.Problem{
		Kind: apperr.KindForbidden, Code: "lesson-locked", Title: "Lesson locked",
		Meaning: "This lesson is not open yet: locked_by lists the lessons to complete first, and available_at says " +
			"when it opens. available_at is null when that is not known or time is not the reason.",
	}
	problemAssetUnusable = apperr.Problem{
		Kind: apperr.KindInvalid, Code: "asset-unusable", Title: "File not usable",
		Meaning: "There is no finished file with this key that your account may use. Upload it first, or choose one " +
			"of your own files.",
	}
)

// Problems lists the problems that the module declares.
var Problems = []apperr.Problem{
	problemTooManyLessons, ProblemLessonLocked, problemAssetUnusable, coursesapi.ProblemCourseArchived,
}

// Errors of the module. Callers compare them with errors.Is.
var (
	ErrNoCourse = apperr.NotFound("There is no such course.")
	ErrNoLesson = apperr.NotFound("There is no such lesson in this course.")
	// ErrNotManager refuses a caller who may read the course, but not change it or see its
	// learners: not its owner or an administrator, or an owner who is an instructor no longer.
	ErrNotManager     = apperr.Forbidden("Only the owner of the course and administrators may do that.")
	ErrSlugTaken      = apperr.ProblemSlugTaken.New("Another course has this slug. Choose a different one.")
	ErrCourseArchived = coursesapi.ProblemCourseArchived.New("An archived course takes no new enrollment.")
	ErrTooManyLessons = problemTooManyLessons.New("A course has at most 500 lessons. Delete one, or begin another course.")
	ErrMembersOnly    = apperr.Forbidden("This course is for members. Redeem an invite to become one.")
)

// NewAssetError returns asset-unusable for a field with a key that the caller may not use.
func NewAssetError(field string) error {
	e := problemAssetUnusable.New("There is no completed upload with this key that you may use.")
	e.Fields = []apperr.Field{{Location: field, Message: "no completed asset that you may use"}}
	return e
}

// NewCaptionError returns asset-unusable for a field with the key of a file that holds no captions.
func NewCaptionError(field string) error {
	e := problemAssetUnusable.New("The file holds no captions. Upload one of type text/vtt.")
	e.Fields = []apperr.Field{{Location: field, Message: "must be a file of type text/vtt"}}
	return e
}
