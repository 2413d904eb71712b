// Package jsonappend writes JSON by appending to a buffer, for answers on measured hot paths. A type
// that implements Value writes exactly the text that the JSON library would write for it; a test of
// its owner compares the two.
package jsonappend

import (
	"io"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"lyceum/platform/clock"
)

// Value is a value that appends its own JSON.
type Value interface{ AppendJSON(b []byte) []byte }

// AppendValue appends the JSON of v. A Value writes itself; the JSON library writes every other
// type, with the members of maps in order. It panics for a type without JSON, such as a channel.
func AppendValue(b []byte, v any) []byte {
	if a, ok := v.(Value); ok {
		return a.AppendJSON(b)
	}
	raw, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err) // views are plain structs
	}
	return append(b, raw...)
}

// AppendText appends s as a JSON string. s is valid UTF-8.
func AppendText(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // stored texts are UTF-8
	return b
}

// AppendNullableText appends a JSON string, or null for nil.
func AppendNullableText(b []byte, s *string) []byte {
	if s == nil {
		return append(b, `null`...)
	}
	return AppendText(b, *s)
}

// AppendTime appends a time as a JSON string in clock.Layout. The library writes RFC 3339 several times faster than
// other layouts, so the milliseconds are added to it.
func AppendTime(b []byte, t clock.Time) []byte {
	b = t.StdTime().AppendFormat(append(b, '"'), time.RFC3339)
	millis := t.UnixMilli() % 1000
	if millis < 0 {
		millis += 1000
	}
	b[len(b)-1] = '.' // for the Z
	return append(b, byte('0'+millis/100), byte('0'+millis/10%10), byte('0'+millis%10), 'Z', '"')
}

// AppendNullableTime appends a time, or null for nil.
func AppendNullableTime(b []byte, t *clock.Time) []byte {
	if t == nil {
		return append(b, `null`...)
	}
	return AppendTime(b, *t)
}

// buffers holds the buffers of Write.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// maxPooledBytes is the capacity of the largest buffer that is kept: one huge answer must not hold
// its memory for ever.
const maxPooledBytes = 256 << 10

// Write writes the JSON of v to w in one call. It returns the error of w.
func Write(w io.Writer, v Value) error {
	buf := buffers.Get().(*[]byte)
	b := v.AppendJSON((*buf)[:0])
	_, err := w.Write(b)
	if cap(b) <= maxPooledBytes {
		*buf = b
		buffers.Put(buf)
	}
	return err
}
