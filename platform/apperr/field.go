package apperr

import (
	"fmt"
	"strings"
)

// Place is the part of a request that a field is in.
type Place string

// The places. Modules know only bodies; the HTTP layer names the others.
const (
	InBody   Place = ""
	InQuery  Place = "query"
	InPath   Place = "path"
	InHeader Place = "header"
)

// Field is one part of a request that breaks a rule.
type Field struct {
	// Location is where the field is inside of its place, such as "title" or "items[2].email";
	// empty for the whole place.
	Location string `json:"location"`
	// Message says what is accepted, or what is wrong.
	Message string `json:"message"`
	// Place is the part of the request, the body unless it says otherwise.
	Place Place `json:"-"`
}

// FieldAt returns the field at an absolute location, such as "query.limit" or "body".
func FieldAt(location, message string) Field {
	place, rest := location, ""
	if end := strings.IndexAny(location, ".["); end >= 0 {
		place, rest = location[:end], strings.TrimPrefix(location[end:], ".")
	}
	if place == "body" {
		return Field{Location: rest, Message: message}
	}
	return Field{Location: rest, Message: message, Place: Place(place)}
}

// AbsoluteLocation returns the location with its place in front, such as "body.title", as an answer
// names it.
func (f Field) AbsoluteLocation() string {
	place := string(f.Place)
	if f.Place == InBody {
		place = "body"
	}
	return joinLocation(place, f.Location)
}

// MoveUnder returns the field below a location of the same place.
func (f Field) MoveUnder(location string) Field {
	f.Location = joinLocation(location, f.Location)
	return f
}

func joinLocation(parent, child string) string {
	if parent == "" || child == "" || strings.HasPrefix(child, "[") {
		return parent + child
	}
	return parent + "." + child
}

// MoveFieldsUnder returns err with its fields below location, for a document that came inside of a
// body. An *Error without fields becomes one of kind Invalid that blames the location itself; any
// other error is returned as it is.
func MoveFieldsUnder(location string, err error) error {
	e, ok := As(err)
	if !ok {
		return err
	}
	if len(e.Fields) == 0 {
		return Invalid(location, e.Detail)
	}
	moved := *e
	moved.Fields = make([]Field, len(e.Fields))
	for i, f := range e.Fields {
		moved.Fields[i] = f.MoveUnder(location)
	}
	return &moved
}

// maxExplainedFields is how many broken rules a detail spells out. The fields of the error name all
// of them.
const maxExplainedFields = 3

// explainFields returns one sentence for the person who filled the fields in: which ones to
// correct, and why.
func explainFields(fields []Field) string {
	if len(fields) == 0 {
		return "Something in the request is not accepted."
	}
	parts := make([]string, 0, maxExplainedFields)
	for _, f := range fields[:min(len(fields), maxExplainedFields)] {
		name := f.Location
		if name == "" {
			name = f.AbsoluteLocation()
		}
		parts = append(parts, name+" ("+f.Message+")")
	}
	text := "Please correct " + strings.Join(parts, ", ")
	if more := len(fields) - maxExplainedFields; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text + "."
}
