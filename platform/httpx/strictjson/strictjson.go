// Package strictjson reads JSON bodies as strictly as the API promises (ASVS 1.5.3, 2.2.1). A body
// passes two steps:
//
//	CheckText  the text: syntax, UTF-8, depth, repeated names, U+0000, lone surrogates
//	Unmarshal  the values: each fits the type of its field; Huma then validates the schema
//
// The rules that CheckText finds broken in well-formed JSON do not stop Unmarshal, so that one
// answer reports all of them.
package strictjson

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/jsonappend"
)

// Bounds of a JSON body: its length in bytes, and how deep arrays and objects may stand in each
// other.
const (
	MaxBytes = 1 << 20
	MaxDepth = 32
)

// Marshal writes the JSON of v to w, with the members of maps in order. A jsonappend.Value writes
// itself.
func Marshal(w io.Writer, v any) error {
	if a, ok := v.(jsonappend.Value); ok {
		return jsonappend.Write(w, a)
	}
	return json.MarshalWrite(w, v, json.Deterministic(true))
}

// lenient makes the decoder accept the broken rules that CheckText reports.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// Unmarshal reads a body that CheckText accepted into v. It reads every field that fits its type
// and returns an error that names the others; SplitTypeFaults makes fields of it. The error never
// has a value, which may be a password.
func Unmarshal(b []byte, v any) error {
	err := json.Unmarshal(b, v, lenient)
	if err == nil {
		return nil
	}
	pointers := readFields(b, v)
	if s := (*json.SemanticError)(nil); errors.As(err, &s) && len(pointers) == 0 {
		pointers = []string{string(s.JSONPointer)}
	}
	return &typeError{pointers}
}

// typeError names the values that do not fit their types, as JSON pointers.
type typeError struct{ pointers []string }

// typeMessage is the message of the fault of such a value.
const typeMessage = "the value does not fit its type"

// locationEnd stands between the location of a value and typeMessage in the text of a typeError.
const locationEnd = ": "

// Error returns a line for each value.
func (e *typeError) Error() string {
	if len(e.pointers) == 0 {
		return "a value does not fit its type"
	}
	lines := make([]string, len(e.pointers))
	for i, p := range e.pointers {
		lines[i] = strings.TrimPrefix(dottedPath(p), ".") + locationEnd + typeMessage
	}
	return strings.Join(lines, "\n")
}

// SplitTypeFaults returns a fault for each value that an error of Unmarshal names in the message of
// f, located below f. It returns f alone if the message is not from Unmarshal.
func SplitTypeFaults(f apperr.Field) (faults []apperr.Field) {
	for line := range strings.SplitSeq(f.Message, "\n") {
		location, ok := strings.CutSuffix(line, locationEnd+typeMessage)
		if !ok {
			return []apperr.Field{f}
		}
		fault := apperr.Field{Location: location, Message: typeMessage, Place: f.Place}
		faults = append(faults, fault.MoveUnder(f.Location))
	}
	return faults
}

// readFields reads each field of an object on its own and returns the JSON pointers of the values
// that do not fit. In one pass, the first of them would end the decoding, and the rules of later
// fields could not be checked.
func readFields(b []byte, v any) (pointers []string) {
	var fields map[string]jsontext.Value
	if json.Unmarshal(b, &fields, lenient) != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		quoted, err := jsontext.AppendQuote(nil, name)
		if err != nil {
			continue
		}
		field := slices.Concat([]byte{'{'}, quoted, []byte{':'}, value, []byte{'}'})
		err = json.Unmarshal(field, v, lenient)
		if s := (*json.SemanticError)(nil); errors.As(err, &s) {
			pointers = append(pointers, string(s.JSONPointer))
		}
	}
	return pointers
}

// Decode reads JSON that came inside of another body into v, such as a file of an archive, as
// strictly as a body itself, and accepts no names that v does not have. It returns a validation
// error at or below location, which is relative to the body.
func Decode(location string, raw []byte, v any) error {
	faults, err := CheckText(raw)
	if err == nil && len(faults) > 0 {
		err = apperr.InvalidFields(faults...)
	}
	if err != nil {
		return apperr.MoveFieldsUnder(location, err)
	}
	err = json.Unmarshal(raw, v, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	message := typeMessage
	if errors.Is(err, json.ErrUnknownName) {
		message = "there is no such name"
	}
	if s := (*json.SemanticError)(nil); errors.As(err, &s) {
		location += dottedPath(string(s.JSONPointer))
	}
	return apperr.Invalid(location, message)
}

// CheckText checks the text of a body before it is decoded. It returns a malformed-request error
// for a text that is not one JSON value in UTF-8 or nests deeper than MaxDepth. Otherwise it
// returns a fault for each place that breaks a rule: a repeated name, U+0000, a lone surrogate.
// Parsers disagree about those.
func CheckText(body []byte) ([]apperr.Field, error) {
	if !utf8.Valid(body) {
		return nil, apperr.Malformed("The body is not UTF-8.")
	}
	if isPlain(body) {
		return nil, nil
	}
	return findFaults(body)
}

// isPlain reports whether the text has no fault at all. It is true for nearly every request, in one
// pass without allocations.
func isPlain(body []byte) bool {
	if bytes.Contains(body, []byte(`\u0000`)) {
		return false
	}
	end := int64(len(bytes.TrimRight(body, " \t\r\n")))
	dec := jsontext.NewDecoder(bytes.NewReader(body))
	for read := 0; ; read++ {
		if _, err := dec.ReadToken(); err != nil {
			return errors.Is(err, io.EOF) && read > 0
		}
		if dec.StackDepth() > MaxDepth || dec.StackDepth() == 0 && dec.InputOffset() < end {
			return false
		}
	}
}

// findFaults returns the broken rules of a text, or an error for broken syntax. It reads every
// token leniently to tell the two apart.
func findFaults(body []byte) (faults []apperr.Field, err error) {
	dec := jsontext.NewDecoder(bytes.NewReader(body), lenient)
	note := func(message string) {
		faults = append(faults, apperr.FieldAt("body"+dottedPath(string(dec.StackPointer())), message))
	}
	var names []map[string]bool // the names that each open object has so far
	for before := int64(0); ; before = dec.InputOffset() {
		tok, err := dec.ReadToken()
		if err != nil {
			return nil, apperr.Malformed("The body is not valid JSON.")
		}
		if dec.StackDepth() > MaxDepth {
			return nil, apperr.Malformed("The body nests deeper than 32 levels.")
		}
		switch tok.Kind() {
		case '{':
			names = append(names, map[string]bool{})
		case '}':
			names = names[:len(names)-1]
		case '"':
			text := tok.String()
			if strings.ContainsRune(text, 0) {
				note("U+0000 is not accepted")
			}
			literal := bytes.TrimLeft(body[before:dec.InputOffset()], " \t\r\n,:")
			if !jsontext.Value(literal).IsValid() {
				note("a lone surrogate is no character")
			}
			if kind, read := dec.StackIndex(dec.StackDepth()); kind == '{' && read%2 == 1 {
				if open := names[len(names)-1]; open[text] {
					note("the name stands there twice")
				} else {
					open[text] = true
				}
			}
		}
		if dec.StackDepth() == 0 {
			break
		}
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, apperr.Malformed("Something follows the JSON value.")
	}
	return faults, nil
}

// dottedPath returns the form ".items.0.name" of a JSON pointer (RFC 6901), cut to 200 bytes.
func dottedPath(pointer string) string {
	p := strings.NewReplacer("/", ".", "~1", "/", "~0", "~").Replace(pointer)
	return p[:min(len(p), 200)]
}
