package courses

import (
	"context"

	"lyceum/platform/httpx"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/stream"
	"lyceum/platform/httpx/upload"
	"lyceum/platform/identity"
)

// What the document says of archives.
const (
	archiveDoc = "course.json has the course and its lessons in order, lessons/ their Markdown, assets/ their files and the cover, uncompressed. " +
		"The same course gives the same bytes. A file that the store has lost is listed without a path. If the connection breaks off, the archive is not whole."
	importDoc = "The course is a draft of the caller's, with a slug made from its title. Files get their keys, or others where those are taken; " +
		"warnings says which. An archive that breaks any rule of the API is refused whole: at most 5,000 entries, 1 GiB unpacked, a hundred times the packed size."
)

func (a *archives) getExport(ctx context.Context, in *courseInput) (*stream.Response, error) {
	if requestinfo.IsHead(ctx) {
		c, err := a.oversee(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return stream.New(archiveType, c.Slug+".zip", nil), nil
	}
	x, err := a.export(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return stream.New(archiveType, x.slug+".zip", x.write), nil
}

// importedView is the new course, and what came otherwise than the archive says.
type importedView struct {
	CourseView
	Description string        `json:"description"`
	Lessons     []OutlineView `json:"lessons" nullable:"false"`
	Warnings    []string      `json:"warnings" nullable:"false" doc:"What came otherwise than the archive says"`
}

// AppendJSON writes the view as its type says.
func (v importedView) AppendJSON(b []byte) []byte {
	b = detailView{v.CourseView, v.Description, v.Lessons}.AppendJSON(b)
	return append(appendIDs(append(b[:len(b)-1], `,"warnings":`...), v.Warnings), '}')
}

// take receives the request's file; what it holds goes with the request.
func (a *archives) take(ctx context.Context) (*incoming, error) {
	u := upload.BodyFromContext(ctx)
	in, err := a.receive(ctx, u.File, u.Size)
	if err == nil {
		u.DeferToEnd(func() { a.discard(ctx, in) })
	}
	return in, err
}

func (a *archives) postImport(ctx context.Context, _ *httpx.None) (*httpx.Response[importedView], error) {
	in, err := a.take(ctx)
	if err != nil {
		return nil, err
	}
	c, err := a.admit(ctx, in)
	if err != nil {
		return nil, err
	}
	d, err := a.getDetails(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	v := detailOf(identity.CallerFrom(ctx), d)
	view := importedView{v.CourseView, v.Description, v.Lessons, in.warnings}
	return httpx.Created("/courses/"+c.ID, view).WithVersion(c.Version), nil
}
