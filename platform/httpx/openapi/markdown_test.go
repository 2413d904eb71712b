package openapi

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
)

type authorInput struct {
	Name string `json:"name" minLength:"1" maxLength:"80"`
}

type noteInput struct {
	Color   string        `json:"color,omitempty" enum:"red,blue" doc:"Red | blue"`
	Pages   int           `json:"pages" minimum:"1"`
	Authors []authorInput `json:"authors,omitempty" maxItems:"3" nullable:"false"`
}

// newNotesDocument returns a document with one operation.
func newNotesDocument() *huma.OpenAPI {
	o := newDocument()
	o.Tags = []*huma.Tag{{Name: "notes", Description: "What people write down."}}
	schema := huma.SchemaFromType(o.Components.Schemas, reflect.TypeFor[noteInput]())
	op := &huma.Operation{
		Method: "POST", Path: "/notes/{id}", Tags: []string{"notes"}, Summary: "Write a note", Description: "Writes one note.",
		Extensions: map[string]any{"x-role": "member", "x-permission": "notes:write"},
		Parameters: []*huma.Param{{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}},
		RequestBody: &huma.RequestBody{Content: map[string]*huma.MediaType{
			"application/json": {Schema: schema, Example: json.RawMessage(`{"pages":1}`)},
		}},
		Responses: map[string]*huma.Response{
			"204": {Description: "No Content"},
		},
	}
	docs := NewProblems(o)
	op.Responses["default"] = docs.NewDefault([]apperr.Problem{apperr.ProblemInternalError})
	docs.Document(op, []apperr.Problem{apperr.ProblemNotFound})
	o.AddOperation(op)
	return o
}

func TestRenderMarkdown(t *testing.T) {
	text := string(RenderMarkdown(newNotesDocument()))
	for _, want := range []string{
		"with a code of its default answer: `internal-error`.",
		"- [Notes](#notes): What people write down.",
		"## Notes\n\nWhat people write down.\n\n### Write a note\n",
		"`POST /notes/{id}` · role `member` and above, permission `notes:write`",
		"| `id` | path | string |  |",
		"| `authors` | array of object, at most 3 items |  |",
		"| `authors[].name` | string, 1 to 80 characters | Required. |",
		"| `color` | `red`, `blue` | Red \\| blue |",
		"| `pages` | integer, at least 1 | Required. |",
		"```json\n{\n  \"pages\": 1\n}\n```",
		"Answer 204: No Content.",
		"Problems: 404 `not-found`\n",
	} {
		require.Contains(t, text, want)
	}
}

func TestDescribeAccess(t *testing.T) {
	for want, extensions := range map[string]map[string]any{
		"everybody":                          {"x-role": "anonymous", "x-permission": "public"},
		"everybody, permission `notes:read`": {"x-role": "anonymous", "x-permission": "notes:read"},
		"role `user` and above, permission `account:self`": {"x-role": "user", "x-permission": "account:self"},
	} {
		require.Equal(t, want, describeAccess(&huma.Operation{Extensions: extensions}))
	}
}
