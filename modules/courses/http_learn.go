package courses

import (
	"context"
	"net/http"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/jsonfield"
	"lyceum/platform/httpx/pagination"
)

type lessonProgressView struct {
	LessonID    string      `json:"lesson_id"`
	Percent     int         `json:"percent"`
	Completed   bool        `json:"completed"`
	CompletedAt *clock.Time `json:"completed_at" nullable:"true"`
	UpdatedAt   clock.Time  `json:"updated_at"`
}

// placedView is progress with the place in a video where the learner stopped.
type placedView struct {
	lessonProgressView
	PositionSeconds int `json:"position_seconds"`
}

func progressOf(p *lessonProgress) lessonProgressView {
	return lessonProgressView{p.LessonID, p.Percent, p.CompletedAt != nil, p.CompletedAt, p.UpdatedAt}
}

type reportInput struct {
	ID       string `path:"id"`
	LessonID string `path:"lesson_id"`
	Body     struct {
		Percent         int                     `json:"percent" minimum:"0" maximum:"100" doc:"Never falls, but by reset"`
		PositionSeconds jsonfield.Optional[int] `json:"position_seconds,omitzero" minimum:"0" maximum:"1000000"`
		Reset           bool                    `json:"reset,omitempty" doc:"Takes percent as it is and clears completed_at"`
	}
}

func (h *handlers) report(ctx context.Context, in *reportInput) (*httpx.Response[lessonProgressView], error) {
	p, err := h.service.reportProgress(ctx, in.ID, in.LessonID, report{in.Body.Percent, in.Body.PositionSeconds.Value, in.Body.Reset})
	if err != nil {
		return nil, err
	}
	return httpx.OK(progressOf(p)), nil
}

type courseProgressView struct {
	CourseID string `json:"course_id"`
	ProgressView
	Lessons []placedView `json:"lessons" nullable:"false" doc:"Those begun, in the course's order"`
}

func (h *handlers) progress(ctx context.Context, in *courseInput) (*httpx.Response[courseProgressView], error) {
	c, rows, err := h.service.progressIn(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	v := courseProgressView{CourseID: c.ID, ProgressView: *c.Own.view(c.LessonCount), Lessons: make([]placedView, len(rows))}
	for i := range rows {
		v.Lessons[i] = placedView{progressOf(&rows[i]), rows[i].PositionSeconds}
	}
	return httpx.OK(v).WithETag(), nil
}

type myProgressView struct {
	CourseID string `json:"course_id"`
	Slug     string `json:"slug"`
	Title    string `json:"title"`
	ProgressView
	LastActivityAt clock.Time `json:"last_activity_at"`
}

func (h *handlers) myProgress(ctx context.Context, in *pagination.Query) (*pagination.Response[myProgressView], error) {
	return pagination.List(ctx, h.cursors.NewRequest("my progress", nil, *in),
		func(after *position, limit int) ([]listed, error) {
			return h.service.listStarted(ctx, after, limit)
		},
		pagination.ViewEach(func(f *listed) myProgressView {
			c, s := &f.Course, &f.Sums
			return myProgressView{c.ID, c.Slug, c.Title, *s.view(c.LessonCount), *s.LastActivityAt}
		}),
		func(f *listed) position { return position{At: *f.Sums.LastActivityAt, ID: f.Course.ID} })
}

type courseRef struct {
	ID    string `json:"id"`
	Slug  string `json:"slug"`
	Title string `json:"title"`
}

type enrollmentView struct {
	Course     courseRef  `json:"course"`
	Percent    int        `json:"percent"`
	EnrolledAt clock.Time `json:"enrolled_at" doc:"The first enrollment: leaving and coming back doesn't change it"`
}

func (h *handlers) enroll(ctx context.Context, in *courseInput) (*httpx.Response[enrollmentView], error) {
	c, created, err := h.service.selfEnroll(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	v := enrollmentView{courseRef{c.ID, c.Slug, c.Title}, c.Own.view(c.LessonCount).Percent, *c.EnrolledAt}
	if !created {
		return httpx.OK(v).WithStatus(http.StatusOK), nil
	}
	return httpx.Created("/users/me/enrollments", v), nil
}

func (h *handlers) unenroll(ctx context.Context, in *courseInput) (*httpx.Empty, error) {
	return nil, h.service.selfUnenroll(ctx, in.ID)
}

func (h *handlers) enrollments(ctx context.Context, in *pagination.Query) (*pagination.Response[enrollmentView], error) {
	return pagination.List(ctx, h.cursors.NewRequest("enrollments", nil, *in),
		func(after *position, limit int) ([]enrollment, error) {
			return h.service.listEnrollments(ctx, after, limit)
		},
		pagination.ViewEach(func(e *enrollment) enrollmentView {
			c := &e.Course
			return enrollmentView{courseRef{c.ID, c.Slug, c.Title}, e.Sums.view(c.LessonCount).Percent, e.EnrolledAt}
		}),
		func(e *enrollment) position { return position{At: e.EnrolledAt, ID: e.Course.ID} })
}
