package courses

import (
	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/apperr"
)

// The problems that only this module meets.
var (
	problemTooManyLessons = apperr.Problem{
		Kind: apperr.KindConflict, Code: "too-many-lessons", Title: "Too many lessons",
		Meaning: "A course holds at most 500 lessons. Split it into two courses.",
	}
	problemLessonLocked = apperr.Problem{
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

// problems lists the problems that this module declares.
var problems = []apperr.Problem{problemTooManyLessons, problemLessonLocked, problemAssetUnusable, coursesapi.ProblemCourseArchived}
