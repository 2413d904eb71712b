// Package problem turns errors into the one form of error answers, application/problem+json (RFC
// 9457).
//
//	*apperr.Error             status of its kind, its code, detail and fields
//	*fiber.Error              what the framework refuses: 404, 405, 408, 413, 426, 431
//	errors of the database    503, and what db.ClassifyError knows
//	every other error         500, logged and answered without its text
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/limit"
)

// Problem is the body of every error answer (RFC 9457). It is also Huma's error type, so that
// generated documents describe it.
type Problem struct {
	Type      string         `json:"type" format:"uri-reference" doc:"Page that explains the code: /problems/{code}"`
	Code      string         `json:"code" doc:"Stable name of the problem"`
	Title     string         `json:"title"`
	Status    int            `json:"status" doc:"The HTTP status, again"`
	Detail    string         `json:"detail,omitempty"`
	Instance  string         `json:"instance,omitempty" doc:"The path that was asked"`
	RequestID string         `json:"request_id,omitempty" doc:"As in X-Request-Id"`
	Errors    []apperr.Field `json:"errors,omitempty" nullable:"false" doc:"Each rule that was broken, and where"`

	// extra are the members that belong to the code.
	extra map[string]any
	// retryAfter is in seconds, 0 for none.
	retryAfter int
	limit      *apperr.Limit
}

// ContentType is the media type of a Problem.
const ContentType = "application/problem+json"

// Error returns code and detail.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus returns the HTTP status, as Huma asks of an error.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns the media type, whatever the client accepts.
func (p *Problem) ContentType(string) string { return ContentType }

// MarshalJSON returns the problem with the members that belong to its code only, such as used_by.
func (p *Problem) MarshalJSON() ([]byte, error) {
	type plain Problem
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

// FromError returns the problem that answers err. It is the one place where an error becomes an
// answer. An error that is neither an *apperr.Error nor a fault of the framework or the database is
// a fault of the program: it is logged and answered without its text.
func FromError(ctx context.Context, err error) *Problem {
	info := requestinfo.FromContext(ctx)
	if p := (*Problem)(nil); errors.As(err, &p) {
		requestinfo.NoteProblem(ctx, p.Code)
		return p
	}
	e, ok := apperr.As(err)
	if !ok {
		e = fromEnvironment(ctx, err)
	} else if cause := e.Unwrap(); cause != nil && e.IsFault() {
		slog.WarnContext(ctx, "part failed", "request_id", info.ID, "code", e.Code, "error", cause)
	}
	requestinfo.NoteProblem(ctx, e.Code)
	return &Problem{
		Type: "/problems/" + e.Code, Code: e.Code, Title: e.Title, Status: StatusOf(e.Kind),
		Detail: e.Detail, Instance: info.Path, RequestID: info.ID, Errors: locateFields(e.Fields), extra: e.Extra,
		retryAfter: limit.WholeSeconds(e.RetryAfter), limit: e.Limit,
	}
}

// SetHeaders sets the headers that the problem has: Retry-After, the state of the rate limit, and
// WWW-Authenticate of a 401.
func (p *Problem) SetHeaders(set func(k, v string)) {
	if p.retryAfter > 0 {
		set(fiber.HeaderRetryAfter, strconv.Itoa(p.retryAfter))
	}
	if p.limit != nil {
		SetRateLimit(p.limit, set)
	}
	if p.Status == http.StatusUnauthorized {
		set(fiber.HeaderWWWAuthenticate, authChallenge(p.Code))
	}
}

// authChallenge returns the value of WWW-Authenticate for a 401 (RFC 6750 §3.1). It has an error
// code only if a token was sent.
func authChallenge(code string) string {
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

// StatusOf returns the HTTP status of errors of the kind. It returns 500 for a kind that is not
// known.
func StatusOf(k apperr.Kind) int {
	if status, ok := statuses[k]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// locateFields returns the first maxFields fields, with absolute locations such as "body.title".
func locateFields(fields []apperr.Field) []apperr.Field {
	located := slices.Clone(fields[:min(len(fields), maxFields)])
	for i, f := range located {
		located[i].Location = f.AbsoluteLocation()
		located[i] = located[i].Shorten()
	}
	return located
}

// maxFields is how many broken rules an answer names, so that a hostile body does not make a huge
// answer.
const maxFields = 50

// fromEnvironment returns the error for a fault of the framework or the database, and an internal
// error for every other err. It logs both faults.
func fromEnvironment(ctx context.Context, err error) *apperr.Error {
	var f *fiber.Error
	if errors.As(err, &f) {
		return fromFiber(f)
	}
	if e := db.ClassifyError(err); e != nil {
		slog.WarnContext(ctx, "part unavailable", "request_id", requestinfo.FromContext(ctx).ID, "error", err)
		return e
	}
	info := requestinfo.FromContext(ctx)
	slog.ErrorContext(ctx, "internal error", "request_id", info.ID, "route", info.Route, "error", err)
	return apperr.ProblemInternalError.New("Something went wrong on our side.")
}
