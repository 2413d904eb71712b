package httpx

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/strictjson"
	"lyceum/platform/limit"
)

// problem is the body of every error (RFC 9457). It is also Huma's error type, so that generated
// documents describe it.
type problem struct {
	Type      string         `json:"type" format:"uri-reference" doc:"Page that explains the code: /problems/{code}"`
	Code      string         `json:"code" doc:"Stable name of the problem"`
	Title     string         `json:"title"`
	Status    int            `json:"status" doc:"The HTTP status, again"`
	Detail    string         `json:"detail,omitempty"`
	Instance  string         `json:"instance,omitempty" doc:"The path that was asked"`
	RequestID string         `json:"request_id,omitempty" doc:"As in X-Request-Id"`
	Errors    []apperr.Field `json:"errors,omitempty" nullable:"false" doc:"Each rule that was broken, and where"`

	extra      map[string]any
	retryAfter int
	limit      *apperr.Limit
}

const problemType = "application/problem+json"

func (p *problem) Error() string             { return p.Code + ": " + p.Detail }
func (p *problem) GetStatus() int            { return p.Status }
func (p *problem) ContentType(string) string { return problemType }

// MarshalJSON adds the members that belong to one code only, such as used_by.
func (p *problem) MarshalJSON() ([]byte, error) {
	type plain problem
	raw, err := json.Marshal((*plain)(p))
	if err != nil || len(p.extra) == 0 {
		return raw, err
	}
	more, err := json.Marshal(p.extra)
	if err != nil {
		return nil, err
	}
	return append(append(raw[:len(raw)-1], ','), more[1:]...), nil
}

// toProblem is the one place where an error becomes an answer. What is no *apperr.Error and no
// fault of the surroundings is ours: logged, and told without its text.
func toProblem(ctx context.Context, err error) *problem {
	if p := (*problem)(nil); errors.As(err, &p) {
		return p
	}
	info := requestinfo.From(ctx)
	e, ok := apperr.As(err)
	if !ok {
		e = fromSurroundings(ctx, err)
	} else if cause := e.Unwrap(); cause != nil && e.IsFault() {
		slog.WarnContext(ctx, "a part failed", "request_id", info.ID, "code", e.Code, "error", cause)
	}
	return &problem{
		Type: "/problems/" + e.Code, Code: e.Code, Title: e.Title, Status: StatusOf(e.Kind),
		Detail: e.Detail, Instance: info.Path, RequestID: info.ID, Errors: locateFields(e.Fields), extra: e.Extra,
		retryAfter: limit.Seconds(e.RetryAfter), limit: e.Limit,
	}
}

func fromSurroundings(ctx context.Context, err error) *apperr.Error {
	var f *fiber.Error
	if errors.As(err, &f) {
		return fromFiber(f)
	}
	if e := db.Classify(err); e != nil {
		slog.WarnContext(ctx, "a part is away", "request_id", requestinfo.From(ctx).ID, "error", err)
		return e
	}
	slog.ErrorContext(ctx, "internal error", "request_id", requestinfo.From(ctx).ID, "route", requestinfo.From(ctx).Route, "error", err)
	return apperr.ProblemInternalError.New("Something went wrong on our side.")
}

// fromFiber maps what the framework refuses by itself. Its texts are dropped: they echo the request.
func fromFiber(f *fiber.Error) *apperr.Error {
	switch f.Code {
	case http.StatusNotFound:
		return apperr.NotFound("There is nothing at this path.")
	case http.StatusMethodNotAllowed:
		return apperr.ProblemMethodNotAllowed.New("This path has other methods; see Allow.")
	case http.StatusRequestEntityTooLarge:
		return apperr.ProblemBodyTooLarge.New("The body is larger than this route takes.")
	case http.StatusRequestHeaderFieldsTooLarge:
		return apperr.ProblemHeaderTooLarge.New("The headers exceed 16 KiB.")
	case http.StatusRequestTimeout:
		return apperr.ProblemRequestTimeout.New("The request took too long to arrive.")
	case http.StatusUpgradeRequired:
		return apperr.ProblemUpgradeRequired.New("This path speaks WebSocket.")
	case http.StatusUnsupportedMediaType:
		return apperr.ProblemUnsupportedMediaType.New("The Content-Type does not fit.")
	default:
		return apperr.Malformed("The request could not be read.")
	}
}

// writeProblem answers on Fiber's side: routing errors, middleware, raw routes.
func writeProblem(c *fiber.Ctx, err error) error {
	p := toProblem(c.UserContext(), err)
	c.Response().ResetBody()
	p.headers(c.Set)
	c.Status(p.Status)
	raw, err := p.MarshalJSON()
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, problemType)
	return c.Send(raw)
}

func (p *problem) headers(set func(k, v string)) {
	if p.retryAfter > 0 {
		set(fiber.HeaderRetryAfter, strconv.Itoa(p.retryAfter))
	}
	if p.limit != nil {
		limitHeaders(p.limit, set)
	}
	if p.Status == http.StatusUnauthorized {
		set(fiber.HeaderWWWAuthenticate, challenge(p.Code))
	}
}

// challenge follows RFC 6750: no error code when no token was sent.
func challenge(code string) string {
	switch code {
	case "invalid-token", "token-expired", "refresh-token-reused":
		return `Bearer error="invalid_token"`
	}
	return "Bearer"
}

// statuses are the HTTP statuses of all kinds of errors (RFC 9110 §15, RFC 6585).
var statuses = map[apperr.Kind]int{
	apperr.KindInternal:            http.StatusInternalServerError,
	apperr.KindMalformed:           http.StatusBadRequest,
	apperr.KindUnauthenticated:     http.StatusUnauthorized,
	apperr.KindForbidden:           http.StatusForbidden,
	apperr.KindNotFound:            http.StatusNotFound,
	apperr.KindConflict:            http.StatusConflict,
	apperr.KindGone:                http.StatusGone,
	apperr.KindPreconditionFailed:  http.StatusPreconditionFailed,
	apperr.KindInvalid:             http.StatusUnprocessableEntity,
	apperr.KindRateLimited:         http.StatusTooManyRequests,
	apperr.KindUnavailable:         http.StatusServiceUnavailable,
	apperr.KindMethodNotAllowed:    http.StatusMethodNotAllowed,
	apperr.KindTimeout:             http.StatusRequestTimeout,
	apperr.KindLengthRequired:      http.StatusLengthRequired,
	apperr.KindTooLarge:            http.StatusRequestEntityTooLarge,
	apperr.KindUnsupportedType:     http.StatusUnsupportedMediaType,
	apperr.KindRangeNotSatisfiable: http.StatusRequestedRangeNotSatisfiable,
	apperr.KindUpgradeRequired:     http.StatusUpgradeRequired,
	apperr.KindHeadersTooLarge:     http.StatusRequestHeaderFieldsTooLarge,
}

// StatusOf returns the HTTP status that an error of the kind is answered with, 500 for a kind that is not known.
func StatusOf(k apperr.Kind) int {
	if status, ok := statuses[k]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// locateFields returns the first maxFaults fields with absolute locations, such as "body.title".
func locateFields(fields []apperr.Field) []apperr.Field {
	located := slices.Clone(fields[:min(len(fields), maxFaults)])
	for i, f := range located {
		located[i].Location = f.Absolute()
	}
	return located
}

// invalidAt returns the error for one field at an absolute location, such as "query.cursor".
func invalidAt(location, message string) *apperr.Error {
	return apperr.InvalidFields(apperr.FieldAt(location, message))
}

// fail answers on Huma's side.
func fail(api huma.API, ctx huma.Context, err error) {
	p := toProblem(ctx.Context(), err)
	p.headers(ctx.SetHeader)
	ctx.SetHeader("Content-Type", problemType)
	ctx.SetStatus(p.Status)
	raw, err := p.MarshalJSON()
	if err == nil {
		_, _ = ctx.BodyWriter().Write(raw)
	}
}

// maxFaults is how many broken rules an answer names: whoever breaks more finds the rest when these are mended.
const maxFaults = 50

// newHumaError replaces huma.NewErrorWithContext: Huma's own errors carry the offending value,
// which may be a password.
func newHumaError(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
	c := context.Background()
	if ctx != nil {
		c = ctx.Context()
	}
	e := apperr.Malformed("The request could not be read.")
	switch {
	case status == http.StatusUnprocessableEntity:
		e = apperr.InvalidFields(append(slices.Clone(requestinfo.From(c).BodyFaults), fieldsOf(errs)...)...)
	case status >= http.StatusInternalServerError:
		return toProblem(c, errors.Join(append([]error{errors.New(msg)}, errs...)...))
	case status != http.StatusBadRequest:
		e = fromFiber(&fiber.Error{Code: status})
	case len(errs) > 0:
		// Readable JSON whose values do not fit their types.
		e = apperr.InvalidFields(fieldsOf(errs)...)
	}
	return toProblem(c, e)
}

// fieldsOf lists what is wrong with each field. Where the schema has refused a field, such as one that is missing, the rules
// beyond it say nothing new.
func fieldsOf(errs []error) []apperr.Field {
	out := make([]apperr.Field, 0, len(errs))
	named := map[string]bool{}
	var rules []apperr.Field
	for _, err := range errs {
		if f := (*fieldError)(nil); errors.As(err, &f) {
			rules = append(rules, f.Field)
			continue
		}
		if d := (*huma.ErrorDetail)(nil); errors.As(err, &d) {
			for _, f := range strictjson.SplitTypeFaults(placeMissing(apperr.FieldAt(d.Location, d.Message))) {
				named[f.Absolute()] = true
				out = append(out, f)
			}
			continue
		}
		if e, ok := apperr.As(err); ok {
			out = append(out, e.Fields...)
			continue
		}
		out = append(out, apperr.FieldAt("body", "a value does not fit its type"))
	}
	for _, f := range rules {
		if !named[f.Absolute()] {
			out = append(out, f)
		}
	}
	return out
}
