package httpx

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"
)

func answerNothing(context.Context, *None) (*Empty, error) { return nil, nil }

func TestIgnoresForm(t *testing.T) {
	s := newSite(t,
		[]Route{Post("/links", Public, "", answerNothing, IgnoresForm()), Post("/plain", Public, "", answerNothing)},
		nil)
	for name, c := range map[string]struct {
		path, contentType, body string
		status                  int
	}{
		"no body": {"/links", "", "", 204},
		"a form": {
			"/links", "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click", 204,
		},
		"a form of parts":                 {"/links", "multipart/form-data; boundary=x", "--x--", 204},
		"an empty object":                 {"/links", "application/json", "{}", 204},
		"an object with fields":           {"/links", "application/json", `{"a":1}`, 422},
		"no JSON":                         {"/links", "application/json", `{"a"`, 400},
		"another type":                    {"/links", "text/plain", "x", 415},
		"a form where none is documented": {"/plain", "application/x-www-form-urlencoded", "a=1", 415},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.send("POST", c.path, c.body, "Content-Type", c.contentType)
			require.Equal(t, c.status, r.status, r.body)
		})
	}
}

type filterInput struct {
	Kind string `query:"kind"`
}

// What options say stands in the document, or keeps a route out of it.
// newOptionSite serves routes with options that the document shows.
func newOptionSite(t *testing.T) *site {
	t.Helper()
	list := func(context.Context, *filterInput) (*Response[thingView], error) { return OK(thingView{"thing"}), nil }
	upgrade := func(c *fiber.Ctx) error { return c.SendStatus(http.StatusSwitchingProtocols) }
	return newSite(t, []Route{
		Get("/things", Public, "List things", list, QueryEnum("kind", "big", "small"),
			DescribeOperation("All of them."), OrCSV("name")),
		Get("/examples", Public, "List examples", list, QueryExamples("kind", "big")),
		Get("/secret", Public, "Hidden", answerNothing, HideOperation()),
		Post("/things", Public, "Create a thing", answerNothing, WithIdempotency(), RepeatsWithOK(),
			DefaultStatus(http.StatusCreated)),
		Patch("/things/{id}", Public, "Change a thing", func(context.Context, *struct {
			ID string `path:"id"`
		},
		) (*Empty, error) {
			return nil, nil
		}, ETagged()),
		Raw(http.MethodGet, "/socket/{id}", Public, "Open a socket", upgrade, SwitchesTo("A socket"),
			QueryParameter("token", "A token")),
	}, nil)
}

func TestOptionsInTheDocument(t *testing.T) {
	s := newOptionSite(t)
	var document struct {
		Paths map[string]map[string]struct {
			Summary, Description string
			Tags                 []string
			Parameters           []struct {
				Name, In string
				Schema   struct {
					Enum, Examples []string
				}
			}
			Responses map[string]json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal([]byte(s.send("GET", "/openapi.json", "").body), &document))
	things := document.Paths["/things"]
	require.Equal(t, "List things", things["get"].Summary)
	require.Equal(t, "All of them.", things["get"].Description)
	require.Equal(t, []string{"test"}, things["get"].Tags)
	require.Equal(t, []string{"big", "small"}, things["get"].Parameters[0].Schema.Enum)
	require.Equal(t, []string{"big"}, document.Paths["/examples"]["get"].Parameters[0].Schema.Examples)
	require.Contains(t, string(things["get"].Responses["200"]), "text/csv")
	require.NotContains(t, things, "head", "HEAD goes without saying")
	require.NotContains(t, document.Paths, "/secret")
	require.Equal(t, "Idempotency-Key", things["post"].Parameters[0].Name)
	require.Contains(t, things["post"].Responses, "200")
	require.Contains(t, things["post"].Responses, "201")
	var names []string
	for _, p := range document.Paths["/things/{id}"]["patch"].Parameters {
		names = append(names, p.In+" "+p.Name)
	}
	require.ElementsMatch(t, []string{"path id", "header If-Match"}, names)
	require.Contains(t, document.Paths["/socket/{id}"]["get"].Responses, "101")
	require.Len(t, document.Paths["/socket/{id}"]["get"].Parameters, 2)

	t.Run("and holds", func(t *testing.T) {
		for _, method := range []string{"GET", "HEAD"} {
			require.Equal(t, 200, s.send(method, "/things?kind=big", "").status)
			require.Equal(t, 422, s.send(method, "/things?kind=huge", "").status, method)
		}
		require.Equal(t, 200, s.send("GET", "/examples?kind=huge", "").status)
		require.Equal(t, 204, s.send("GET", "/secret", "").status)
	})
}

func TestObjectsAreSentBelowOnePath(t *testing.T) {
	put := func(c *fiber.Ctx) error { return c.SendStatus(http.StatusNoContent) }
	route := func(path string) Route {
		return Raw(http.MethodPut, path, Public, "Send an object", put, ObjectBytes(10))
	}
	s := newSite(t,
		[]Route{route("/objects/{id}"), Raw(http.MethodGet, "/objects/{id}", Public, "", put, ObjectBytes(10))},
		nil)
	require.Equal(t, 204, s.send("PUT", "/objects/a", "0123456789").status)
	require.Panics(t, func() {
		newSite(t, []Route{route("/objects/{id}"), route("/others/{id}")}, nil)
	})
}
