package apperr

import (
	"fmt"
	"strings"

	"lyceum/platform/text"
)

// Place is the part of a request that a field is in: its body, query, path or headers.
type Place string

// The places. Modules name fields of bodies only, so InBody is the zero value; the HTTP layer names
// the others.
const (
	InBody   Place = ""
	InQuery  Place = "query"
	InPath   Place = "path"
	InHeader Place = "header"
)

// Field is one part of a request that breaks a rule.
type Field struct {
	// Location is the path of the field inside of its place, such as "title" or "items[2].email".
	// It is "" for the place as a whole.
	Location string `json:"location"`
	// Message says what is accepted or what is wrong, to follow the name of the field.
	Message string `json:"message"`
	// Place is the part of the request, InBody unless it is set.
	Place Place `json:"-"`
}

// FieldAt returns the field at an absolute location, such as "query.limit" or "body". It is the
// reverse of Field.AbsoluteLocation.
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

// AbsoluteLocation returns the location behind the name of its place, such as "body.title", as
// answers show it.
func (f Field) AbsoluteLocation() string {
	place := string(f.Place)
	if f.Place == InBody {
		place = "body"
	}
	return joinLocation(place, f.Location)
}

// MoveUnder returns a copy of the field whose location is below parent, in the same place.
func (f Field) MoveUnder(parent string) Field {
	f.Location = joinLocation(parent, f.Location)
	return f
}

// joinLocation returns the location of child inside of parent. Indexes follow without a dot.
func joinLocation(parent, child string) string {
	if parent == "" || child == "" || strings.HasPrefix(child, "[") {
		return parent + child
	}
	return parent + "." + child
}

// MoveFieldsUnder returns err with its fields moved below location. It is for a document that came
// inside of a body, such as a file of an archive. An *Error without fields becomes a validation
// error at the location itself. Any other error is returned unchanged.
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

// maxExplainedFields is how many broken rules a detail spells out. Fields has all of them.
const maxExplainedFields = 3

// maxNameBytes is how much of a name or a message is repeated in an answer. Names in JSON are the client's,
// and of any length.
const maxNameBytes = 200

// Shorten returns the field with a location and a message that are cut after 200 bytes, to be shown.
func (f Field) Shorten() Field {
	f.Location, f.Message = text.Shorten(f.Location, maxNameBytes), text.Shorten(f.Message, maxNameBytes)
	return f
}

// explainFields returns one sentence for the people who filled the fields in: which ones to
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
		parts = append(parts, text.Shorten(name, maxNameBytes)+" ("+text.Shorten(f.Message, maxNameBytes)+")")
	}
	detail := "Please correct " + strings.Join(parts, ", ")
	if more := len(fields) - maxExplainedFields; more > 0 {
		detail += fmt.Sprintf(" and %d more", more)
	}
	return detail + "."
}
