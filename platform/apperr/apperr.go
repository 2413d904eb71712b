// Package apperr is the one vocabulary of errors that a caller is told about.
//
// A module declares each of its error codes once, as a Problem with its kind, and returns errors
// made from it:
//
//	var problemExpired = apperr.Problem{
//		Kind: apperr.KindGone, Code: "voucher-expired", Title: "…", Meaning: "…",
//	}
//	return problemExpired.New("This voucher was valid until Friday. Ask for a new one.")
//
// An error says which kind of refusal it is, never an HTTP status: platform/httpx answers every
// kind with a status, as application/problem+json (RFC 9457), in one place. An error of any other
// type is a fault of the program: it is logged, and the caller sees only internal-error.
package apperr

import (
	"errors"
	"time"
)

// Error is the refusal of a request, in words that are safe to show.
type Error struct {
	// Kind says what sort of refusal it is.
	Kind Kind
	// Code is the stable name of the problem that the error was made from.
	Code string
	// Title names the problem in a few words.
	Title string
	// Detail says what happened and what to do next. It never holds a secret or data of someone
	// else.
	Detail string
	// Fields names the parts of a request that break a rule.
	Fields []Field
	// Extra holds members that are added to the answer, such as used_by.
	Extra map[string]any
	// RetryAfter, when set, tells the caller how long to wait; it is rounded up to whole seconds.
	RetryAfter time.Duration
	// Limit, when set, tells the caller the state of the budget that the request counted against.
	Limit *Limit

	cause error
}

// Limit is the state of a budget that a request counted against.
type Limit struct {
	// Name of the budget.
	Name string
	// Quota is how many requests a window takes, Remaining how many of them are left.
	Quota, Remaining int
	// Window is how long a window lasts, Reset how much of the present one is left.
	Window, Reset time.Duration
}

// Error returns code and detail. The cause is left out, as it may hold internal text.
func (e *Error) Error() string { return e.Code + ": " + e.Detail }

// Unwrap returns the cause, for the log.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target has the same code, so that errors.Is works on copies.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// IsFault reports whether the server and not the caller has to change something: the kinds
// KindInternal and KindUnavailable.
func (e *Error) IsFault() bool { return e.Kind == KindInternal || e.Kind == KindUnavailable }

// WithCause returns a copy that keeps the cause for the log.
func (e *Error) WithCause(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// WithMember returns a copy whose answer has one more member.
func (e *Error) WithMember(key string, value any) *Error {
	c := *e
	c.Extra = make(map[string]any, len(e.Extra)+1)
	for k, v := range e.Extra {
		c.Extra[k] = v
	}
	c.Extra[key] = value
	return &c
}

// As returns the *Error inside err, if there is one.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// IsKind reports whether err is an *Error of the kind.
func IsKind(err error, k Kind) bool {
	e, ok := As(err)
	return ok && e.Kind == k
}
