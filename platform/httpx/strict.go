package httpx

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"lyceum/platform/apperr"
)

// Bounds of a JSON body.
const (
	maxJSONBody  = 1 << 20
	maxJSONDepth = 32
)

// strictJSON reads and writes JSON for Huma. checkJSON has found repeated names, U+0000 and lone surrogates before; what it
// found is read all the same, so that the rules which the fields break are told together with it.
var strictJSON = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		if a, ok := v.(Appender); ok {
			return writeAppended(w, a)
		}
		return json.MarshalWrite(w, v, json.Deterministic(true))
	},
	Unmarshal: func(b []byte, v any) error { return unmarshalStrict(b, v) },
}

// typeError says which values do not fit; the library's own text would echo them.
type typeError struct{ pointers []string }

const misfit = "the value does not fit its type"

// afterPlace stands between the place of a value and misfit in the text of a typeError, which holds a line for each.
const afterPlace = ": "

func (e *typeError) Error() string {
	if len(e.pointers) == 0 {
		return "a value does not fit its type"
	}
	lines := make([]string, len(e.pointers))
	for i, p := range e.pointers {
		lines[i] = strings.TrimPrefix(dottedPath(p), ".") + afterPlace + misfit
	}
	return strings.Join(lines, "\n")
}

// misfits takes the text of a typeError apart: a fault for each value, at its own place.
func misfits(f apperr.Field) (out []apperr.Field) {
	for line := range strings.SplitSeq(f.Message, "\n") {
		place, ok := strings.CutSuffix(line, afterPlace+misfit)
		if !ok {
			return []apperr.Field{f}
		}
		out = append(out, apperr.Field{Location: place, Message: misfit, Place: f.Place}.Under(f.Location))
	}
	return out
}

func unmarshalStrict(b []byte, v any) error {
	err := json.Unmarshal(b, v, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err == nil {
		return nil
	}
	pointers := readFields(b, v)
	if s := (*json.SemanticError)(nil); errors.As(err, &s) && len(pointers) == 0 {
		pointers = []string{string(s.JSONPointer)}
	}
	return &typeError{pointers}
}

// readFields reads as many fields of a body as fit their types. One that does not fit ends the decoding of all that follow,
// whose rules could not be told then. It returns where values do not fit.
func readFields(b []byte, v any) (pointers []string) {
	var fields map[string]jsontext.Value
	if json.Unmarshal(b, &fields, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		quoted, err := jsontext.AppendQuote(nil, name)
		if err != nil {
			continue
		}
		field := slices.Concat([]byte{'{'}, quoted, []byte{':'}, value, []byte{'}'})
		err = json.Unmarshal(field, v, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		if s := (*json.SemanticError)(nil); errors.As(err, &s) {
			pointers = append(pointers, string(s.JSONPointer))
		}
	}
	return pointers
}

// DecodeJSON reads JSON that came inside another body as strictly as a body itself: 422 at the location for
// all that is wrong with it, names that v does not have included.
func DecodeJSON(location string, raw []byte, v any) error {
	faults, err := checkJSON(raw)
	if err == nil && len(faults) > 0 {
		err = apperr.InvalidFields(faults...)
	}
	if err != nil {
		return apperr.FieldsUnder(location, err)
	}
	err = json.Unmarshal(raw, v, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	message := misfit
	if errors.Is(err, json.ErrUnknownName) {
		message = "there is no such name"
	}
	if s := (*json.SemanticError)(nil); errors.As(err, &s) {
		location += dottedPath(string(s.JSONPointer))
	}
	return apperr.Invalid(location, message)
}

// checkJSON holds a body to the contract before anyone decodes it (ASVS 1.5.3, 2.2.1). It returns 400 for what is not JSON or
// nests too deep, and otherwise every place at which well-formed JSON breaks a rule: repeated names, U+0000, lone surrogates.
func checkJSON(body []byte) ([]apperr.Field, error) {
	if !utf8.Valid(body) {
		return nil, apperr.Malformed("The body is not UTF-8.")
	}
	if isPlainJSON(body) {
		return nil, nil
	}
	return findJSONFaults(body)
}

// isPlainJSON reports whether nothing can be wrong with the body as a text. It is the quick way for nearly every request.
func isPlainJSON(body []byte) bool {
	if bytes.Contains(body, []byte(`\u0000`)) {
		return false
	}
	dec := jsontext.NewDecoder(bytes.NewReader(body))
	for read := 0; ; read++ {
		if _, err := dec.ReadToken(); err != nil {
			return errors.Is(err, io.EOF) && read > 0
		}
		if dec.StackDepth() > maxJSONDepth || dec.StackDepth() == 0 && dec.InputOffset() < int64(len(bytes.TrimRight(body, " \t\r\n"))) {
			return false
		}
	}
}

// findJSONFaults looks at every token leniently, so that what is found breaks a rule rather than the syntax.
func findJSONFaults(body []byte) (faults []apperr.Field, err error) {
	dec := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	note := func(message string) {
		faults = append(faults, apperr.FieldAt("body"+dottedPath(string(dec.StackPointer())), message))
	}
	var names []map[string]bool // of the objects that are open
	for before := int64(0); ; before = dec.InputOffset() {
		tok, err := dec.ReadToken()
		if err != nil {
			return nil, apperr.Malformed("The body is not valid JSON.")
		}
		if dec.StackDepth() > maxJSONDepth {
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
			if literal := bytes.TrimLeft(body[before:dec.InputOffset()], " \t\r\n,:"); !jsontext.Value(literal).IsValid() {
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

// dottedPath turns a JSON pointer (RFC 6901) into the ".items.0.name" of our locations.
func dottedPath(pointer string) string {
	p := strings.NewReplacer("/", ".", "~1", "/", "~0", "~").Replace(pointer)
	return p[:min(len(p), 200)]
}
