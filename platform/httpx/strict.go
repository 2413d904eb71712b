package httpx

import (
	"bytes"
	"errors"
	"io"
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

// strictJSON reads and writes JSON for Huma. checkJSON has refused repeated names, U+0000 and
// lone surrogates before Unmarshal sees the body.
var strictJSON = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		if a, ok := v.(Appender); ok {
			return writeAppended(w, a)
		}
		return json.MarshalWrite(w, v, json.Deterministic(true))
	},
	Unmarshal: func(b []byte, v any) error { return unmarshalStrict(b, v) },
}

// typeError says which value does not fit; the library's own text would echo it.
type typeError struct{ pointer string }

func (e *typeError) Error() string {
	if e.pointer == "" {
		return "a value does not fit its type"
	}
	return strings.TrimPrefix(dottedPath(e.pointer), ".") + ": the value does not fit its type"
}

func unmarshalStrict(b []byte, v any) error {
	err := json.Unmarshal(b, v)
	if err == nil {
		return nil
	}
	if s := (*json.SemanticError)(nil); errors.As(err, &s) {
		return &typeError{string(s.JSONPointer)}
	}
	return &typeError{}
}

// DecodeJSON reads JSON that came inside another body as strictly as a body itself: 422 at the location for
// all that is wrong with it, names that v does not have included.
func DecodeJSON(location string, raw []byte, v any) error {
	if err := checkJSON(raw); err != nil {
		return elsewhere(location, err)
	}
	err := json.Unmarshal(raw, v, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	message := "the value does not fit its type"
	if errors.Is(err, json.ErrUnknownName) {
		message = "there is no such name"
	}
	if s := (*json.SemanticError)(nil); errors.As(err, &s) {
		location += dottedPath(string(s.JSONPointer))
	}
	return apperr.Invalid(location, message)
}

// elsewhere tells at another place what checkJSON says of a body.
func elsewhere(location string, err error) error {
	e, ok := apperr.As(err)
	if !ok {
		return err
	}
	if len(e.Fields) == 0 {
		return apperr.Invalid(location, e.Detail)
	}
	f := e.Fields[0]
	return apperr.Invalid(location+strings.TrimPrefix(f.Location, "body"), f.Message)
}

// checkJSON holds a body to the contract before anyone decodes it: 400 for what is not JSON or
// nests too deep, 422 for well-formed JSON that breaks a rule (ASVS 1.5.3, 2.2.1).
func checkJSON(body []byte) error {
	if !utf8.Valid(body) {
		return apperr.Malformed("The body is not UTF-8.")
	}
	if err := walkJSON(body); err != nil {
		return err
	}
	dec := jsontext.NewDecoder(bytes.NewReader(body))
	err := skipAll(dec)
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return apperr.Invalid("body"+dottedPath(pointerOf(err)), "the name stands there twice")
	}
	if err != nil {
		return apperr.Invalid("body"+dottedPath(pointerOf(err)), "a lone surrogate is no character")
	}
	return nil
}

func pointerOf(err error) string {
	if s := (*jsontext.SyntacticError)(nil); errors.As(err, &s) {
		return string(s.JSONPointer)
	}
	return ""
}

// walkJSON looks at every token leniently, so that what is left for the strict pass breaks a rule
// rather than the syntax.
func walkJSON(body []byte) error {
	dec := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		tok, err := dec.ReadToken()
		if errors.Is(err, io.EOF) && dec.StackDepth() == 0 {
			break
		}
		if err != nil {
			return apperr.Malformed("The body is not valid JSON.")
		}
		if dec.StackDepth() > maxJSONDepth {
			return apperr.Malformed("The body nests deeper than 32 levels.")
		}
		if tok.Kind() == '"' && strings.ContainsRune(tok.String(), 0) {
			return apperr.Invalid("body"+dottedPath(string(dec.StackPointer())), "U+0000 is not accepted")
		}
		if dec.StackDepth() == 0 {
			break
		}
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return apperr.Malformed("Something follows the JSON value.")
	}
	return nil
}

func skipAll(dec *jsontext.Decoder) error {
	for {
		if err := dec.SkipValue(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// dottedPath turns a JSON pointer (RFC 6901) into the ".items.0.name" of our locations.
func dottedPath(pointer string) string {
	p := strings.NewReplacer("/", ".", "~1", "/", "~0", "~").Replace(pointer)
	return p[:min(len(p), 200)]
}
