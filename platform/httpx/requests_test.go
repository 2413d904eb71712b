package httpx

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/httpx/idempotency"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/identity"
	"lyceum/platform/identity/identitytest"
	"lyceum/platform/limit"
	"lyceum/platform/testkit/dbtest"
)

func TestBudgets(t *testing.T) {
	anonymous := RequirePermission(identity.Permission{Name: "things:list", Lowest: identity.Anonymous})
	s := newSite(t, []Route{
		Get("/things", anonymous, "", showThing),
		Get("/narrow", anonymous, "", showThing, CountAgainst("narrow")),
		Get("/free", anonymous, "", showThing, CountAgainstNothing()),
	}, func(o *Options) {
		o.Limiter = limit.New(nil, []byte("key"), true)
		o.Budgets = map[string]limit.Budget{
			BudgetAPI: {Name: BudgetAPI, Rate: limit.Rate{Hits: 3, Window: time.Hour}},
			"narrow":  {Name: "narrow", Rate: limit.Rate{Hits: 1, Window: time.Hour}},
		}
	})
	t.Run("a request within the budget shows what is left", func(t *testing.T) {
		r := s.send("GET", "/things", "")
		require.Equal(t, 200, r.status)
		require.Contains(t, r.header.Get("RateLimit"), `"api";r=2;t=`)
		require.Equal(t, `"api";q=3;w=3600`, r.header.Get("RateLimit-Policy"))
	})
	t.Run("an invalid token counts against its address", func(t *testing.T) {
		require.Equal(t, 401, s.send("GET", "/things", "", "Authorization", "Bearer x").status)
		require.Contains(t, s.send("GET", "/things", "").header.Get("RateLimit"), `"api";r=0;t=`)
	})
	t.Run("beyond it the answer is 429", func(t *testing.T) {
		r := s.send("GET", "/things", "")
		require.Equal(t, 429, r.status)
		require.Contains(t, r.body, "rate-limited")
		require.NotEmpty(t, r.header.Get("Retry-After"))
	})
	t.Run("an account has a budget of its own", func(t *testing.T) {
		require.Equal(t, 200, s.send("GET", "/things", "", "Authorization", s.tokenOf(identitytest.Member)).status)
	})
	t.Run("a route may count against another", func(t *testing.T) {
		require.Equal(t, 200, s.send("GET", "/narrow", "").status)
		require.Equal(t, 429, s.send("GET", "/narrow", "").status)
	})
	t.Run("or against none", func(t *testing.T) {
		r := s.send("GET", "/free", "")
		require.Equal(t, 200, r.status)
		require.Empty(t, r.header.Get("RateLimit"))
	})
	t.Run("but not against one that does not exist", func(t *testing.T) {
		require.Panics(t, func() { s.server.budgetOf(Route{budget: "nothing"}) })
	})
}

func TestConsolePanels(t *testing.T) {
	panel := fstest.MapFS{
		"console/panel.js":   {Data: []byte("export const routes = [];")},
		"secret.go":          {Data: []byte("package secret")},
		"console/more/a.css": {Data: []byte("a {}")},
	}
	s := newSite(t, nil, func(o *Options) {
		o.Modules = []ModuleInfo{
			{Name: "badges", Title: "Badges", Enabled: true, Console: panel}, {Name: "off", Title: "Off"},
			{Name: "plain", Title: "Plain", Enabled: true},
		}
	})
	require.JSONEq(t, `{"items": [
		{"name": "badges", "title": "Badges", "enabled": true}, {"name": "off", "title": "Off", "enabled": false},
		{"name": "plain", "title": "Plain", "enabled": true}
	]}`, s.send("GET", "/modules", "").body)
	require.JSONEq(t, `{"items": ["/console/modules/badges/panel.js"]}`, s.send("GET", "/console/panels.json", "").body)
	r := s.send("GET", "/console/modules/badges/panel.js", "")
	require.Equal(t, []any{200, "export const routes = [];"}, []any{r.status, r.body})
	require.Contains(t, r.header.Get("Content-Type"), "javascript")
	require.Equal(t, 200, s.send("GET", "/console/modules/badges/more/a.css", "").status)
	require.Equal(t, 200, s.send("GET", "/console/app.js", "").status)
	for _, path := range []string{
		"off/panel.js", "plain/panel.js", "nothing/panel.js", "badges", "badges/", "badges/nothing.js", "badges/more",
		"badges/..%2fsecret.go", "badges/%2e%2e/secret.go", "badges/..", "badges//panel.js", "badges/./panel.js",
	} {
		r := s.send("GET", "/console/modules/"+path, "")
		require.Equal(t, 404, r.status, path)
		require.NotContains(t, r.body, "package secret")
	}
}

func TestExpectIsJudgedByTheHeaders(t *testing.T) {
	var ran atomic.Int64
	s := newSite(t, []Route{Post("/things", Public, "", func(context.Context, *struct {
		Body struct {
			Name string `json:"name"`
		}
	},
	) (*Empty, error) {
		ran.Add(1)
		return nil, nil
	})}, nil)
	head := "POST /things HTTP/1.1\r\nHost: lyceum.test\r\nConnection: close\r\nExpect: 100-continue\r\n"
	for name, c := range map[string]struct{ rest, want string }{
		"an acceptable body is asked for": {
			"Content-Type: application/json\r\nContent-Length: 14\r\n\r\n" + `{"name":"one"}`,
			"HTTP/1.1 100 Continue",
		},
		"another type is refused": {
			"Content-Type: text/plain\r\nContent-Length: 14\r\n\r\n", "HTTP/1.1 415 Unsupported Media Type",
		},
		"a body that is too long, too": {
			"Content-Type: application/json\r\nContent-Length: 99999999\r\n\r\n",
			"HTTP/1.1 413 Request Entity Too Large",
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, s.raw(head+c.rest)) })
	}
	require.EqualValues(t, 1, ran.Load())
}

func TestOriginsOfSockets(t *testing.T) {
	a := newSite(t, nil, nil).server.auth
	for origin, want := range map[string]bool{
		"":                    true,
		"http://lyceum.test":  true,
		"HTTP://LYCEUM.TEST":  true,
		"https://app.test":    true,
		"http://other.test":   true,
		"https://lyceum.test": false, "http://evil.test": false, "null": false, "https://app.test.evil.test": false,
	} {
		require.Equal(t, want, a.OriginAllowed(origin, "other.test"), "%q", origin)
	}
}

// ruledInput has a rule that a schema can't express.
type ruledInput struct {
	Body struct {
		Name  string `json:"name" minLength:"2"`
		Color string `json:"color"`
	}
}

// Resolve implements huma.Resolver.
func (in *ruledInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

func TestRulesAndSchemaAreReportedTogether(t *testing.T) {
	s := newSite(t,
		[]Route{Post("/things", Public, "", func(context.Context, *ruledInput) (*Empty, error) { return nil, nil },
			CheckRules(func(_ context.Context, in *ruledInput) (faults validation.Faults) {
				if in.Body.Color == "plaid" {
					faults.Add("color", errors.New("plaid is a pattern"))
				}
				return faults
			}))}, nil)
	require.Equal(t, 204, s.send("POST", "/things", `{"name":"one","color":"red"}`).status)
	r := s.send("POST", "/things", `{"name":"x","color":"plaid"}`)
	require.Equal(t, 422, r.status)
	require.Contains(t, r.body, "body.name")
	require.Contains(t, r.body, "plaid is a pattern")
}

func TestIdempotentRoutes(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t), idempotency.Migrations)
	var runs atomic.Int64
	create := func(ctx context.Context, _ *struct {
		Body struct {
			Name string `json:"name"`
		}
	},
	) (*Response[thingView], error) {
		runs.Add(1)
		return Created("/things/1", thingView{"one"}).WithVersion(3), d.InTx(ctx, func(ctx context.Context) error {
			if deadline, _ := ctx.Deadline(); time.Until(deadline) < time.Minute {
				return errors.New("the transaction ends before the answer has to")
			}
			return nil
		})
	}
	s := newSite(t, []Route{
		Post("/things", Public, "", create, WithIdempotency(), ETagged(), DefaultStatus(http.StatusCreated),
			AnswerWithin(time.Hour)),
	}, func(o *Options) { o.DB = d })
	first := s.send("POST", "/things", `{"name":"one"}`, "Idempotency-Key", "a")
	again := s.send("POST", "/things", `{"name":"one"}`, "Idempotency-Key", "a")
	require.Equal(t, 201, first.status, first.body)
	require.Equal(t, first.body, again.body)
	require.Equal(t, first.header.Get("ETag"), again.header.Get("ETag"))
	require.Equal(t, "/things/1", again.header.Get("Location"))
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.EqualValues(t, 1, runs.Load())
	require.Equal(t, 201, s.send("POST", "/things", `{"name":"one"}`).status)
	require.EqualValues(t, 2, runs.Load())
}

func TestMetricsHaveOneAddress(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Options)
		beside int
	}{
		"in development beside the API":   {func(*Options) {}, 200},
		"in production elsewhere":         {func(o *Options) { o.Production = true }, 404},
		"elsewhere if there is elsewhere": {func(o *Options) { o.MetricsElsewhere = true }, 404},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, []Route{Get("/things", Public, "", showThing)}, c.change)
			require.Equal(t, 200, s.send("GET", "/things", "").status)
			require.Equal(t, c.beside, s.send("GET", "/metrics", "").status)
			answer, err := s.server.MetricsApp().Test(httptest.NewRequest("GET", "/metrics", nil), -1)
			require.NoError(t, err)
			require.Equal(t, 200, answer.StatusCode)
			answer, err = s.server.MetricsApp().Test(httptest.NewRequest("GET", "/things", nil), -1)
			require.NoError(t, err)
			require.Equal(t, 404, answer.StatusCode, "and nothing else")
		})
	}
}

// Requests are logged without what must stay secret.
func TestTheLogOfRequests(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelInfo})))
	t.Cleanup(func() { slog.SetDefault(before) })
	var told atomic.Int64
	link := func(context.Context, *struct {
		Token string `path:"token"`
	},
	) (*Empty, error) {
		return nil, nil
	}
	s := newSite(t, []Route{Get("/things", Public, "", showThing), Get("/links/{token}", Public, "", link)}, nil)
	s.server.OnAnswer(func(info *requestinfo.Info, status int) {
		require.Equal(t, http.MethodGet, info.Method)
		require.NotZero(t, status)
		told.Add(1)
	})
	s.send("GET", "/things?token=secret-1", "", "Authorization", "Bearer secret-2")
	s.send("GET", "/links/secret-3", "")
	s.send("GET", "/healthz", "")
	s.send("GET", "/console/app.js", "")
	s.send("GET", "/nothing", "")
	require.EqualValues(t, 5, told.Load())
	require.Eventually(t, func() bool { return strings.Count(log.String(), "msg=request") == 3 }, 5*time.Second,
		5*time.Millisecond,
		"checks of balancers and files of the console are for debugging")
	require.Contains(t, log.String(), "path=/things ")
	require.Contains(t, log.String(), "path=/links/{token} ")
	require.NotContains(t, log.String(), "secret")
	require.Equal(t, 1, strings.Count(log.String(), " code="), "answers of success have none")
	require.Regexp(t, `path=/nothing status=404 .* code=not-found\n`, log.String())
}

// A route documents the problems that follow from what it is, and those that it names.
func TestProblemsOfARoute(t *testing.T) {
	handler := func(context.Context, *struct {
		ID string `path:"id"`
	},
	) (*Empty, error) {
		return nil, nil
	}
	s := newSite(t, []Route{
		Post("/things/{id}", Public, "Act", handler, Answers("idempotency-in-progress", "declared-by-nobody")),
		Get("/plain", Public, "Read", showThing, CountAgainstNothing()),
	}, nil)
	for _, code := range []string{
		"not-found", "validation-failed", "unsupported-media-type", "rate-limited", "idempotency-in-progress",
		"internal-error",
	} {
		require.True(t, s.server.IsDocumented("POST", "/things/{id}", code), code)
	}
	for _, code := range []string{"declared-by-nobody", "unauthenticated", "precondition-failed"} {
		require.False(t, s.server.IsDocumented("POST", "/things/{id}", code), code)
	}
	require.True(t, s.server.IsDocumented("HEAD", "/plain", "malformed-request"), "as GET")
	for _, code := range []string{"not-found", "rate-limited", "unsupported-media-type"} {
		require.False(t, s.server.IsDocumented("GET", "/plain", code), code)
	}
}

func TestHealthNamesNoHost(t *testing.T) {
	check := func(explains bool) checkResult {
		return runCheck(t.Context(),
			Check{
				Name: "redis", Explains: explains,
				Ping: func(context.Context) error { return errors.New("dial 10.0.0.1") },
			})
	}
	require.Equal(t, checkResult{"down", "it does not answer"}, check(false))
	require.Equal(t, checkResult{"down", "dial 10.0.0.1"}, check(true))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stuck := runCheck(ctx,
		Check{Name: "redis", Ping: func(ctx context.Context) error { <-t.Context().Done(); return ctx.Err() }})
	require.Equal(t, "down", stuck.Status, "a part that hangs")
	require.Equal(t, "unavailable", worsenStatus("unavailable", "redis"), "nothing makes it better")
}

func TestARoleThatIsLostWhileABodyArrives(t *testing.T) {
	s := newSite(t, nil, nil)
	caller := func(id string) context.Context {
		return identity.WithCaller(t.Context(), identity.Caller{UserID: id, SessionID: id, Role: identitytest.Admin})
	}
	admin := AccessRule{role: identitytest.Admin}
	_, err := s.server.auth.checkCallerAgain(caller(accountIDs[identitytest.Admin]), admin)
	require.NoError(t, err)
	_, err = s.server.auth.checkCallerAgain(caller(accountIDs[identitytest.Member]), admin)
	require.ErrorContains(t, err, "forbidden")
	_, err = s.server.auth.checkCallerAgain(caller("00000000-0000-7000-8000-000000000000"), admin)
	require.Error(t, err, "an account that is gone")
	ctx := identity.WithCaller(t.Context(), identity.Caller{})
	same, err := s.server.auth.checkCallerAgain(ctx, admin)
	require.NoError(t, err)
	require.Equal(t, ctx, same, "nobody is signed in")
}
