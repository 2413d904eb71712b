package courses

import (
	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/apperr"
)

// Bounds of a course: its lessons, and how many others each of them waits for.
const (
	maxLessons       = 500
	maxPrerequisites = 20
)

var (
	errNoCourse  = apperr.NotFound("There is no such course.")
	errNoLesson  = apperr.NotFound("There is no such lesson in this course.")
	errNotYours  = apperr.Forbidden("Only its owner and administrators may do that.")
	errSlug      = apperr.ProblemSlugTaken.New("Another course has this slug.")
	errArchived  = coursesapi.ProblemCourseArchived.New("An archived course takes no new enrollment.")
	errFull      = problemTooManyLessons.New("A course holds at most 500 lessons.")
	errForMember = apperr.Forbidden("This is for members.")
)

func errAsset(location string) error {
	e := problemAssetUnusable.New("The key names no completed asset that you may use.")
	e.Fields = []apperr.Field{{Location: location, Message: "no completed asset that you may use"}}
	return e
}

func errNoCaption(location string) error {
	e := problemAssetUnusable.New("The file holds no captions. Upload one of type text/vtt.")
	e.Fields = []apperr.Field{{Location: location, Message: "must be a file of type text/vtt"}}
	return e
}

// errLocked says what keeps a learner out, as the outline does.
func errLocked(l lock) error {
	return problemLessonLocked.New("This lesson is not open to you yet.").WithMember("locked", true).WithMember("locked_by", l.By).WithMember("available_at", l.AvailableAt)
}
