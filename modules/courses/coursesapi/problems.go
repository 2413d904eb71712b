package coursesapi

import "lyceum/platform/apperr"

// ProblemCourseArchived refuses new learners of a course that is archived. The module courses declares it.
var ProblemCourseArchived = apperr.Problem{
	Kind: apperr.KindConflict, Code: "course-archived", Title: "Course archived",
	Meaning: "This course is archived, so nobody can join it any more.",
}
