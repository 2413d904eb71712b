package httpx

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/httpx/openapi"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/upload"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
)

// Route is one operation: what it is, who may call it, and how it is answered.
type Route struct {
	op     huma.Operation
	access AccessRule
	// answer is what the document says of the answer beside its Go type.
	answer openapi.Answer

	isIdempotent bool
	// onForbidden is called before a signed-in caller whose role is too low gets 403; nil for most.
	onForbidden func(ctx context.Context, param func(name string) string)

	// budget names the rate limit; "" stands for BudgetAPI.
	budget      string
	isUnlimited bool
	// timeout replaces answerTime; 0 for most.
	timeout time.Duration

	// bodyTypes are the media types of the body.
	bodyTypes []string
	// ignoresForm says that the body may be a form, whose fields nobody reads.
	ignoresForm bool
	// takesCSV says that the body may be a table.
	takesCSV bool
	// upload is the file that the route takes as its body; nil for most.
	upload *upload.Spec
	// queryValues are values of query parameters that other modules declare.
	queryValues []openapi.QueryValues

	// maxObjectBytes is the size of the largest object that a raw route takes; 0 for all that take none.
	maxObjectBytes int64

	// problems are the codes of problems beside those of commonProblems.
	problems []string
	// answerType is the Go type of a typed route's answer; nil for every other.
	answerType reflect.Type
	// bind registers the handler of a typed route; raw is the handler of every other.
	bind func(huma.API, huma.Operation)
	raw  fiber.Handler
}

// Handler answers a request: I has its parameters and body, O is the answer. Its errors become problems.
type Handler[I, O any] = func(ctx context.Context, in *I) (*O, error)

// Option changes a route.
type Option func(*Route)

// Get returns a route that reads. HEAD comes with it.
func Get[I, O any](path string, access AccessRule, summary string, h Handler[I, O], opts ...Option) Route {
	return newTypedRoute(http.MethodGet, path, access, summary, h, opts)
}

// Post returns a route that creates something or acts.
func Post[I, O any](path string, access AccessRule, summary string, h Handler[I, O], opts ...Option) Route {
	return newTypedRoute(http.MethodPost, path, access, summary, h, opts)
}

// Put returns a route that sets something.
func Put[I, O any](path string, access AccessRule, summary string, h Handler[I, O], opts ...Option) Route {
	return newTypedRoute(http.MethodPut, path, access, summary, h, opts)
}

// Patch returns a route that changes some fields.
func Patch[I, O any](path string, access AccessRule, summary string, h Handler[I, O], opts ...Option) Route {
	return newTypedRoute(http.MethodPatch, path, access, summary, h, opts)
}

// Delete returns a route that removes something.
func Delete[I, O any](path string, access AccessRule, summary string, h Handler[I, O], opts ...Option) Route {
	return newTypedRoute(http.MethodDelete, path, access, summary, h, opts)
}

// Raw returns a route whose handler uses Fiber itself: WebSocket upgrades, bytes of objects. The access rule documents
// who may call it; the handler checks that. Of the options only those for the document apply, and ObjectBytes. Errors
// become problems.
func Raw(method, path string, access AccessRule, summary string, h fiber.Handler, opts ...Option) Route {
	r := Route{access: access, raw: h, op: huma.Operation{Method: method, Path: path, Summary: summary}}
	for _, o := range opts {
		o(&r)
	}
	return r
}

// newTypedRoute returns a route whose input and answer are Go types.
func newTypedRoute[I, O any](
	method, path string, access AccessRule, summary string, h Handler[I, O], opts []Option,
) Route {
	r := Route{
		op:     huma.Operation{Method: method, Path: path, Summary: summary},
		access: access, bodyTypes: []string{jsonType}, answerType: reflect.TypeFor[O](),
	}
	r.answer.HasLocation = true
	if pagination.IsResponse(new(O)) {
		r.answer.IsList, r.answer.HasETag = true, true
	}
	if r.answer.IsList && method == http.MethodGet {
		h = readReplica(h)
	}
	r.bind = func(api huma.API, op huma.Operation) { huma.Register(api, op, finishAnswer(h)) }
	for _, o := range opts {
		o(&r)
	}
	return r
}

// readReplica lets the handler of a list read from a replica of the database.
func readReplica[I, O any](h Handler[I, O]) Handler[I, O] {
	return func(ctx context.Context, in *I) (*O, error) { return h(db.PreferReplica(ctx), in) }
}

// finishAnswer returns h with its errors as problems. It passes on what the answer says beside its body, and
// reports the faults of the request's text where the schema found none.
func finishAnswer[I, O any](h Handler[I, O]) Handler[I, O] {
	return func(ctx context.Context, in *I) (*O, error) {
		var out *O
		var err error
		if faults := requestinfo.FromContext(ctx).TextFaults; len(faults) > 0 {
			err = apperr.InvalidFields(faults...)
		} else {
			out, err = h(ctx, in)
		}
		if err != nil {
			return nil, problem.NewHandlerError(ctx, err)
		}
		if t, ok := any(out).(requestinfo.Annotator); ok && out != nil {
			t.Annotate(requestinfo.FromContext(ctx))
		}
		return out, nil
	}
}
