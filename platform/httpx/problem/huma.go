package problem

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/strictjson"
	"lyceum/platform/httpx/validation"
)

// WriteHuma answers a request of Huma with the problem of err, in place of an answer that was
// written before.
func WriteHuma(ctx huma.Context, err error) {
	p := FromError(ctx.Context(), err)
	humafiber.Unwrap(ctx).Response().ResetBody()
	p.SetHeaders(ctx.SetHeader)
	ctx.SetHeader(fiber.HeaderContentType, ContentType)
	ctx.SetStatus(p.Status)
	raw, err := p.MarshalJSON()
	if err == nil {
		_, _ = ctx.BodyWriter().Write(raw)
	}
}

// NewHandlerError returns the problem of err, with its headers, as the error of a Huma handler.
func NewHandlerError(ctx context.Context, err error) error {
	p, header := FromError(ctx, err), http.Header{}
	p.SetHeaders(header.Set)
	return huma.ErrorWithHeaders(p, header)
}

// FromHuma returns the problem of a request that Huma refuses. It takes the place of
// huma.NewErrorWithContext: Huma's own errors repeat the value, which may be a password. ctx may be
// nil.
func FromHuma(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
	c := context.Background()
	if ctx != nil {
		c = ctx.Context()
	}
	e := apperr.Malformed("The request could not be read.")
	switch {
	case status == http.StatusUnprocessableEntity:
		e = withTextFaults(requestinfo.FromContext(c), fieldsOf(errs))
	case status >= http.StatusInternalServerError:
		return FromError(c, errors.Join(append([]error{errors.New(msg)}, errs...)...))
	case status != http.StatusBadRequest:
		e = fromFiber(&fiber.Error{Code: status})
	case len(errs) > 0:
		// Readable JSON whose values do not fit their types.
		e = apperr.InvalidFields(fieldsOf(errs)...)
	}
	return FromError(c, e)
}

// withTextFaults returns the validation error of the faults of a request's text and of those that
// its schema and its rules name. Fields that the text left without a value are not said to be
// missing.
func withTextFaults(info *requestinfo.Info, fields []apperr.Field) *apperr.Error {
	fields = slices.DeleteFunc(fields, func(f apperr.Field) bool {
		return slices.Contains(info.UnreadFields, f.AbsoluteLocation())
	})
	return apperr.InvalidFields(slices.Concat(info.TextFaults, fields)...)
}

// fieldsOf returns the fields that errors of the schema and of the rules name. Rules for a field
// that the schema has refused are left out, as they say nothing new.
func fieldsOf(errs []error) []apperr.Field {
	out := make([]apperr.Field, 0, len(errs))
	named := map[string]bool{}
	var rules []apperr.Field
	for _, err := range errs {
		if f := (*validation.FieldError)(nil); errors.As(err, &f) {
			rules = append(rules, f.Field)
			continue
		}
		if d := (*huma.ErrorDetail)(nil); errors.As(err, &d) {
			for _, f := range strictjson.SplitTypeFaults(locateMissing(apperr.FieldAt(d.Location, d.Message))) {
				named[f.AbsoluteLocation()] = true
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
		if !named[f.AbsoluteLocation()] {
			out = append(out, f)
		}
	}
	return out
}

// missingPrefix and missingSuffix stand around the name in Huma's message for a required property
// that is absent.
const missingPrefix, missingSuffix = "expected required property ", " to be present"

// locateMissing returns the fault of an absent field at the field. Huma locates it at the object
// that lacks the field.
func locateMissing(f apperr.Field) apperr.Field {
	if name, ok := strings.CutPrefix(f.Message, missingPrefix); ok && strings.HasSuffix(name, missingSuffix) {
		name = strings.TrimSuffix(name, missingSuffix)
		return apperr.Field{Location: name, Message: "is missing", Place: f.Place}.MoveUnder(f.Location)
	}
	return f
}
