package openapi

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"
)

const exampleText = `{
	"PATCH /notes/{id}": {
		"path": "/notes/n-7?limit=20&tags=a,b&q=red", "request": {"text": "new"}, "status": 200, "answer": {"id": "n-7"}
	}
}`

// newNoteOperation returns an operation with a body, an answer and parameters of several types.
func newNoteOperation() *huma.Operation {
	parameter := func(in, name, kind string) *huma.Param {
		return &huma.Param{Name: name, In: in, Schema: &huma.Schema{Type: kind}}
	}
	json := func() map[string]*huma.MediaType { return map[string]*huma.MediaType{"application/json": {}} }
	return &huma.Operation{
		Method: http.MethodPatch, Path: "/notes/{id}",
		RequestBody: &huma.RequestBody{Content: json()},
		Responses:   map[string]*huma.Response{"200": {Content: json()}, "default": {}},
		Parameters: []*huma.Param{
			parameter("path", "id", huma.TypeString), parameter("query", "limit", huma.TypeInteger),
			parameter("query", "tags", huma.TypeArray), parameter("query", "q", huma.TypeString),
			parameter("header", "q", huma.TypeString), {Name: "If-Match", In: "header"},
		},
	}
}

func TestParseExamples(t *testing.T) {
	examples, err := ParseExamples(nil)
	require.NoError(t, err)
	require.Empty(t, examples)
	examples, err = ParseExamples([]byte(exampleText))
	require.NoError(t, err)
	require.Equal(t, 200, examples["PATCH /notes/{id}"].Status)
	_, err = ParseExamples([]byte(`{"GET /notes": []}`))
	require.ErrorContains(t, err, "examples of operations")
}

func TestExamplesOfAnOperation(t *testing.T) {
	examples, err := ParseExamples([]byte(exampleText))
	require.NoError(t, err)
	op := newNoteOperation()
	shared := op.Parameters[3]
	examples.ApplyTo(op)
	require.JSONEq(t, `{"text": "new"}`, string(op.RequestBody.Content["application/json"].Example.(json.RawMessage)))
	require.JSONEq(t, `{"id": "n-7"}`, string(op.Responses["200"].Content["application/json"].Example.(json.RawMessage)))
	var values []any
	for _, p := range op.Parameters {
		values = append(values, p.Example)
	}
	require.Equal(t, []any{"n-7", json.RawMessage("20"), []string{"a", "b"}, "red", nil, nil}, values)
	require.Nil(t, shared.Example, "a parameter that operations share is not changed")

	other := newNoteOperation()
	other.Path = "/others/{id}"
	examples.ApplyTo(other)
	require.Nil(t, other.RequestBody.Content["application/json"].Example, "it has no example")
}
