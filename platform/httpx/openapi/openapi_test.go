package openapi

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/problem"
)

type courseView struct{}

type createInput struct{}

func TestNewNamer(t *testing.T) {
	module := "courses"
	name := NewNamer(&module)
	for want, typ := range map[string]reflect.Type{
		"Problem":           reflect.TypeFor[problem.Problem](),
		"ApperrField":       reflect.TypeFor[apperr.Field](),
		"CoursesPageString": reflect.TypeFor[pagination.Page[string]](),
		"CoursesHint":       reflect.TypeFor[struct{ A int }](),
		"Course":            reflect.TypeFor[*courseView](),
		"CreateInput":       reflect.TypeFor[createInput](),
	} {
		require.Equal(t, want, name(typ, "Hint"), typ.String())
	}
	require.Equal(t, "CourseBody", name(reflect.TypeFor[struct{ A int }](), "CourseBody"),
		"it begins with the module's name")
}

func TestPaths(t *testing.T) {
	require.Equal(t, "get-courses-by-id-lessons", OperationID("GET", "/courses/{id}/lessons"))
	require.Equal(t, "put-users-me-two-factor", OperationID("PUT", "/users/me/two_factor"))
	require.Equal(t, "/courses/:id/:lesson_id", FiberPath("/courses/{id}/{lesson_id}"))
	params := PathParameters("/courses/{id}/{lesson_id}")
	require.Len(t, params, 2)
	require.Equal(t, []any{"lesson_id", "path", true}, []any{params[1].Name, params[1].In, params[1].Required})
}

// newOperation returns an operation as Huma has documented it.
func newOperation(method, status string) *huma.Operation {
	return &huma.Operation{Method: method, Responses: map[string]*huma.Response{
		"default": {},
		status: {
			Headers: map[string]*huma.Param{"Location": {}, "Link": {}},
			Content: map[string]*huma.MediaType{"application/json": {}},
		},
	}}
}

func TestAnswerHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		answer         Answer
		method, status string
		want           []string
	}{
		"created":             {Answer{HasLocation: true}, http.MethodPost, "201", []string{"Location"}},
		"created, no address": {Answer{}, http.MethodPost, "201", nil},
		"changed":             {Answer{HasLocation: true, HasETag: true}, http.MethodPatch, "200", []string{"ETag"}},
		"a list": {
			Answer{HasLocation: true, HasETag: true, IsList: true}, http.MethodGet, "200",
			[]string{"ETag", "Link"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			op := newOperation(c.method, c.status)
			c.answer.DocumentHeaders(op)
			var got []string
			for _, header := range []string{"ETag", "Link", "Location"} {
				if op.Responses[c.status].Headers[header] != nil {
					got = append(got, header)
				}
			}
			require.Equal(t, c.want, got)
			isConditional := c.method == http.MethodGet && c.answer.HasETag
			require.Equal(t, isConditional, op.Responses["304"] != nil)
			require.Equal(t, isConditional, len(op.Parameters) == 1)
		})
	}
}

func TestAnswerContent(t *testing.T) {
	t.Run("other types of a list", func(t *testing.T) {
		op := newOperation(http.MethodGet, "200")
		Answer{CSVColumns: []string{"id", "name"}, HasLines: true}.DocumentContent(op)
		require.Contains(t, op.Responses["200"].Content["text/csv"].Schema.Description, "id, name")
		require.NotNil(t, op.Responses["200"].Content["application/x-ndjson"])
	})
	t.Run("a repeated POST", func(t *testing.T) {
		op := newOperation(http.MethodPost, "201")
		Answer{IsRepeatable: true}.DocumentContent(op)
		require.Equal(t, op.Responses["201"].Content, op.Responses["200"].Content)
	})
	t.Run("a stream and a switch", func(t *testing.T) {
		responses := Answer{
			ContentType: "application/zip", Description: "An archive", SwitchesTo: "WebSocket",
		}.DocumentResponses(&huma.Response{})
		require.Equal(t, "binary", responses["200"].Content["application/zip"].Schema.Format)
		require.Equal(t, "WebSocket", responses["101"].Description)
		require.NotNil(t, responses["default"])
	})
}

func TestQueryValues(t *testing.T) {
	parameter := func() *huma.Operation {
		return &huma.Operation{Parameters: []*huma.Param{
			{Name: "action", In: "header", Schema: &huma.Schema{Type: huma.TypeString}},
			{Name: "action", In: "query", Schema: &huma.Schema{Type: huma.TypeString}},
		}}
	}
	op := parameter()
	QueryValues{"action", []string{"a", "b"}, true}.ApplyTo(op)
	require.Equal(t, []any{"a", "b"}, op.Parameters[1].Schema.Enum)
	require.Nil(t, op.Parameters[0].Schema.Enum)
	op = parameter()
	QueryValues{"action", []string{"a"}, false}.ApplyTo(op)
	require.Nil(t, op.Parameters[1].Schema.Enum)
	require.Equal(t, []any{"a"}, op.Parameters[1].Schema.Examples)
}

func TestOperationOf(t *testing.T) {
	get := &huma.Operation{}
	item := &huma.PathItem{Get: get}
	require.Same(t, get, OperationOf(item, http.MethodGet))
	require.Nil(t, OperationOf(item, http.MethodPost))
	require.Nil(t, OperationOf(item, http.MethodOptions))
	require.Nil(t, OperationOf(nil, http.MethodGet))
}

func TestRender(t *testing.T) {
	module := "courses"
	config := NewConfig(Info{Version: "1.2.3", Description: "Shops and orders.", PublicURL: "https://school.example"},
		&module)
	NewProblems(config.OpenAPI)
	AllowProblemMembers(config.OpenAPI)
	document := NewDocument(config.OpenAPI)
	for _, text := range []string{
		`"version": "1.2.3"`, `"description": "Shops and orders."`, `"url": "https://school.example"`,
		`"Problem": {`, `"additionalProperties": true`,
	} {
		require.Contains(t, string(document.JSON()), text)
	}
	require.Contains(t, string(document.YAML()), "version: 1.2.3")
	again := NewDocument(config.OpenAPI)
	require.Equal(t, document.JSON(), again.JSON())
	require.Equal(t, document.YAML(), again.YAML())
	require.False(t, strings.Contains(string(document.JSON()), "\t"))
}

func TestDocumentForm(t *testing.T) {
	op := &huma.Operation{}
	DocumentForm(op, []string{"multipart/form-data"})
	require.False(t, op.RequestBody.Required)
	require.NotNil(t, op.RequestBody.Content["multipart/form-data"])
}

func TestSchemasOfTwoModules(t *testing.T) {
	module := "shops"
	config := NewConfig(Info{Version: "1"}, &module)
	first := config.Components.Schemas.Schema(reflect.TypeFor[struct{ A int }](), true, "CreateInput")
	module = "orders"
	second := config.Components.Schemas.Schema(reflect.TypeFor[struct{ B int }](), true, "CreateInput")
	require.Equal(t, "#/components/schemas/ShopsCreateInput", first.Ref)
	require.Equal(t, "#/components/schemas/OrdersCreateInput", second.Ref, "one does not take the place of the other")
}

func TestOwnerOf(t *testing.T) {
	for pkgPath, want := range map[string]string{
		"example/modules/things":                "things",
		"example/modules/things/thingsapi":      "things",
		"example/modules/things/internal/inner": "things",
		"example/platform/bulk":                 "bulk",
		"thingsapi":                             "things",
	} {
		require.Equal(t, want, ownerOf(pkgPath), pkgPath)
	}
}
