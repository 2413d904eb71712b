package csvrows

import (
	"context"
	"net/url"
	"reflect"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"lyceum/platform/httpx/requestinfo"
)

type row struct {
	Email string `json:"email"`
	Name  string `json:"name"`
	Note  string `json:"note,omitempty"`
}

type batch struct {
	Rows   []row    `json:"rows" maxItems:"3"`
	DryRun bool     `json:"dry_run,omitempty"`
	Days   int      `json:"days,omitempty"`
	Role   string   `json:"role,omitempty" enum:"user,member"`
	Tags   []string `json:"tags,omitempty"`
}

// newBody returns the operation that takes a batch, and its body.
func newBody(t *testing.T) (*huma.Operation, Body) {
	t.Helper()
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	op := &huma.Operation{RequestBody: &huma.RequestBody{Content: map[string]*huma.MediaType{
		"application/json": {Schema: huma.SchemaFromType(schemas, reflect.TypeFor[batch]())},
	}}}
	return op, BodyOf(op, schemas)
}

func queryOf(t *testing.T, query string) *fasthttp.Args {
	t.Helper()
	_, err := url.ParseQuery(query)
	require.NoError(t, err)
	var args fasthttp.Args
	args.Parse(query)
	return &args
}

func TestDocument(t *testing.T) {
	op, body := newBody(t)
	body.DocumentTable(op)
	require.Contains(t, op.RequestBody.Content[ContentType].Schema.Description, "a header line with email, name,")
	var names []string
	for _, p := range op.Parameters {
		require.Equal(t, "query", p.In)
		names = append(names, p.Name+" "+p.Schema.Type)
	}
	require.Equal(t, []string{"days integer", "dry_run boolean", "role string", "tags string"}, names)
}

func TestToJSON(t *testing.T) {
	table := "Email;Name;Other\njane@example.com;Jane;x\njoe@example.com\n"
	t.Run("with all parameters", func(t *testing.T) {
		_, body := newBody(t)
		converted, err := body.ToJSON([]byte(table), queryOf(t, "dry_run=true&days=7&role=user&tags=a,b,"))
		require.NoError(t, err)
		require.Empty(t, converted.Faults)
		require.Empty(t, converted.Unread)
		require.JSONEq(t,
			`{"rows": [{"email": "jane@example.com", "name": "Jane"}, {"email": "joe@example.com", "name": ""}],
			"dry_run": true, "days": 7, "role": "user", "tags": ["a", "b"]}`, string(converted.JSON))
	})
	for query, fault := range map[string]string{
		"dry_run=yes":           "query.dry_run",
		"dryrun=true":           "query.dryrun",
		"rows=x":                "query.rows",
		"days=x":                "query.days",
		"role=user&role=member": "query.role",
	} {
		t.Run("refused: "+query, func(t *testing.T) {
			_, body := newBody(t)
			converted, err := body.ToJSON([]byte(table), queryOf(t, query))
			require.NoError(t, err, "the faults of the schema are still to come")
			require.NotEmpty(t, converted.Faults)
			require.Equal(t, fault, converted.Faults[0].AbsoluteLocation())
		})
	}
	t.Run("faults of the table and of parameters together", func(t *testing.T) {
		_, body := newBody(t)
		converted, err := body.ToJSON([]byte("email\nx\n"), queryOf(t, "days=x&role=user"))
		require.NoError(t, err)
		require.Len(t, converted.Faults, 2)
		require.Equal(t, []string{"body.rows", "body.days"}, converted.Unread)
		require.JSONEq(t, `{"role": "user"}`, string(converted.JSON))
	})
}

func TestCheckQuery(t *testing.T) {
	_, body := newBody(t)
	require.Empty(t, body.CheckQuery(queryOf(t, "other=1")))
	faults := body.CheckQuery(queryOf(t, "dry_run=true"))
	require.Len(t, faults, 1, "beside JSON it would have no effect")
	require.Equal(t, "query.dry_run", faults[0].AbsoluteLocation())
}

func TestPrefersCSV(t *testing.T) {
	require.True(t, PrefersCSV(requestinfo.NewContext(t.Context(), &requestinfo.Info{PreferredType: ContentType})))
	require.False(t, PrefersCSV(t.Context()))
}

func TestStreamIsAFile(t *testing.T) {
	require.NotNil(t,
		StreamTable("people.csv", func(context.Context, func(...string) error) error { return nil }).Body)
}

func TestEscapeFormula(t *testing.T) {
	for cell, want := range map[string]string{
		"":     "",
		"x":    "x",
		"1":    "1",
		"=1+1": "'=1+1",
		"+1":   "'+1",
		"-1":   "'-1",
		"@a":   "'@a",
		"'x":   "''x",
		"\tx":  "'\tx",
		"＝1":   "'＝1",
		"a=b":  "a=b",
	} {
		require.Equal(t, want, escapeFormula(cell))
	}
}
