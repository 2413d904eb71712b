package learning

import (
	"context"
	"net/http"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
)

// Handlers answers the routes of enrollment and progress.
type Handlers struct {
	service *Service
	cursors *pagination.Cursors
}

// NewHandlers returns the handlers.
func NewHandlers(s *Service, c *pagination.Cursors) *Handlers { return &Handlers{s, c} }

// courseInput names a course by its id.
type courseInput struct {
	ID string `path:"id"`
}

// courseRef is a course in a list of enrollments.
type courseRef struct {
	ID    string `json:"id"`
	Slug  string `json:"slug"`
	Title string `json:"title"`
}

// enrollmentView is the caller's enrollment in a course.
type enrollmentView struct {
	Course     courseRef  `json:"course"`
	Percent    int        `json:"percent"`
	EnrolledAt clock.Time `json:"enrolled_at" doc:"The first enrollment: leaving and coming back doesn't change it"`
}

// newEnrollmentView returns the view of an enrollment.
func newEnrollmentView(c *course.Course, p course.Progress, enrolledAt clock.Time) enrollmentView {
	return enrollmentView{courseRef{c.ID, c.Slug, c.Title}, p.Percent(c.LessonCount), enrolledAt}
}

const enrollCallerDoc = "Enrolls the caller in a published course that they may read. Enrolling again answers 200 and " +
	"changes nothing. Archived courses are 409."

// enrollCaller answers POST /courses/{id}/enrollment with 201, and with 200 if the caller was
// enrolled already. An archived course is 409 course-archived.
func (h *Handlers) enrollCaller(ctx context.Context, in *courseInput) (*httpx.Response[enrollmentView], error) {
	c, isNew, err := h.service.enrollCaller(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	view := newEnrollmentView(c.Course, c.Progress, *c.EnrolledAt)
	if !isNew {
		return httpx.OK(view).WithStatus(http.StatusOK), nil
	}
	return httpx.Created("/users/me/enrollments", view), nil
}

const unenrollCallerDoc = "Ends the caller's enrollment. Their progress is kept for when they come back."

// unenrollCaller answers DELETE /courses/{id}/enrollment with 204, also if the caller was not
// enrolled.
func (h *Handlers) unenrollCaller(ctx context.Context, in *courseInput) (*httpx.Empty, error) {
	return nil, h.service.unenrollCaller(ctx, in.ID)
}

const listEnrollmentsDoc = "Returns the courses that the caller is enrolled in, with the progress in each."

// listEnrollments answers GET /users/me/enrollments with one page, the newest enrollment first.
func (h *Handlers) listEnrollments(
	ctx context.Context, in *pagination.Query,
) (*pagination.Response[enrollmentView], error) {
	return pagination.List(ctx, h.cursors.NewRequest("enrollments", nil, *in),
		func(after *course.PagePosition, limit int) ([]enrollment, error) {
			return h.service.listEnrollments(ctx, after, limit)
		},
		pagination.ViewEach(func(e *enrollment) enrollmentView {
			return newEnrollmentView(&e.Course, e.Progress, e.EnrolledAt)
		}),
		func(e *enrollment) course.PagePosition {
			return course.PagePosition{At: e.EnrolledAt, ID: e.Course.ID}
		})
}
