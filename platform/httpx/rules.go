package httpx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/apperr"
)

// Faults collects the fields of a request that break a rule.
type Faults []apperr.Field

// Add notes what is wrong with the field at location, such as "email"; nil notes nothing. An error with fields of its
// own keeps them.
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

// err is 422 for what was found, nil for nothing.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return apperr.InvalidFields(f...)
}

// rulesKey finds the rules of a route in its operation.
const rulesKey = "lyceum.rules"

// Rules holds a route's input to rules that a schema can't say and that need no data, so that they are told together with
// broken types and bounds. check gets the input as far as it could be read: it must leave out what is empty, which the
// schema has refused already or which is optional. The input type needs the method
//
//	func (in *createInput) Resolve(ctx huma.Context) []error { return httpx.CheckRules(ctx, in) }
func Rules[I any](check func(ctx context.Context, in *I) Faults) Option {
	if !reflect.TypeFor[*I]().Implements(reflect.TypeFor[huma.Resolver]()) {
		panic(fmt.Sprintf("httpx: %v has rules and no Resolve", reflect.TypeFor[I]()))
	}
	return func(r *Route) {
		if r.op.Metadata == nil {
			r.op.Metadata = map[string]any{}
		}
		r.op.Metadata[rulesKey] = func(ctx context.Context, in any) Faults { return check(ctx, in.(*I)) }
	}
}

// CheckRules is what the Resolve method of an input with Rules returns.
func CheckRules(ctx huma.Context, in any) []error {
	check, ok := ctx.Operation().Metadata[rulesKey].(func(context.Context, any) Faults)
	if !ok {
		return nil
	}
	var out []error
	for _, f := range check(ctx.Context(), in) {
		out = append(out, &fieldError{f})
	}
	return out
}

// fieldError is a broken rule on its way through Huma.
type fieldError struct{ apperr.Field }

func (e *fieldError) Error() string  { return e.Absolute() + ": " + e.Message }
func (e *fieldError) GetStatus() int { return http.StatusUnprocessableEntity }

// missingProperty is Huma's message for a property that is required and not there, around its name.
const missingBefore, missingAfter = "expected required property ", " to be present"

// placeMissing tells of a missing field at the place where it should be, not at the object that lacks it.
func placeMissing(f apperr.Field) apperr.Field {
	if name, ok := strings.CutPrefix(f.Message, missingBefore); ok && strings.HasSuffix(name, missingAfter) {
		return apperr.Field{Location: strings.TrimSuffix(name, missingAfter), Message: "is missing", Place: f.Place}.Under(f.Location)
	}
	return f
}
