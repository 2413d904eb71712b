package learning

import (
	"context"
	"strconv"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/jsonappend"
	"lyceum/platform/httpx/jsonfield"
	"lyceum/platform/httpx/pagination"
)

// ProgressView is how far a learner is in a course.
type ProgressView struct {
	Percent          int         `json:"percent" minimum:"0" maximum:"100"`
	CompletedLessons int         `json:"completed_lessons"`
	TotalLessons     int         `json:"total_lessons"`
	CompletedAt      *clock.Time `json:"completed_at" nullable:"true"`
}

// NewProgressView returns the view of a learner's progress in a course of so many lessons.
func NewProgressView(p course.Progress, lessons int) ProgressView {
	v := ProgressView{Percent: p.Percent(lessons), TotalLessons: lessons, CompletedAt: p.CompletedAt}
	if p.CompletedLessons != nil {
		v.CompletedLessons = *p.CompletedLessons
	}
	return v
}

// AppendFields appends the fields of the view as JSON, without braces. The lists of courses write
// their JSON themselves.
func (v *ProgressView) AppendFields(b []byte) []byte {
	b = strconv.AppendInt(append(b, `"percent":`...), int64(v.Percent), 10)
	b = strconv.AppendInt(append(b, `,"completed_lessons":`...), int64(v.CompletedLessons), 10)
	b = strconv.AppendInt(append(b, `,"total_lessons":`...), int64(v.TotalLessons), 10)
	return jsonappend.AppendNullableTime(append(b, `,"completed_at":`...), v.CompletedAt)
}

// LessonProgressView is how far the caller is in a lesson.
type LessonProgressView struct {
	LessonID    string      `json:"lesson_id"`
	Percent     int         `json:"percent"`
	Completed   bool        `json:"completed"`
	CompletedAt *clock.Time `json:"completed_at" nullable:"true"`
	UpdatedAt   clock.Time  `json:"updated_at"`
}

// newLessonProgressView returns the view of the progress in a lesson.
func newLessonProgressView(p *lessonProgress) LessonProgressView {
	return LessonProgressView{p.LessonID, p.Percent, p.CompletedAt != nil, p.CompletedAt, p.UpdatedAt}
}

const reportDoc = "Percent only rises, but by reset; the same report again changes nothing. The first report " +
	"enrolls, but not the owner, administrators and learners who were taken out. A lesson that is not open yet is " +
	"403 lesson-locked."

// reportInput is a report of progress.
type reportInput struct {
	ID       string `path:"id"`
	LessonID string `path:"lesson_id"`
	Body     struct {
		Percent         int                     `json:"percent" minimum:"0" maximum:"100" doc:"Never falls, but by reset"`
		PositionSeconds jsonfield.Optional[int] `json:"position_seconds,omitzero" minimum:"0" maximum:"1000000"`
		Reset           bool                    `json:"reset,omitempty" doc:"Takes percent as it is and clears completed_at"`
	}
}

// reportProgress answers PUT /courses/{id}/lessons/{lesson_id}/progress with what is stored then. A
// locked lesson is 403 lesson-locked.
func (h *Handlers) reportProgress(ctx context.Context, in *reportInput) (*httpx.Response[LessonProgressView], error) {
	r := report{Percent: in.Body.Percent, PositionSeconds: in.Body.PositionSeconds.Value, IsReset: in.Body.Reset}
	p, err := h.service.reportProgress(ctx, in.ID, in.LessonID, r)
	if err != nil {
		return nil, err
	}
	return httpx.OK(newLessonProgressView(p)), nil
}

// courseProgressView is how far the caller is in a course and in each lesson that they have begun.
type courseProgressView struct {
	CourseID string `json:"course_id"`
	ProgressView
	Lessons []placedView `json:"lessons" nullable:"false" doc:"Those begun, in the course's order"`
}

// placedView is progress with the place in a video where the learner has stopped.
type placedView struct {
	LessonProgressView
	PositionSeconds int `json:"position_seconds"`
}

const getProgressDoc = "Returns the caller's progress in the course and in each lesson that was begun."

// getProgress answers GET /courses/{id}/progress.
func (h *Handlers) getProgress(ctx context.Context, in *courseInput) (*httpx.Response[courseProgressView], error) {
	c, rows, err := h.service.getProgress(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	view := courseProgressView{
		CourseID: c.ID, ProgressView: NewProgressView(c.Progress, c.LessonCount),
		Lessons: make([]placedView, len(rows)),
	}
	for i := range rows {
		view.Lessons[i] = placedView{newLessonProgressView(&rows[i]), rows[i].PositionSeconds}
	}
	return httpx.OK(view).WithETag(), nil
}

// myProgressView is how far the caller is in a course of a list.
type myProgressView struct {
	CourseID string `json:"course_id"`
	Slug     string `json:"slug"`
	Title    string `json:"title"`
	ProgressView
	LastActivityAt clock.Time `json:"last_activity_at"`
}

const listMyProgressDoc = "Returns the caller's progress in all courses that were begun, those with the latest activity first."

// listMyProgress answers GET /users/me/progress with one page, the latest activity first.
func (h *Handlers) listMyProgress(
	ctx context.Context, in *pagination.Query,
) (*pagination.Response[myProgressView], error) {
	return pagination.List(ctx, h.cursors.NewRequest("my progress", nil, *in),
		func(after *course.PagePosition, limit int) ([]course.ListedCourse, error) {
			return h.service.listStarted(ctx, after, limit)
		},
		pagination.ViewEach(func(l *course.ListedCourse) myProgressView {
			c, p := &l.Course, l.Progress
			return myProgressView{c.ID, c.Slug, c.Title, NewProgressView(p, c.LessonCount), *p.LastActivityAt}
		}),
		func(l *course.ListedCourse) course.PagePosition {
			return course.PagePosition{At: *l.Progress.LastActivityAt, ID: l.Course.ID}
		})
}
