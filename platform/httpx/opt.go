package httpx

import (
	"errors"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
)

// Opt is an optional field of a PATCH that null clears: left out, null, or a value.
type Opt[T any] struct {
	Set   bool
	Null  bool
	Value T
}

// Ptr is the value, or nil when the field was left out or null.
func (o Opt[T]) Ptr() *T {
	if !o.Set || o.Null {
		return nil
	}
	return &o.Value
}

// UnmarshalJSON notes whether the field was there at all.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	o.Set = true
	if string(b) == "null" {
		o.Null = true
		return nil
	}
	return json.Unmarshal(b, &o.Value)
}

// IsZero makes omitzero leave an absent field out.
func (o Opt[T]) IsZero() bool { return !o.Set }

// Schema is the value's schema, nullable.
func (o Opt[T]) Schema(r huma.Registry) *huma.Schema {
	s := *huma.SchemaFromType(r, reflect.TypeFor[T]())
	s.Nullable = true
	return &s
}

// Given is an optional field of a PATCH that can't be cleared: left out or a value, but not null.
type Given[T any] struct{ Value *T }

// UnmarshalJSON refuses null.
func (g *Given[T]) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return errors.New("null is not accepted")
	}
	g.Value = new(T)
	return json.Unmarshal(b, g.Value)
}

// IsZero makes omitzero leave an absent field out.
func (g Given[T]) IsZero() bool { return g.Value == nil }

// Schema is the value's schema.
func (g Given[T]) Schema(r huma.Registry) *huma.Schema {
	s := *huma.SchemaFromType(r, reflect.TypeFor[T]())
	s.Nullable = false
	return &s
}
