// Package pagination answers lists page by page (keyset pagination). A list handler states how rows
// are fetched, shown and located; List does the rest:
//
//	GET /notes?limit=20&cursor=…
//	  → the cursor becomes the position of the last row of the page before (422 if it is not valid here)
//	  → fetch gets that position, or nil, and limit+1: one row more tells whether there is a next page
//	  → the rows become items; the position of the last one becomes next_cursor and the Link header
package pagination

import (
	"context"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/httpx/jsonappend"
	"lyceum/platform/httpx/requestinfo"
)

// Query has the parameters that every list takes. The input of a list operation embeds it.
type Query struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Items on a page"`
	Cursor string `query:"cursor" maxLength:"2048" doc:"next_cursor of the page before"`
}

// Request is a request for one page of one list. Cursors.NewRequest makes it.
type Request struct {
	cursors *Cursors
	name    string
	filters any
	query   Query
}

// List answers a request for a page. fetch returns at most limit rows after a position, or the
// first rows for nil; it is asked for one row more than the page has. views turns the rows of the
// page into items; see ViewEach. position returns the place of a row; Position must be a struct
// that survives JSON. List returns a validation error for an invalid cursor before it calls fetch,
// and the errors of fetch and views as they are.
func List[Row, View, Position any](
	ctx context.Context, r Request, fetch func(after *Position, limit int) ([]Row, error),
	views func([]Row) ([]View, error), position func(*Row) Position,
) (*Response[View], error) {
	after := new(Position)
	isNext, err := r.cursors.decodeCursor(ctx, r, after)
	if err != nil {
		return nil, err
	}
	if !isNext {
		after = nil
	}
	rows, err := fetch(after, r.query.Limit+1)
	if err != nil {
		return nil, err
	}
	page := rows[:min(len(rows), r.query.Limit)]
	items, err := views(page)
	if err != nil {
		return nil, err
	}
	if items == nil {
		items = []View{}
	}
	out := &Response[View]{Body: Page[View]{Items: items}}
	if len(rows) > len(page) {
		cursor := r.cursors.encodeCursor(ctx, r, position(&page[len(page)-1]))
		out.Body.NextCursor = &cursor
		out.Link = nextPageLink(requestinfo.FromContext(ctx).URI, cursor)
	}
	return out, nil
}

// ViewEach returns a views function for List that turns rows into items one by one.
func ViewEach[Row, View any](view func(*Row) View) func([]Row) ([]View, error) {
	return func(rows []Row) ([]View, error) { return MapRows(rows, view), nil }
}

// MapRows returns the view of each row. It is for views functions that first read something for all
// rows of the page together.
func MapRows[Row, View any](rows []Row, view func(*Row) View) []View {
	items := make([]View, len(rows))
	for i := range rows {
		items[i] = view(&rows[i])
	}
	return items
}

// nextPageLink returns the Link header (RFC 8288) of the next page: the path and query of the
// request with another cursor. It returns "" for a request without a usable URI, as in tests.
func nextPageLink(uri, cursor string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	query := u.Query()
	query.Set("cursor", cursor)
	u.RawQuery = query.Encode()
	return "<" + u.String() + `>; rel="next"`
}

// Response is the answer of a list: one page, or the whole list as a stream.
type Response[T any] struct {
	Link string `header:"Link" doc:"The next page, with rel=next; absent on the last"`
	Body Page[T]

	stream *huma.StreamResponse
}

// NewStreamResponse returns an answer that is a stream of the whole list, for clients that prefer
// another type than JSON.
func NewStreamResponse[T any](stream *huma.StreamResponse) *Response[T] {
	return &Response[T]{stream: stream}
}

// Annotate implements requestinfo.Annotator. A page gets an ETag of its content; a stream replaces
// the body and has none.
func (r *Response[T]) Annotate(info *requestinfo.Info) {
	info.HasETag, info.Stream = r.stream == nil, r.stream
}

var _ requestinfo.Annotator = (*Response[any])(nil)

// isList marks the type for IsResponse, as a type switch can't name all instances.
func (r *Response[T]) isList() {}

// IsResponse reports whether v is a *Response of any view.
func IsResponse(v any) bool {
	_, ok := v.(interface{ isList() })
	return ok
}

// Page is the body of a list. Items is never null.
type Page[T any] struct {
	Items      []T     `json:"items" nullable:"false"`
	NextCursor *string `json:"next_cursor" doc:"Asks for the next page; null on the last"`
}

// AppendJSON implements jsonappend.Value. Items that are a jsonappend.Value write themselves.
func (p Page[T]) AppendJSON(b []byte) []byte {
	b = append(b, `{"items":[`...)
	for i := range p.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonappend.AppendValue(b, &p.Items[i])
	}
	b = jsonappend.AppendNullableText(append(b, `],"next_cursor":`...), p.NextCursor)
	return append(b, '}')
}
