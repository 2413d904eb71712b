package httpx

import (
	"io"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"lyceum/platform/clock"
)

// Appender is a body that writes its own JSON, the same as would be written for its type, for measured hot paths:
// a test of its owner compares the two.
type Appender interface{ AppendJSON(b []byte) []byte }

// AppendJSON writes the page, whose items are Appenders or written by their type.
func (p Page[T]) AppendJSON(b []byte) []byte {
	b = append(b, `{"items":[`...)
	for i := range p.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(b, &p.Items[i])
	}
	b = AppendString(append(b, `],"next_cursor":`...), p.NextCursor)
	return append(b, '}')
}

// appendValue writes what v points to.
func appendValue(b []byte, v any) []byte {
	if a, ok := v.(Appender); ok {
		return a.AppendJSON(b)
	}
	raw, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err) // answers are plain structs of ours
	}
	return append(b, raw...)
}

// Object is a JSON object that is passed on as it is stored.
type Object string

// MarshalJSON gives the text.
func (o Object) MarshalJSON() ([]byte, error) { return []byte(o), nil }

// Schema is that of any object.
func (Object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// AppendText writes a JSON string.
func AppendText(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // what is stored is UTF-8
	return b
}

// AppendString writes a JSON string, or null.
func AppendString(b []byte, s *string) []byte {
	if s == nil {
		return append(b, `null`...)
	}
	return AppendText(b, *s)
}

// AppendTime writes a time as JSON.
func AppendTime(b []byte, t clock.Time) []byte {
	return append(t.Std().AppendFormat(append(b, '"'), clock.Layout), '"')
}

// AppendTimePtr writes a time as JSON, or null.
func AppendTimePtr(b []byte, t *clock.Time) []byte {
	if t == nil {
		return append(b, `null`...)
	}
	return AppendTime(b, *t)
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// maxKept is how large a buffer may be that waits for the next answer.
const maxKept = 256 << 10

func writeAppended(w io.Writer, a Appender) error {
	buf := buffers.Get().(*[]byte)
	b := a.AppendJSON((*buf)[:0])
	_, err := w.Write(b)
	if cap(b) <= maxKept {
		*buf = b
		buffers.Put(buf)
	}
	return err
}
