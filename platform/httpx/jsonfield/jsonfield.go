// Package jsonfield has types for fields of request and response bodies that plain Go types can't
// express. The fields of a PATCH are Optional, or Nullable where null clears them:
//
//	body            Optional[T]       Nullable[T]
//	{}              Value == nil      Set == false
//	{"f": null}     422               Set and Null
//	{"f": value}    Value points to   Set, Value
package jsonfield

import (
	"errors"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/validation"
)

// Nullable is a field of a PATCH that null clears: absent, null or a value.
type Nullable[T any] struct {
	// Set says that the body has the field; Null, that it is null there.
	Set, Null bool
	// Value is the zero value unless the body has one.
	Value T
}

// Ptr returns a pointer to the value, or nil if the field is absent or null.
func (n Nullable[T]) Ptr() *T {
	if !n.Set || n.Null {
		return nil
	}
	return &n.Value
}

// UnmarshalJSON reads a value or null. It is not called for an absent field, whose Set stays false.
func (n *Nullable[T]) UnmarshalJSON(b []byte) error {
	n.Set = true
	if string(b) == "null" {
		n.Null = true
		return nil
	}
	return json.Unmarshal(b, &n.Value)
}

// IsZero reports whether the field is absent, so that omitzero leaves it out.
func (n Nullable[T]) IsZero() bool { return !n.Set }

// Schema returns the schema of the value, nullable.
func (n Nullable[T]) Schema(r huma.Registry) *huma.Schema {
	s := *huma.SchemaFromType(r, reflect.TypeFor[T]())
	s.Nullable = true
	return &s
}

// Optional is a field of a PATCH that can't be cleared: absent, when Value is nil, or a value.
type Optional[T any] struct {
	Value *T

	isNull bool
}

// errNull is the fault of a field that can't be cleared.
var errNull = errors.New("null is not accepted")

// UnmarshalJSON reads a value. It returns an error for null.
func (o *Optional[T]) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		o.isNull = true
		return errNull
	}
	o.Value = new(T)
	return json.Unmarshal(b, o.Value)
}

// Resolve implements huma.ResolverWithPath. Huma's schema lets null pass for every field that may be
// absent, and drops the error of UnmarshalJSON when another field is wrong.
func (o *Optional[T]) Resolve(_ huma.Context, path *huma.PathBuffer) []error {
	if !o.isNull {
		return nil
	}
	return []error{&validation.FieldError{Field: apperr.FieldAt(path.String(), errNull.Error())}}
}

// IsZero reports whether the field is absent, so that omitzero leaves it out.
func (o Optional[T]) IsZero() bool { return o.Value == nil }

// Schema returns the schema of the value; it is not nullable.
func (o Optional[T]) Schema(r huma.Registry) *huma.Schema {
	s := *huma.SchemaFromType(r, reflect.TypeFor[T]())
	s.Nullable = false
	return &s
}

// Object is a JSON object that is answered byte for byte as it is stored, such as a signed one.
type Object string

// MarshalJSON returns the text itself.
func (o Object) MarshalJSON() ([]byte, error) { return []byte(o), nil }

// Schema returns the schema of an object with any members.
func (Object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}
