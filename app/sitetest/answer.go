package sitetest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Answer is the answer to a call.
type Answer struct {
	Status int
	Header http.Header
	// Raw is the body, and JSON what it holds if it is an object.
	Raw  []byte
	JSON map[string]any
}

// ParseAnswer reads a response to its end and closes it.
func ParseAnswer(res *http.Response) (a Answer, err error) {
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return a, err
	}
	a = Answer{Status: res.StatusCode, Header: res.Header, Raw: raw}
	_ = json.Unmarshal(raw, &a.JSON) // what is no object has no fields
	return a, nil
}

// readAnswer is ParseAnswer for a response that comes whole.
func readAnswer(t testing.TB, res *http.Response) Answer {
	t.Helper()
	a, err := ParseAnswer(res)
	require.NoError(t, err)
	return a
}

// Get returns the value at a dotted path, such as "items.0.id"; nil if there is none. An index has
// one digit.
func (a Answer) Get(path string) any {
	var v any = a.JSON
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i := int(part[0] - '0')
			if i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// Text returns the text at a dotted path, "" if there is none.
func (a Answer) Text(path string) string { s, _ := a.Get(path).(string); return s }

// Items returns the elements of a page.
func (a Answer) Items() []any { items, _ := a.JSON["items"].([]any); return items }

// InvalidText holds JSON escapes that no text may have: U+0000 and lone surrogates.
var InvalidText = []string{
	`a\u0000b`, `\u0000`, `a\ud800b`, `a\udfffb`, `\udc00\ud800`, `\ud83d\ud83d\ude00`, `\ud83dA`,
}
