package httpx

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"go.uber.org/fx"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/csvrows"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/identity"
)

// Who may call a route at all; what a caller may do with an object is the domain's question.
type Who struct {
	permission identity.Permission
	// role is the lowest that has the permission.
	role identity.Role
	// blind routes don't look at a token, not even at a bad one.
	blind bool
}

// Public looks at no token: logging in must work with a stale one around.
var Public = Who{permission: identity.Public, blind: true}

// Needs takes callers that have p. Where anonymous ones have it, a bad token is refused all the same.
func Needs(p identity.Permission) Who { return Who{permission: p, role: p.Lowest} }

// Permission is what the route asks for.
func (w Who) Permission() identity.Permission { return w.permission }

// Role is the lowest role that has it, as the document shows it.
func (w Who) Role() string {
	if w.role == identity.Anonymous {
		return "anonymous"
	}
	return string(w.role)
}

// Route is one operation: what it is, who may call it, and how it is answered.
type Route struct {
	op         huma.Operation
	who        Who
	idempotent bool
	repeats    bool
	// isList is a route that answers a page of a list; tagged one whose answer has an ETag, as every list's does.
	isList, tagged bool
	// unlocated answers 201 without Location.
	unlocated bool
	prepare   Preparation
	refused   func(ctx context.Context, param func(name string) string)
	budget    string
	unlimited bool
	// produces is the type of a streamed answer.
	produces, producesDoc string
	bodyTypes             []string
	// ignoresForm says that the body may be a form, whose fields nobody reads.
	ignoresForm bool
	// csvRows says that the body may be CSV, csvColumns what the answer has as CSV, if it may be.
	csvRows    bool
	form       bool
	csvColumns []string
	// lines says that the answer may be ndjson; within is how long it may take, where that is longer than usual.
	lines  bool
	within time.Duration
	upload *upload
	// switches says what follows 101, where the route answers that.
	switches string
	// queryValues are values of query parameters that other modules declare.
	queryValues []queryValues
	// maxObjectBytes is the size of the largest object that a raw route takes; see ObjectBytes.
	maxObjectBytes int64
	bind           func(*Server, huma.Operation)
	raw            fiber.Handler
}

// Option changes a route.
type Option func(*Route)

// Rules makes a route check rules that a schema can't express and that need no data. One answer reports them together with
// broken types and bounds. check gets the input as far as it could be read: it must skip empty fields, which are optional
// or which the schema has refused already. The input type needs the method
//
//	func (in *createInput) Resolve(ctx huma.Context) []error { return validation.Check(ctx, in) }
func Rules[I any](check func(ctx context.Context, in *I) validation.Faults) Option {
	return func(r *Route) { validation.Attach(&r.op, check) }
}

// CSVRows makes a route with a body of {rows: […], …} take it as a table, too: see csvrows.Body.
func CSVRows() Option {
	return func(r *Route) { r.csvRows, r.bodyTypes = true, append(r.bodyTypes, csvrows.ContentType) }
}

// Idempotent makes a POST honour Idempotency-Key.
func Idempotent() Option { return func(r *Route) { r.idempotent = true } }

// Preparation does what must be done before the transaction of an idempotent request, and puts it into the context.
type Preparation func(ctx context.Context, body []byte) (context.Context, error)

// Prepare makes an idempotent route do work before its transaction.
func Prepare(fn Preparation) Option { return func(r *Route) { r.prepare = fn } }

// Refused makes a route call fn with the parameters of its path when the role of a signed-in caller is too low, before that
// is answered with 403.
func Refused(fn func(ctx context.Context, param func(name string) string)) Option {
	return func(r *Route) { r.refused = fn }
}

// Repeats documents that asking again answers 200 with what is there.
func Repeats() Option { return func(r *Route) { r.repeats = true } }

// ETagged documents that the answer has an ETag, which the handler gives it with WithVersion or Tagged.
func ETagged() Option { return func(r *Route) { r.tagged = true } }

// Unlocated documents that what was made has no address, so that a 201 has no Location.
func Unlocated() Option { return func(r *Route) { r.unlocated = true } }

// Query documents a query parameter of a raw route.
func Query(name, doc string) Option {
	return func(r *Route) {
		r.op.Parameters = append(r.op.Parameters, &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: "string"}})
	}
}

// Status sets the documented default status.
func Status(code int) Option { return func(r *Route) { r.op.DefaultStatus = code } }

// Describe adds words to the document.
func Describe(text string) Option { return func(r *Route) { r.op.Description = text } }

// Produces documents an answer that is streamed: its type, and what it is.
func Produces(contentType, doc string) Option {
	return func(r *Route) { r.produces, r.producesDoc = contentType, doc }
}

// OrCSV documents that Accept: text/csv gets all of a list as CSV with these columns.
func OrCSV(columns ...string) Option { return func(r *Route) { r.csvColumns = columns } }

// OrLines documents that Accept: application/x-ndjson gets all of a list, one item a line.
func OrLines() Option { return func(r *Route) { r.lines = true } }

// Within gives a route more time than answers have, for work whose amount grows with the site.
func Within(d time.Duration) Option { return func(r *Route) { r.within = d } }

// Hidden keeps a route out of the document.
func Hidden() Option { return func(r *Route) { r.op.Hidden = true } }

// Get is a reading route; HEAD comes with it.
func Get[I, O any](path string, who Who, summary string, h func(context.Context, *I) (*O, error), opts ...Option) Route {
	return typed(http.MethodGet, path, who, summary, h, opts)
}

// Post is a route that creates or acts.
func Post[I, O any](path string, who Who, summary string, h func(context.Context, *I) (*O, error), opts ...Option) Route {
	return typed(http.MethodPost, path, who, summary, h, opts)
}

// Put is a route that sets.
func Put[I, O any](path string, who Who, summary string, h func(context.Context, *I) (*O, error), opts ...Option) Route {
	return typed(http.MethodPut, path, who, summary, h, opts)
}

// Patch is a route that changes some fields.
func Patch[I, O any](path string, who Who, summary string, h func(context.Context, *I) (*O, error), opts ...Option) Route {
	return typed(http.MethodPatch, path, who, summary, h, opts)
}

// Delete is a route that removes.
func Delete[I, O any](path string, who Who, summary string, h func(context.Context, *I) (*O, error), opts ...Option) Route {
	return typed(http.MethodDelete, path, who, summary, h, opts)
}

// SwitchesTo documents that a raw route answers 101 and goes on in another protocol.
func SwitchesTo(doc string) Option { return func(r *Route) { r.switches = doc } }

// ObjectBytes gives a raw route the time that large objects need, up to a day in each direction. A body that is announced
// larger than most bytes is judged by its headers alone.
func ObjectBytes(most int64) Option { return func(r *Route) { r.maxObjectBytes = most } }

// jsonType is what bodies are, unless a route says otherwise.
const jsonType = "application/json"

// formTypes are the forms that mail programs send (RFC 8058).
var formTypes = []string{"application/x-www-form-urlencoded", "multipart/form-data"}

// IgnoresForm lets a POST without a body of its own come with a form, as from mail programs, whose fields say nothing that
// the address does not say already.
func IgnoresForm() Option {
	return func(r *Route) { r.ignoresForm, r.bodyTypes = true, append(r.bodyTypes, formTypes...) }
}

// Raw is a route that speaks with Fiber itself: WebSocket upgrades, object bytes. It checks its
// caller itself; an error it returns becomes a problem.
func Raw(method, path string, who Who, summary string, h fiber.Handler, opts ...Option) Route {
	r := Route{who: who, raw: h, op: huma.Operation{Method: method, Path: path, Summary: summary}}
	for _, o := range opts {
		o(&r)
	}
	return r
}

func typed[I, O any](method, path string, who Who, summary string, h func(context.Context, *I) (*O, error), opts []Option) Route {
	r := Route{who: who, op: huma.Operation{Method: method, Path: path, Summary: summary}, bodyTypes: []string{jsonType}}
	if pagination.IsResponse(new(O)) {
		r.isList, r.tagged = true, true
	}
	r.bind = func(s *Server, op huma.Operation) { huma.Register(s.api, op, answered(h)) }
	for _, o := range opts {
		o(&r)
	}
	return r
}

// answered turns errors into problems and notes what an ETag needs.
func answered[I, O any](h func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		var out *O
		var err error
		if faults := requestinfo.From(ctx).BodyFaults; len(faults) > 0 {
			err = apperr.InvalidFields(faults...)
		} else {
			out, err = h(ctx, in)
		}
		if err != nil {
			return nil, problem.Return(ctx, err)
		}
		if t, ok := any(out).(requestinfo.Annotator); ok && out != nil {
			t.Annotate(requestinfo.From(ctx))
		}
		return out, nil
	}
}

// Table is the route table of one module.
type Table struct {
	// Module names the owner and tags its operations in the document.
	Module string
	Routes []Route
}

// Routes adds a module's table: constructor returns a Table.
func Routes(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"routes"`)))
}

// TableParams collects the tables of all modules.
type TableParams struct {
	fx.In
	Tables []Table `group:"routes"`
}

type placed struct {
	Route
	module string
}

// ordered sorts routes so that static paths come before parameters. It refuses two the same, and
// permissions that nobody declared.
func ordered(tables []Table, permissions *identity.Permissions) ([]placed, error) {
	var all []placed
	for _, t := range tables {
		for _, r := range t.Routes {
			if p := r.who.permission; p.Name == "" || permissions != nil && !permissions.Has(p) {
				return nil, fmt.Errorf("route %s %s of %s needs the permission %q, which no module declares", r.op.Method, r.op.Path, t.Module, p.Name)
			}
			all = append(all, placed{r, t.Module})
		}
	}
	slices.SortFunc(all, func(a, b placed) int {
		return strings.Compare(sortKey(a.op.Path)+" "+a.op.Method, sortKey(b.op.Path)+" "+b.op.Method)
	})
	seen := map[string]string{}
	for _, r := range all {
		shape := r.op.Method + " " + shapeOf(r.op.Path)
		if owner, twice := seen[shape]; twice {
			return nil, fmt.Errorf("route %s %s is there twice: in %s and in %s", r.op.Method, r.op.Path, owner, r.module)
		}
		seen[shape] = r.module
	}
	return all, nil
}

// sortKey puts parameters after every letter.
func sortKey(path string) string { return strings.ReplaceAll(path, "{", "\x7f") }

// shapeOf forgets the names of parameters.
func shapeOf(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "{}"
		}
	}
	return strings.Join(parts, "/")
}
