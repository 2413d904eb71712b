package httpx

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/httpx/csvrows"
	"lyceum/platform/httpx/jsonappend"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/stream"
	"lyceum/platform/httpx/upload"
	"lyceum/platform/identity"
	"lyceum/platform/identity/identitytest"
)

func TestPages(t *testing.T) {
	s := newSite(t, []Route{
		Raw("GET", "/mailbox", Public, "Mailbox", MailboxPage(func() []byte { return []byte("mails") }), HideOperation()),
	}, func(o *Options) {
		o.StoreOrigin, o.ConsolePages = "https://store.test", []string{"/join", "/links/{token}"}
	})
	for path, policy := range map[string]string{
		"/":          "media-src 'self' data: blob: https://store.test;",
		"/join":      "trusted-types lyceum",
		"/links/abc": "media-src 'self' data: blob: https://store.test;",
		"/mailbox":   "style-src 'self' 'unsafe-inline'",
		"/docs":      "script-src 'self'",
	} {
		t.Run(path, func(t *testing.T) {
			r := s.send("GET", path, "")
			require.Equal(t, http.StatusOK, r.status)
			require.Equal(t, "text/html; charset=utf-8", r.header.Get("Content-Type"))
			require.Contains(t, r.header.Get("Content-Security-Policy"), policy)
		})
	}
	for _, path := range []string{"/console/", "/console/nothing.js", "/console/..%2findex.html", "/docs/nothing"} {
		t.Run("no file at "+path,
			func(t *testing.T) { require.Equal(t, http.StatusNotFound, s.send("GET", path, "").status) })
	}
	t.Run("metrics, in development", func(t *testing.T) {
		require.Contains(t, s.send("GET", "/metrics", "").body, `route="/docs"`)
	})
}

func TestProblemPages(t *testing.T) {
	s := newSite(t, nil, nil)
	t.Run("a page for people", func(t *testing.T) {
		r := s.send("GET", "/problems/not-found", "", "Accept", "text/html")
		require.Contains(t, r.body, "<code>not-found</code>")
		require.Equal(t, "text/html; charset=utf-8", r.header.Get("Content-Type"))
		require.Contains(t, r.header.Get("Vary"), "Accept")
	})
	t.Run("JSON for programs", func(t *testing.T) {
		var page struct{ Code, Title, Meaning string }
		r := s.send("GET", "/problems/not-found", "", "Accept", "application/json")
		require.NoError(t, json.Unmarshal([]byte(r.body), &page))
		require.Equal(t, "not-found", page.Code)
		require.NotEmpty(t, page.Meaning)
	})
	t.Run("a code that does not exist", func(t *testing.T) {
		require.Equal(t, http.StatusNotFound, s.send("GET", "/problems/nothing", "").status)
	})
	t.Run("the index lists every code", func(t *testing.T) {
		var index struct{ Items []struct{ Code string } }
		r := s.send("GET", "/problems", "", "Accept", "application/json")
		require.NoError(t, json.Unmarshal([]byte(r.body), &index))
		html := s.send("GET", "/problems", "", "Accept", "text/html").body
		require.NotEmpty(t, index.Items)
		for _, item := range index.Items {
			require.Contains(t, html, `href="/problems/`+item.Code+`"`)
			require.Equal(t, http.StatusOK, s.send("GET", "/problems/"+item.Code, "").status)
		}
	})
}

func TestTheDocument(t *testing.T) {
	s := newSite(t, []Route{
		Get("/things/{id}",
			RequirePermission(identity.Permission{Name: "things:read", Lowest: identitytest.Member}),
			"Show a thing", showThing, ETagged(), DescribeOperation("Everything.")),
		Raw("GET", "/raw/{id}", Public, "Raw", func(c *fiber.Ctx) error { return c.SendString(c.Params("id")) },
			QueryParameter("token", "A token"), SwitchesTo("WebSocket")),
		Get("/hidden", Public, "Hidden", showThing, HideOperation()),
		Post("/files", Public, "Upload a file", func(context.Context, *None) (*Empty, error) { return nil, nil },
			TakesUpload("application/zip", 10)),
	}, nil)
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Tags        []string
			Security    []map[string][]string
			Role        string `json:"x-role"`
			Permission  string `json:"x-permission"`
			Responses   map[string]any
			Parameters  []struct{ Name, In string }
		}
	}
	r := s.send("GET", "/openapi.json", "")
	require.NoError(t, json.Unmarshal([]byte(r.body), &document))
	require.Equal(t, string(s.server.Document(false)), r.body)
	require.Equal(t, string(s.server.Document(true)), s.send("GET", "/openapi.yaml", "").body)
	thing := document.Paths["/things/{id}"]["get"]
	require.Equal(t, "get-things-by-id", thing.OperationID)
	require.Equal(t, []string{"test"}, thing.Tags)
	require.Equal(t, []string{"member", "things:read"}, []string{thing.Role, thing.Permission})
	require.Equal(t, []map[string][]string{{"bearer": {}}}, thing.Security)
	require.Contains(t, thing.Responses, "304")
	raw := document.Paths["/raw/{id}"]["get"]
	require.Contains(t, raw.Responses, "101")
	require.Len(t, raw.Parameters, 2)
	require.NotContains(t, document.Paths, "/hidden")
	require.Equal(t, "7", s.send("GET", "/raw/7", "").body)
	var listed []string
	for _, l := range s.server.ListRoutes() {
		if l.Module == "test" {
			listed = append(listed, l.Method+" "+l.Path+" "+l.Who)
		}
	}
	require.Equal(t,
		[]string{"POST /files anonymous", "GET /hidden anonymous", "GET /raw/{id} anonymous", "GET /things/{id} member"},
		listed)
}

type numberView int

func (n numberView) AppendJSON(b []byte) []byte { return append(b, byte('0'+n)) }

func TestListsAsFiles(t *testing.T) {
	s := newSite(t,
		[]Route{
			Get("/numbers", Public, "",
				func(ctx context.Context, _ *pagination.Query) (*pagination.Response[numberView], error) {
					switch {
					case csvrows.PrefersCSV(ctx):
						return pagination.NewStreamResponse[numberView](csvrows.StreamTable("n.csv",
							func(_ context.Context, row func(...string) error) error {
								return row("n")
							})), nil
					case stream.PrefersLines(ctx):
						return pagination.NewStreamResponse[numberView](stream.NewLines("n.ndjson",
							func(_ context.Context, line func(jsonappend.Value) error) error {
								return line(numberView(7))
							})), nil
					}
					return &pagination.Response[numberView]{Body: pagination.Page[numberView]{Items: []numberView{7}}}, nil
				}, OrCSV("n"), OrLines()),
		}, nil)
	for accept, want := range map[string]string{
		"":                                 `{"items":[7],"next_cursor":null}`,
		"*/*":                              `{"items":[7],"next_cursor":null}`,
		"application/json, text/csv;q=0.5": `{"items":[7],"next_cursor":null}`,
		"text/csv":                         "\ufeffn\r\n", "application/x-ndjson": "7\n",
	} {
		t.Run(accept, func(t *testing.T) {
			r := s.send("GET", "/numbers", "", "Accept", accept)
			require.Equal(t, []any{200, want}, []any{r.status, r.body})
			require.Contains(t, r.header.Get("Vary"), "Accept")
			require.Equal(t, strings.HasPrefix(want, "{"), r.header.Get("ETag") != "")
		})
	}
}

func TestUploadRoute(t *testing.T) {
	s := newSite(t,
		[]Route{
			Post("/files",
				RequirePermission(identity.Permission{Name: "files:write", Lowest: identitytest.Member}), "",
				func(ctx context.Context, _ *None) (*Response[string], error) {
					raw, err := io.ReadAll(io.NewSectionReader(upload.BodyFromContext(ctx).File, 0,
						upload.BodyFromContext(ctx).Size))
					return OK(string(raw) + " of " + identity.CallerFrom(ctx).UserID), err
				}, TakesUpload("application/zip", 10)),
		}, nil)
	token := s.tokenOf(identitytest.Member)
	for name, c := range map[string]struct {
		path, body, token string
		status            int
	}{
		"received":               {"/files", "0123456789", token, 200},
		"too long":               {"/files", "0123456789x", token, 413},
		"too low a role":         {"/files", "0", s.tokenOf(identitytest.User), 403},
		"no token":               {"/files", "0", "", 401},
		"a parameter with U+000": {"/files?a=%00", "0", token, 422},
	} {
		t.Run(name, func(t *testing.T) {
			headers := []string{"Content-Type", "application/zip"}
			if c.token != "" {
				headers = append(headers, "Authorization", c.token)
			}
			r := s.send("POST", c.path, c.body, headers...)
			require.Equal(t, c.status, r.status, r.body)
			if c.status == http.StatusOK {
				require.JSONEq(t, `"0123456789 of `+accountIDs[identitytest.Member]+`"`, r.body)
			}
		})
	}
}
