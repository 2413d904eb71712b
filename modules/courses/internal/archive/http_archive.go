package archive

import (
	"context"

	"lyceum/modules/courses/internal/catalog"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/stream"
	"lyceum/platform/httpx/upload"
	"lyceum/platform/identity"
)

// Handlers answers the routes of exports and imports.
type Handlers struct {
	service *Service
	catalog *catalog.Service
}

// NewHandlers returns the handlers.
func NewHandlers(s *Service, c *catalog.Service) *Handlers { return &Handlers{s, c} }

const exportDoc = "Streams a zip: course.json has the course and its lessons in order, lessons/ their Markdown, assets/ their files " +
	"and the cover, uncompressed. The same course gives the same bytes. A file that the store has lost is listed " +
	"without a path. If the connection breaks off, the archive is not whole."

// courseInput names a course by its id.
type courseInput struct {
	ID string `path:"id"`
}

// exportCourse answers GET /courses/{id}/export with a stream. HEAD reads no lesson.
func (h *Handlers) exportCourse(ctx context.Context, in *courseInput) (*stream.Response, error) {
	if requestinfo.IsHead(ctx) {
		c, err := h.service.findManagedCourse(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return stream.New(archiveType, c.Slug+".zip", nil), nil
	}
	x, err := h.service.startExport(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return stream.New(archiveType, x.slug+".zip", x.write), nil
}

const importDoc = "The course is a draft of the caller's, with a slug made from its title. Files get their keys, or " +
	"others where those are taken; warnings says which. An archive that breaks any rule of the API is refused whole: " +
	"at most 5,000 entries, 1 GiB unpacked, a hundred times the packed size."

// importedView is the new course with what is other than the archive says.
type importedView struct {
	catalog.CourseView
	Description string                `json:"description"`
	Lessons     []catalog.OutlineView `json:"lessons" nullable:"false"`
	Warnings    []string              `json:"warnings" nullable:"false" doc:"What came otherwise than the archive says"`
}

// AppendJSON appends the view as its type says.
func (v importedView) AppendJSON(b []byte) []byte {
	b = catalog.DetailView{CourseView: v.CourseView, Description: v.Description, Lessons: v.Lessons}.AppendJSON(b)
	b = append(b[:len(b)-1], `,"warnings":`...)
	return append(catalog.AppendTexts(b, v.Warnings), '}')
}

// importCourse answers POST /courses/import with 201, the new course and warnings.
func (h *Handlers) importCourse(ctx context.Context, _ *httpx.None) (*httpx.Response[importedView], error) {
	in, err := h.stageBody(ctx)
	if err != nil {
		return nil, err
	}
	c, err := h.service.createCourse(ctx, in)
	if err != nil {
		return nil, err
	}
	details, err := h.catalog.GetFreshDetails(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	v := catalog.NewDetailView(identity.CallerFrom(ctx), details)
	view := importedView{v.CourseView, v.Description, v.Lessons, in.warnings}
	return httpx.Created("/courses/"+c.ID, view).WithVersion(c.Version), nil
}

// stageBody stages the archive in the body of the request. What it keeps is released when the request
// ends.
func (h *Handlers) stageBody(ctx context.Context) (*stagedImport, error) {
	body := upload.BodyFromContext(ctx)
	in, err := h.service.stageImport(ctx, body.File, body.Size)
	if err == nil {
		body.DeferToEnd(func() { h.service.discardImport(ctx, in) })
	}
	return in, err
}
