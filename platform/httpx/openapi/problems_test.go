package openapi

import (
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/problem"
)

// newDocument returns an empty document as the server begins with one.
func newDocument() *huma.OpenAPI {
	module := "notes"
	return NewConfig(Info{Version: "1", PublicURL: "https://notes.example.org"}, &module).OpenAPI
}

func TestProblemsOfAnOperation(t *testing.T) {
	o := newDocument()
	docs := NewProblems(o)
	first := &huma.Operation{Responses: map[string]*huma.Response{}}
	docs.Document(first, []apperr.Problem{
		apperr.ProblemUnauthenticated, apperr.ProblemTokenExpired, apperr.ProblemNotFound,
	})
	require.Len(t, first.Responses, 2, "one answer for each status")
	const shared = "problem-401-token-expired-unauthenticated"
	require.Equal(t, "#/components/responses/"+shared, first.Responses["401"].Ref)
	response := o.Components.Responses[shared]
	require.Equal(t, "`token-expired` (Token expired), `unauthenticated` (Not signed in)", response.Description)
	require.Equal(t, "#/components/examples/token-expired", response.Content[problem.ContentType].Examples["token-expired"].Ref)

	second := &huma.Operation{Responses: map[string]*huma.Response{}}
	docs.Document(second, []apperr.Problem{apperr.ProblemTokenExpired, apperr.ProblemUnauthenticated})
	require.Same(t, response, o.Components.Responses[shared], "operations share an answer, in whatever order they name it")
	require.Len(t, o.Components.Examples, 3)

	value := o.Components.Examples["not-found"].Value.(map[string]any)
	require.Equal(t, 404, value["status"])
	require.Equal(t, "/problems/not-found", value["type"])
}

func TestProblemsThatAnyOperationHas(t *testing.T) {
	o := newDocument()
	response := NewProblems(o).NewDefault([]apperr.Problem{apperr.ProblemInternalError})
	require.Contains(t, response.Description, "`internal-error`")
	require.Contains(t, response.Content[problem.ContentType].Examples, "internal-error")
}
