package httpx

import (
	"context"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/httpx/validation"
)

type noteInput struct {
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"10"`
		N    int    `json:"n,omitempty"`
	}
}

func (in *noteInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

type rowsInput struct {
	Body struct {
		Rows []struct {
			Email string `json:"email"`
		} `json:"rows" minItems:"1" maxItems:"2"`
		DryRun bool   `json:"dry_run,omitempty"`
		Days   int    `json:"days,omitempty" maximum:"9"`
		Role   string `json:"role" enum:"user,member"`
	}
}

func newBodySite(t *testing.T) *site {
	t.Helper()
	return newSite(t, []Route{
		Post("/notes", Public, "", func(_ context.Context, in *noteInput) (*Response[string], error) {
			return Created("/notes/1", in.Body.Text), nil
		}, DefaultStatus(201), CheckRules(func(_ context.Context, in *noteInput) (faults validation.Faults) {
			if strings.Contains(in.Body.Text, "!") {
				faults = append(faults, validation.InvalidAt("body.text", "has an exclamation mark").Fields...)
			}
			return faults
		})),
		Post("/act", Public, "", func(context.Context, *None) (*Empty, error) { return nil, nil }),
		Post("/click", Public, "", func(context.Context, *None) (*Empty, error) { return nil, nil }, IgnoresForm()),
		Post("/rows", Public, "", func(_ context.Context, in *rowsInput) (*Response[string], error) {
			return OK(in.Body.Rows[0].Email), nil
		}, CSVRows()),
	}, nil)
}

// csv is the type of a table.
const csv = "text/csv"

func TestBodies(t *testing.T) {
	s := newBodySite(t)
	const form = "application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		path, body, contentType string
		status                  int
		contains                string
	}{
		"accepted": {"/notes", `{"text":"hi"}`, "", 201, `"hi"`},
		"in UTF-8": {"/notes", `{"text":"hi"}`, "Application/JSON; charset=UTF-8", 201, `"hi"`},
		"another type": {
			"/notes", `{"text":"hi"}`, "text/plain", 415, "Content-Type must be application/json.",
		},
		"another charset":      {"/notes", `{"text":"hi"}`, "application/json; charset=latin1", 415, ""},
		"none":                 {"/notes", ``, "", 400, "The body is missing."},
		"none of another type": {"/notes", ``, "text/plain", 415, ""},
		"too large": {
			"/notes", `{"text":"` + strings.Repeat("x", 1<<20) + `"}`, "", 413, "body-too-large",
		},
		"no JSON":                      {"/notes", `{`, "", 400, "malformed-request"},
		"a name twice and a long text": {"/notes", `{"text":"12345678901","n":1,"n":2}`, "", 422, "twice"},
		"a rule":                       {"/notes", `{"text":"hi!"}`, "", 422, "exclamation"},
		"an unknown name":              {"/notes", `{"text":"hi","x":1}`, "", 422, "body.x"},
		"a parameter with U+0000":      {"/notes?a=%00", `{"text":"hi"}`, "", 422, "query.a"},
		"none where none is taken":     {"/act", ``, "", 204, ""},
		"{} where none is taken":       {"/act", `{}`, "", 204, ""},
		"one where none is taken":      {"/act", `{"a":1}`, "", 422, "takes no body"},
		"a form that is ignored":       {"/click", `List-Unsubscribe=One-Click`, form, 204, ""},
		"a form elsewhere":             {"/act", `a=b`, form, 415, ""},
		"a table":                      {"/rows?role=user", "email\njane@example.com\n", csv, 200, "jane@example.com"},
		"a table that is too long":     {"/rows", "email\na@x\nb@x\nc@x\n", csv, 422, "body.rows"},
		"a parameter beside JSON": {
			"/rows?dry_run=true", `{"role":"user","rows":[{"email":"a@x"}]}`, "", 422, "query.dry_run",
		},
		"a table elsewhere": {"/notes", "text\nhi\n", csv, 415, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if c.contentType != "" {
				headers = []string{"Content-Type", c.contentType}
			}
			r := s.send("POST", c.path, c.body, headers...)
			require.Equal(t, c.status, r.status, r.body)
			require.Contains(t, r.body, c.contains)
		})
	}
	t.Run("compressed", func(t *testing.T) {
		require.Equal(t, 415, s.send("POST", "/notes", `{"text":"hi"}`, "Content-Encoding", "gzip").status)
	})
	t.Run("created at its address", func(t *testing.T) {
		require.Equal(t, "/notes/1", s.send("POST", "/notes", `{"text":"hi"}`).header.Get("Location"))
	})
}

func TestOneAnswerForAllFaults(t *testing.T) {
	s := newBodySite(t)
	t.Run("of a body", func(t *testing.T) {
		r := s.send("POST", "/notes", `{"text":"12345678901","n":1,"n":2}`)
		require.Contains(t, r.body, "body.text")
		require.Contains(t, r.body, "body.n")
	})
	for path, want := range map[string]string{
		"/rows?days=x&role=owner&a=%00&dry=1": "query.a query.a query.days query.dry body.rows body.role",
		"/rows?days=99&dry_run=maybe":         "query.dry_run body.days body.role body.rows",
	} {
		t.Run("of a table and its parameters: "+path, func(t *testing.T) {
			r := s.send("POST", path, "email\na@x\nb@x\nc@x\n", "Content-Type", csv)
			require.Equal(t, 422, r.status, r.body)
			require.ElementsMatch(t, strings.Fields(want), r.faultyPlaces())
		})
		t.Run("of a wrong column and the parameters: "+path, func(t *testing.T) {
			r := s.send("POST", path, "mail\na@x\n", "Content-Type", csv)
			require.Equal(t, 422, r.status, r.body)
			require.ElementsMatch(t, strings.Fields(strings.Replace(want, "body.rows", "body", 1)), r.faultyPlaces())
		})
	}
	t.Run("of the query and a body", func(t *testing.T) {
		r := s.send("POST", "/rows?a=%00&b=%ff&dry_run=true", `{"rows":[],"role":"user"}`)
		require.ElementsMatch(t, []string{"query.a", "query.b", "query.dry_run", "body.rows"}, r.faultyPlaces())
		r = s.send("POST", "/rows?a=%00", `{`)
		require.Equal(t, 400, r.status, "what can't be read has no faults to collect")
	})
}

func TestFraming(t *testing.T) {
	s := newBodySite(t)
	for name, c := range map[string]struct{ request, want string }{
		"plain": {
			"GET /healthz HTTP/1.1\r\nHost: lyceum.test\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK",
		},
		"no Host":   {"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		"two Hosts": {"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		"two lengths": {
			"POST /act HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 400 Bad Request",
		},
		"a user in the target": {"GET http://u@a/healthz HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		"a length and chunks": {
			"POST /act HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"HTTP/1.1 400 Bad Request",
		},
		"too long by Expect": {
			"POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n",
			"HTTP/1.1 413 Request Entity Too Large",
		},
		"asked by Expect": {
			"POST /act HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
			"HTTP/1.1 100 Continue",
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, s.raw(c.request)) })
	}
}

func TestIsValidHost(t *testing.T) {
	for host, want := range map[string]bool{
		"a":                   true,
		"school.example:8080": true,
		"[::1]:80":            true,
		"a_b":                 true,
		"":                    false,
		"u@a":                 false,
		"a:99999":             false,
		"a:x":                 false,
		"a/b":                 false,
		"a b":                 false,
	} {
		require.Equal(t, want, isValidHost(host), host)
	}
}

// Names are the client's and of any length: an answer repeats the beginning of them.
func TestLongNamesAreCut(t *testing.T) {
	s := newBodySite(t)
	name := strings.Repeat("n", 300_000)
	for _, body := range []string{
		`{"text":"hi","` + name + `":1}`, `{"text":"hi","` + name + `":1,"` + name + `":2}`,
	} {
		r := s.send("POST", "/notes", body)
		require.Equal(t, 422, r.status)
		require.Less(t, len(r.body), 4000)
		require.Contains(t, r.body, "body."+strings.Repeat("n", 100))
	}
}
