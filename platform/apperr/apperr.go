// Package apperr is the one vocabulary of errors that clients are told about.
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
	"maps"
	"strings"
	"time"
)

// Error is the refusal of a request, in words that are safe to show. Errors are made from a Problem
// and are not changed afterwards: WithCause and WithMember return copies.
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
	// Fields names each part of the request that breaks a rule, and says why.
	Fields []Field
	// Extra holds members of the answer that belong to this code only, such as used_by (RFC 9457
	// §3.2).
	Extra map[string]any
	// RetryAfter, if set, is how long the client should wait. The answer has it in whole seconds,
	// rounded up.
	RetryAfter time.Duration
	// Limit, if set, is the state of the budget that the request counted against.
	Limit *Limit

	// cause is for the log only.
	cause error
}

// Limit is the state of a budget that a request counted against.
type Limit struct {
	// Name is the name of the budget, such as "api".
	Name string
	// Quota is how many requests a window allows, Remaining how many of them are left.
	Quota, Remaining int
	// Window is how long a window lasts, Reset how long the present one still lasts.
	Window, Reset time.Duration
}

// Error returns the code and the detail. The cause is left out, as it may hold internal text.
func (e *Error) Error() string { return e.Code + ": " + e.Detail }

// Summary returns what is wrong in one line, for a terminal: each field with its fault, or else the
// detail.
func (e *Error) Summary() string {
	if len(e.Fields) == 0 {
		return e.Detail
	}
	faults := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		faults[i] = f.Location + ": " + f.Message
	}
	return strings.Join(faults, "; ")
}

// Unwrap returns the cause, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is an error of the same problem, whatever its detail. So errors.Is
// works on copies, and on errors made anew from the problem.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// IsFault reports whether the server and not the client is at fault: for KindInternal and
// KindUnavailable. The cause of a fault is logged.
func (e *Error) IsFault() bool { return e.Kind == KindInternal || e.Kind == KindUnavailable }

// WithCause returns a copy of the error with a cause for the log.
func (e *Error) WithCause(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// WithMember returns a copy of the error whose answer has one more member. value is shown as JSON.
func (e *Error) WithMember(key string, value any) *Error {
	c := *e
	c.Extra = make(map[string]any, len(e.Extra)+1) // the original keeps its own
	maps.Copy(c.Extra, e.Extra)
	c.Extra[key] = value
	return &c
}

// As returns the first *Error in the chain of err. It returns false if there is none, which means
// that err is a fault of the program.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// IsKind reports whether there is an *Error of the kind in the chain of err.
func IsKind(err error, k Kind) bool {
	e, ok := As(err)
	return ok && e.Kind == k
}
