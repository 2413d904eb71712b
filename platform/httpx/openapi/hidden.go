package openapi

import (
	"reflect"
)

// FindHiddenEmbedding returns the name of a struct type that t embeds, at any depth, and that is not exported. JSON
// has the fields of such a type and Huma's schemas do not, so answers would not fit their document. It returns ""
// if there is none.
func FindHiddenEmbedding(t reflect.Type) string {
	return findHiddenEmbedding(t, map[reflect.Type]bool{})
}

func findHiddenEmbedding(t reflect.Type, seen map[reflect.Type]bool) string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return ""
	}
	seen[t] = true
	for i := range t.NumField() {
		field := t.Field(i)
		inner := field.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if field.Anonymous && !field.IsExported() && inner.Kind() == reflect.Struct {
			return inner.String()
		}
		if !field.IsExported() {
			continue
		}
		if name := findHiddenEmbedding(field.Type, seen); name != "" {
			return name
		}
	}
	return ""
}
