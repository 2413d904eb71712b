package httpx

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/csvrows"
	"lyceum/platform/httpx/idempotency"
	"lyceum/platform/httpx/openapi"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/upload"
	"lyceum/platform/identity"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
)

// registerRoutes binds the routes of all modules and of the platform.
func (s *Server) registerRoutes(tables []Table) error {
	routes, err := sortRoutes(append(tables, s.platformTable()), s.o.Permissions)
	if err != nil {
		return err
	}
	docs := openapi.NewProblems(s.api.OpenAPI())
	others := docs.NewDefault(unforeseen)
	s.documented = map[string][]string{}
	for _, r := range routes {
		s.listed = append(s.listed, Listed{
			Module: r.module, Method: r.op.Method, Path: r.op.Path,
			Who: r.access.Role(), Permission: r.access.Permission().Name, Hidden: r.op.Hidden,
			Problems: r.problems,
		})
		if before, _, hasToken := strings.Cut(r.op.Path, "{token}"); hasToken {
			s.beforeTokens = append(s.beforeTokens, before)
		}
		s.currentModule = r.module
		problems := s.problemsOf(r.Route)
		for _, p := range append(problems, unforeseen...) {
			s.documented[r.op.Method+" "+r.op.Path] = append(s.documented[r.op.Method+" "+r.op.Path], p.Code)
		}
		op := s.newOperation(r, others)
		if r.raw != nil {
			s.registerRaw(r, op)
		} else {
			s.registerTyped(r, op)
		}
		s.changeOperation(r.Route, r.op.Method, func(op *huma.Operation) { docs.Document(op, problems) })
	}
	s.documentCapabilities()
	return nil
}

// newOperation returns the documentation that raw and typed routes share. others is the default answer.
func (s *Server) newOperation(r registeredRoute, others *huma.Response) huma.Operation {
	op := r.op
	op.OperationID = openapi.OperationID(op.Method, op.Path)
	op.Tags = []string{r.module}
	op.Extensions = map[string]any{"x-permission": r.access.Permission().Name, "x-role": r.access.Role()}
	op.Security = r.access.securityRequirements()
	op.Responses = r.answer.DocumentResponses(others)
	return op
}

// registerRaw binds a route whose handler uses Fiber itself. The middleware of typed routes does not run for it.
func (s *Server) registerRaw(r registeredRoute, op huma.Operation) {
	op.Parameters = append(op.Parameters, openapi.PathParameters(op.Path)...)
	if !op.Hidden {
		s.api.OpenAPI().AddOperation(&op)
	}
	handler := func(c *fiber.Ctx) error {
		requestinfo.FromContext(c.UserContext()).Route = op.Path
		return r.raw(c)
	}
	if prefix, _, _ := strings.Cut(op.Path, "{"); r.maxObjectBytes > 0 {
		if s.objectsAt != "" && s.objectsAt != prefix {
			panic("httpx: objects are sent below one path, not below " + s.objectsAt + " and " + prefix)
		}
		s.objectsAt = prefix
		s.maxObjectBytes = r.maxObjectBytes
	}
	path := openapi.FiberPath(op.Path)
	s.app.Add(op.Method, path, handler)
	if op.Method == http.MethodGet {
		s.app.Add(http.MethodHead, path, handler)
	}
}

// registerTyped binds a route whose input and answer are Go types, and HEAD beside GET.
func (s *Server) registerTyped(r registeredRoute, op huma.Operation) {
	op.MaxBodyBytes = -1 // checkBody bounds it, with an answer of the server's own
	op.Middlewares = s.middlewareOf(r.Route)
	if r.upload != nil {
		s.uploadBytes[op.Path] = r.upload.MaxBytes
	}
	if r.isIdempotent {
		op.Parameters = append(op.Parameters, idempotency.Parameter)
	}
	if op.Method == http.MethodPatch || op.Method == http.MethodDelete {
		op.Parameters = append(op.Parameters, openapi.IfMatchParameter)
	}
	r.bind(s.api, op)
	s.changeOperation(r.Route, op.Method, r.answer.DocumentContent)
	if op.Method == http.MethodGet {
		head := op
		head.Method, head.OperationID = http.MethodHead, op.OperationID+"-head"
		r.bind(s.api, head)
		s.hideHead(r.Route)
	}
	// Last, as binding lists every header that the type of the answer may have.
	s.changeOperation(r.Route, op.Method, r.answer.DocumentHeaders)
	s.changeOperation(r.Route, op.Method, func(op *huma.Operation) {
		s.documentRequest(r.Route, op)
		r.examples.ApplyTo(op)
	})
}

// hideHead gives the parameters of HEAD the values that those of GET have, and takes the operation out of the
// document, which lists GET alone.
func (s *Server) hideHead(r Route) {
	item := s.api.OpenAPI().Paths[r.op.Path]
	if item == nil || item.Head == nil {
		return // the whole route is hidden
	}
	for _, values := range r.queryValues {
		values.ApplyTo(item.Head)
	}
	item.Head = nil
}

// middlewareOf returns what runs before the handler of a typed route, in order.
func (s *Server) middlewareOf(r Route) huma.Middlewares {
	chain := huma.Middlewares{s.authorizeRequest(r), s.checkBody(r)}
	if r.upload != nil {
		chain = huma.Middlewares{upload.DrainRefused, s.authorizeRequest(r), s.receiveUpload(r)}
	}
	if r.timeout > 0 {
		chain = append(chain, extendDeadline(r.timeout))
	}
	if r.isIdempotent {
		chain = append(chain, s.idempotency.Middleware)
	}
	if r.answer.CSVColumns != nil || r.answer.HasLines {
		chain = append(chain, varyByAccept)
	}
	return append(chain, finishResponse)
}

// changeOperation calls change with the documented operation of a route, unless it is hidden.
func (s *Server) changeOperation(r Route, method string, change func(*huma.Operation)) {
	if op := openapi.OperationOf(s.api.OpenAPI().Paths[r.op.Path], method); op != nil {
		change(op)
	}
}

// documentRequest adds bodies and values of parameters that the Go type does not say.
func (s *Server) documentRequest(r Route, op *huma.Operation) {
	for _, values := range r.queryValues {
		values.ApplyTo(op)
	}
	if r.takesCSV {
		csvrows.BodyOf(op, s.api.OpenAPI().Components.Schemas).DocumentTable(op)
	}
	if r.ignoresForm {
		openapi.DocumentForm(op, formTypes)
	}
}

// extendDeadline is a middleware that replaces answerTime.
func extendDeadline(timeout time.Duration) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		longer, cancel := context.WithTimeout(context.WithoutCancel(ctx.Context()), timeout)
		defer cancel()
		next(huma.WithContext(ctx, longer))
	}
}

// varyByAccept is a middleware that tells caches that the type of the answer depends on Accept.
func varyByAccept(ctx huma.Context, next func(huma.Context)) {
	ctx.AppendHeader(fiber.HeaderVary, fiber.HeaderAccept)
	next(ctx)
}

// unforeseen are the problems that any operation may answer with.
var unforeseen = []apperr.Problem{
	apperr.ProblemInternalError, apperr.ProblemUnavailable, apperr.ProblemStorageFull, apperr.ProblemRequestTimeout,
	apperr.ProblemHeaderTooLarge,
}

// problemsOf returns the problems that a route may answer with, but for the unforeseen ones. Codes that no
// module of the program declares are left out.
func (s *Server) problemsOf(r Route) (problems []apperr.Problem) {
	codes := slices.Concat(commonProblems(r), r.problems)
	slices.Sort(codes)
	for _, code := range slices.Compact(codes) {
		if p, ok := s.o.Problems.FindProblem(code); ok {
			problems = append(problems, p)
		}
	}
	return problems
}

// commonProblems returns the codes that follow from what a route is.
func commonProblems(r Route) []string {
	codes := []string{apperr.ProblemMalformedRequest.Code, apperr.ProblemBodyTooLarge.Code}
	if !r.access.ignoresToken {
		codes = append(codes, apperr.ProblemInvalidToken.Code, apperr.ProblemTokenExpired.Code)
		if r.access.role != identity.Anonymous {
			codes = append(codes, apperr.ProblemUnauthenticated.Code)
		}
		if r.access.role != identity.Anonymous && !r.access.role.IsLowest() {
			codes = append(codes, apperr.ProblemForbidden.Code)
		}
	}
	if !r.isUnlimited {
		codes = append(codes, apperr.ProblemRateLimited.Code)
	}
	if strings.Contains(r.op.Path, "{") {
		codes = append(codes, apperr.ProblemNotFound.Code)
	}
	if r.raw == nil {
		codes = append(codes, apperr.ProblemValidationFailed.Code)
	}
	if r.op.Method != http.MethodGet {
		codes = append(codes, apperr.ProblemUnsupportedMediaType.Code)
	}
	if r.op.Method == http.MethodPatch || r.op.Method == http.MethodDelete {
		codes = append(codes, apperr.ProblemPreconditionFailed.Code)
	}
	if r.upload != nil {
		codes = append(codes, apperr.ProblemLengthRequired.Code)
	}
	if r.isIdempotent {
		for _, p := range idempotency.Problems {
			codes = append(codes, p.Code)
		}
	}
	return codes
}
