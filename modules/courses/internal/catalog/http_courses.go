package catalog

import (
	"context"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/identity"
)

// Handlers answers the routes that read courses and lessons.
type Handlers struct {
	service *Service
	cursors *pagination.Cursors
}

// NewHandlers returns the handlers.
func NewHandlers(s *Service, c *pagination.Cursors) *Handlers { return &Handlers{s, c} }

// listInput filters and sorts the list of courses.
type listInput struct {
	pagination.Query
	Visibility string `query:"visibility" enum:"public,member,private"`
	Status     string `query:"status" enum:"draft,published,archived,deleted" default:"published"`
	Q          string `query:"q" maxLength:"200" doc:"Words that occur in title, summary or tags; case is ignored"`
	Tag        string `query:"tag" maxLength:"50"`
	Owner      string `query:"owner" maxLength:"100" doc:"Id of the owner"`
	Sort       string `query:"sort" enum:"newest,title,updated" default:"newest"`
}

const listCoursesDoc = "Returns the courses that the caller may see, with the caller's progress. Without a status they are " +
	"the published ones; drafts and deleted courses are those that the caller manages. q finds courses " +
	"with all its words in title, summary or tags."

// listCourses answers GET /courses with one page of the courses that the caller may read. Lists of courses
// that are not public to everyone are 401 without a token.
func (h *Handlers) listCourses(ctx context.Context, in *listInput) (*pagination.Response[CourseView], error) {
	caller := identity.CallerFrom(ctx)
	f := filter{
		Visibility: in.Visibility, Status: in.Status, Q: in.Q, Tag: in.Tag, Owner: in.Owner, Sort: in.Sort,
	}
	if err := f.checkCaller(caller); err != nil {
		return nil, err
	}
	return pagination.List(ctx, h.cursors.NewRequest("courses", f, in.Query),
		func(after *course.PagePosition, limit int) ([]listedCourse, error) {
			return h.service.listCourses(ctx, f, after, limit)
		},
		func(found []listedCourse) ([]CourseView, error) {
			owners, err := h.service.listOwners(ctx, found)
			return pagination.MapRows(found, func(l *listedCourse) CourseView {
				v := newCourseView(caller, l.Course, l.Progress, owners[l.OwnerID])
				v.parts = l.parts
				return v
			}), err
		},
		func(l *listedCourse) course.PagePosition { return f.positionOf(l.Course) })
}

// courseInput names a course by its id or its slug.
type courseInput struct {
	ID string `path:"id"`
}

const getCourseDoc = "Takes an id or a slug. Returns the course with the outline of its lessons. A course that the " +
	"caller may not read is 404, but a published one for members 401 or 403."

// getCourse answers GET /courses/{id}.
func (h *Handlers) getCourse(ctx context.Context, in *courseInput) (*httpx.Response[DetailView], error) {
	d, err := h.service.GetDetails(ctx, in.ID)
	return newDetailResponse(ctx, d, err)
}

// AnswerDetails returns the answer to a change of the course with an id, as the caller finds it now.
func (h *Handlers) AnswerDetails(ctx context.Context, id string) (*httpx.Response[DetailView], error) {
	d, err := h.service.GetFreshDetails(ctx, id)
	return newDetailResponse(ctx, d, err)
}

// newDetailResponse returns the answer with a course, or the error of reading it.
func newDetailResponse(ctx context.Context, d Details, err error) (*httpx.Response[DetailView], error) {
	if err != nil {
		return nil, err
	}
	return httpx.OK(NewDetailView(identity.CallerFrom(ctx), d)).WithVersion(d.Version), nil
}
