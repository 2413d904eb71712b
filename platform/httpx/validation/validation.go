// Package validation checks the rules of requests that a schema can't express, such as the form of
// an address. They are checked before the handler runs, and one answer reports them together with
// wrong types and bounds:
//
//	AttachRules puts the check of a route into its operation  →  Huma validates the schema
//	  →  the input's Resolve method calls CheckInput  →  each fault becomes an entry of "errors"
package validation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/apperr"
)

// Faults collects the fields of a request that break a rule. The zero value is ready for use.
type Faults []apperr.Field

// Add adds the fault of the field at location, such as "email". It adds nothing if err is nil. If
// err is an *apperr.Error with fields, it adds those instead.
func (f *Faults) Add(location string, err error) {
	var e *apperr.Error
	switch {
	case err == nil:
	case errors.As(err, &e) && len(e.Fields) > 0:
		*f = append(*f, e.Fields...)
	case e != nil:
		*f = append(*f, apperr.Field{Location: location, Message: e.Detail})
	default:
		*f = append(*f, apperr.Field{Location: location, Message: err.Error()})
	}
}

// Err returns a validation error with the faults, or nil if there are none.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	return apperr.InvalidFields(f...)
}

// InvalidAt returns the validation error of one field at an absolute location, such as
// "query.cursor".
func InvalidAt(location, message string) *apperr.Error {
	return apperr.InvalidFields(apperr.FieldAt(location, message))
}

// checkKey finds the check of a route in the metadata of its operation.
const checkKey = "lyceum.rules"

// AttachRules makes CheckInput call check for requests of op. It panics if *I is not a
// huma.Resolver, as its rules would never be checked.
func AttachRules[I any](op *huma.Operation, check func(ctx context.Context, in *I) Faults) {
	if !reflect.TypeFor[*I]().Implements(reflect.TypeFor[huma.Resolver]()) {
		panic(fmt.Sprintf("validation: %v has rules and no Resolve", reflect.TypeFor[I]()))
	}
	if op.Metadata == nil {
		op.Metadata = map[string]any{}
	}
	op.Metadata[checkKey] = func(ctx context.Context, in any) Faults { return check(ctx, in.(*I)) }
}

// CheckInput returns the faults of an input as errors for Huma. The Resolve method of every input
// with rules returns its result.
func CheckInput(ctx huma.Context, in any) []error {
	check, ok := ctx.Operation().Metadata[checkKey].(func(context.Context, any) Faults)
	if !ok {
		return nil
	}
	var out []error
	for _, f := range check(ctx.Context(), in) {
		out = append(out, &FieldError{f})
	}
	return out
}

// FieldError carries a fault through Huma to package problem.
type FieldError struct{ apperr.Field }

// Error returns the absolute location and the message.
func (e *FieldError) Error() string { return e.AbsoluteLocation() + ": " + e.Message }

// GetStatus returns 422, as Huma asks of an error.
func (e *FieldError) GetStatus() int { return http.StatusUnprocessableEntity }
