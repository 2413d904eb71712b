// Package apperr is the one vocabulary of errors that a caller is told about.
//
// Domain code returns *Error; platform/httpx turns it into application/problem+json
// (RFC 9457) in one place. Any other error is a fault of ours: it is logged and the
// caller sees only "internal-error".
package apperr

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Error is an answer to a caller: an HTTP status, a stable code and words that are safe to show.
type Error struct {
	// Status is the HTTP status code.
	Status int
	// Code is the slug of the problem, as listed in Catalog.
	Code string
	// Detail says what happened, never with a secret or someone else's data in it.
	Detail string
	// Fields names the parts of a request that broke a rule.
	Fields []Field
	// Extra holds members added to the problem document, such as used_by.
	Extra map[string]any
	// RetryAfter, when set, is answered as Retry-After in whole seconds.
	RetryAfter time.Duration
	// Limit, when set, is answered as RateLimit and RateLimit-Policy.
	Limit *Limit

	cause error
}

// Limit is the state of a budget that a request counted against.
type Limit struct {
	Name      string
	Quota     int
	Window    time.Duration
	Remaining int
	Reset     time.Duration
}

// Field is one broken rule of a request: Location is like "body.email".
type Field struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

// New makes an error with a code of the catalog.
func New(status int, code, detail string) *Error {
	return &Error{Status: status, Code: code, Detail: detail}
}

// Error says code and detail; the cause is left out, as it may hold internal text.
func (e *Error) Error() string { return e.Code + ": " + e.Detail }

// Unwrap gives the cause, for the log.
func (e *Error) Unwrap() error { return e.cause }

// Is holds errors with the same code equal, so that errors.Is works on fresh copies.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// Because keeps the cause for the log and returns a copy.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// With adds a member to the problem document and returns a copy.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Extra = make(map[string]any, len(e.Extra)+1)
	for k, v := range e.Extra {
		c.Extra[k] = v
	}
	c.Extra[key] = value
	return &c
}

// NotFound is 404: what is missing and what the caller may not know of look alike.
func NotFound(detail string) *Error { return New(http.StatusNotFound, "not-found", detail) }

// Forbidden is 403 for a thing that the caller may see but not touch.
func Forbidden(detail string) *Error { return New(http.StatusForbidden, "forbidden", detail) }

// Unauthenticated is 401 for a missing token.
func Unauthenticated() *Error {
	return New(http.StatusUnauthorized, "unauthenticated", "You are not signed in. Sign in and try again; programs send Authorization: Bearer with an access token.")
}

// InvalidToken is the one answer to every token that does not hold.
func InvalidToken() *Error {
	return New(http.StatusUnauthorized, "invalid-token", "This sign-in is no longer valid. Sign in again.")
}

// Conflict is 409 with a code of its own.
func Conflict(code, detail string) *Error { return New(http.StatusConflict, code, detail) }

// PreconditionFailed is 412: If-Match names another version than the stored one.
func PreconditionFailed() *Error {
	return New(http.StatusPreconditionFailed, "precondition-failed", "Somebody else changed this meanwhile. Open it again, add your changes and save once more.")
}

// Malformed is 400: the request can't be read at all.
func Malformed(detail string) *Error {
	return New(http.StatusBadRequest, "malformed-request", detail)
}

// Invalid is 422 for one field that breaks a rule.
func Invalid(location, message string) *Error {
	return InvalidFields(Field{Location: location, Message: message})
}

// InvalidFields is 422 for several fields at once.
func InvalidFields(fields ...Field) *Error {
	e := New(http.StatusUnprocessableEntity, "validation-failed", explainFields(fields))
	e.Fields = fields
	return e
}

// explained is how many broken rules a detail spells out; the document's errors name all of them.
const explained = 3

// explainFields says which fields to correct and why, in one sentence for the person who filled them in.
func explainFields(fields []Field) string {
	if len(fields) == 0 {
		return "Something in the request is not accepted."
	}
	parts := make([]string, 0, explained)
	for _, f := range fields[:min(len(fields), explained)] {
		name := f.Location
		for _, place := range []string{"body.", "query.", "path.", "header."} {
			name = strings.TrimPrefix(name, place)
		}
		parts = append(parts, name+" ("+f.Message+")")
	}
	text := "Please correct " + strings.Join(parts, ", ")
	if more := len(fields) - explained; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text + "."
}

// Unavailable is 503 for a part that can't be reached now.
func Unavailable(detail string) *Error {
	e := New(http.StatusServiceUnavailable, "unavailable", detail)
	e.RetryAfter = 2 * time.Second
	return e
}

// StorageFull is 503: there is no room to write; reading goes on.
func StorageFull() *Error {
	e := New(http.StatusServiceUnavailable, "storage-full", "The server has no room left, so nothing can be saved at the moment; what is there can still be read. Tell the people who run this site.")
	e.RetryAfter = 30 * time.Second
	return e
}

// As gives the *Error inside err, if there is one.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}
