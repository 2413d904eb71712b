package httpx

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/httpx/pagination"
	"lyceum/platform/identity"
	"lyceum/platform/identity/identitytest"
)

type thingView struct {
	Name string `json:"name"`
}

func showThing(context.Context, *None) (*Response[thingView], error) {
	return OK(thingView{"thing"}).WithVersion(7), nil
}

// Clients could set the header by which the server once marked methods that it does not know.
func TestClientsCannotChangeHowARequestIsCounted(t *testing.T) {
	s := newSite(t, []Route{Get("/things", Public, "Show the thing", showThing)}, nil)
	plain := s.send("GET", "/things", "")
	marked := s.send("GET", "/things", "", "X-Lyceum-Unknown-Method", "1")
	for _, r := range []reply{plain, marked} {
		r.header.Del("X-Request-Id")
		r.header.Del("Date")
	}
	require.Equal(t, plain, marked)
	require.Equal(t, map[string]uint64{"GET": 2}, s.methods())
	t.Run("a method that the server does not know", func(t *testing.T) {
		r := s.send("BREW", "/things", "")
		require.Equal(t, http.StatusMethodNotAllowed, r.status)
		require.Equal(t, "application/problem+json", r.header.Get("Content-Type"))
		require.Equal(t, map[string]uint64{"GET": 2, "other": 1}, s.methods())
	})
	t.Run("TRACE itself", func(t *testing.T) {
		require.Equal(t, http.StatusMethodNotAllowed, s.send("TRACE", "/things", "").status)
		require.Equal(t, map[string]uint64{"GET": 2, "other": 1, "TRACE": 1}, s.methods())
	})
}

func TestAccessRules(t *testing.T) {
	var forbidden atomic.Value
	member := RequirePermission(identity.Permission{Name: "things:read", Lowest: identitytest.Member})
	anonymous := RequirePermission(identity.Permission{Name: "things:list", Lowest: identity.Anonymous})
	s := newSite(t, []Route{
		Get("/public", Public, "", showThing),
		Get("/anonymous", anonymous, "", showThing),
		Get("/member/{id}", member, "", func(context.Context, *struct {
			ID string `path:"id"`
		},
		) (*Empty, error) {
			return nil, nil
		}, OnForbidden(func(ctx context.Context, param func(string) string) {
			forbidden.Store(identity.CallerFrom(ctx).UserID + " " + param("id"))
		})),
	}, nil)
	for name, c := range map[string]struct {
		path, token string
		status      int
	}{
		"public":                       {"/public", "", 200},
		"public with an invalid token": {"/public", "Bearer x", 200},
		"anonymous":                    {"/anonymous", "", 200},
		"anonymous, an invalid token":  {"/anonymous", "Bearer x", 401},
		"anonymous, no bearer token":   {"/anonymous", "Basic x", 401},
		"a member's without a token":   {"/member/1", "", 401},
		"a member's as a user":         {"/member/1", s.tokenOf(identitytest.User), 403},
		"a member's as a member":       {"/member/1", s.tokenOf(identitytest.Member), 204},
		"a member's as an admin":       {"/member/1", s.tokenOf(identitytest.Admin), 204},
		"the scheme is case-insensitive": {
			"/member/1", strings.Replace(s.tokenOf(identitytest.Member), "Bearer", "bearer", 1), 204,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if c.token != "" {
				headers = []string{"Authorization", c.token}
			}
			r := s.send("GET", c.path, "", headers...)
			require.Equal(t, c.status, r.status, r.body)
		})
	}
	require.Equal(t, accountIDs[identitytest.User]+" 1", forbidden.Load(), "OnForbidden was told")
}

func TestRouteTables(t *testing.T) {
	get := func(path string) Route { return Get(path, Public, "", showThing) }
	t.Run("static paths come first", func(t *testing.T) {
		routes, err := sortRoutes([]Table{
			{Module: "a", Routes: []Route{get("/things/{id}"), get("/things/mine"), get("/things")}},
		},
			nil)
		require.NoError(t, err)
		var paths []string
		for _, r := range routes {
			paths = append(paths, r.op.Path)
		}
		require.Equal(t, []string{"/things", "/things/mine", "/things/{id}"}, paths)
	})
	t.Run("the same route twice", func(t *testing.T) {
		_, err := sortRoutes([]Table{
			{Module: "a", Routes: []Route{get("/things/{id}")}},
			{Module: "b", Routes: []Route{get("/things/{slug}")}},
		},
			nil)
		require.ErrorContains(t, err, "is there twice: in a and in b")
	})
	t.Run("no permission", func(t *testing.T) {
		_, err := sortRoutes([]Table{{Module: "a", Routes: []Route{Get("/things", AccessRule{}, "", showThing)}}}, nil)
		require.ErrorContains(t, err, "which no module declares")
	})
	t.Run("an upload with parameters in its path", func(t *testing.T) {
		require.Panics(t, func() { Post("/things/{id}", Public, "", showThing, TakesUpload("application/zip", 1)) })
	})
}

func TestConditionalRequests(t *testing.T) {
	s := newSite(t, []Route{
		Get("/things", Public, "", showThing, ETagged()),
		Get("/lists", Public, "", func(context.Context, *pagination.Query) (*pagination.Response[string], error) {
			return &pagination.Response[string]{Body: pagination.Page[string]{Items: []string{"a"}}}, nil
		}),
	}, nil)
	for _, path := range []string{"/things", "/lists", "/modules", "/docs"} {
		t.Run(path, func(t *testing.T) {
			first := s.send("GET", path, "")
			require.Equal(t, 200, first.status)
			etag := first.header.Get("ETag")
			require.NotEmpty(t, etag)
			same := s.send("GET", path, "", "If-None-Match", "W/"+etag)
			require.Equal(t, []any{304, ""}, []any{same.status, same.body})
			require.Equal(t, etag, same.header.Get("ETag"))
			require.Equal(t, 200, s.send("GET", path, "", "If-None-Match", `"x"`).status)
			head := s.send("HEAD", path, "")
			require.Equal(t, []any{200, "", etag}, []any{head.status, head.body, head.header.Get("ETag")})
		})
	}
	require.True(t, strings.HasPrefix(s.send("GET", "/things", "").header.Get("ETag"), `"7.`),
		"the version of the resource")
}

func TestErrorsAndPanicsBecomeProblems(t *testing.T) {
	slow := make(chan error, 1)
	s := newSite(t, []Route{
		Get("/error", Public, "", func(context.Context, *None) (*Empty, error) { return nil, errors.New("secret") }),
		Get("/panic", Public, "", func(context.Context, *None) (*Empty, error) { panic("secret") }),
		Raw("GET", "/raw", Public, "", func(*fiber.Ctx) error { return fiber.ErrUpgradeRequired }),
		Get("/deadline", Public, "", func(ctx context.Context, _ *None) (*Empty, error) {
			deadline, _ := ctx.Deadline()
			if time.Until(deadline) < time.Minute {
				slow <- errors.New("the deadline is the usual one")
			}
			return nil, nil
		}, AnswerWithin(time.Hour)),
	}, nil)
	for path, status := range map[string]int{"/error": 500, "/panic": 500, "/raw": 426, "/nowhere": 404} {
		t.Run(path, func(t *testing.T) {
			r := s.send("GET", path, "", "X-Request-Id", "my-request")
			require.Equal(t, status, r.status)
			require.Equal(t, "application/problem+json", r.header.Get("Content-Type"))
			require.Equal(t, "my-request", r.header.Get("X-Request-Id"))
			require.Contains(t, r.body, `"request_id":"my-request"`)
			require.NotContains(t, r.body, "secret")
		})
	}
	require.Equal(t, 204, s.send("GET", "/deadline", "").status)
	require.Empty(t, slow)
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	s := newSite(t, []Route{Get("/things", Public, "", showThing)},
		func(o *Options) { o.PublicURL = "https://lyceum.test" })
	for _, path := range []string{"/things", "/nowhere"} {
		h := s.send("GET", path, "").header
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
		require.Contains(t, h.Get("Strict-Transport-Security"), "max-age=")
		require.NotEmpty(t, h.Get("X-Request-Id"))
	}
	for name, c := range map[string]struct {
		method, origin string
		status         int
		allowed        string
	}{
		"the configured origin": {"GET", "https://app.test", 200, "https://app.test"},
		"another origin":        {"GET", "https://evil.test", 200, ""},
		"a prefix of it":        {"GET", "https://app.test.evil.test", 200, ""},
		"a preflight":           {"OPTIONS", "https://app.test", 204, "https://app.test"},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.send(c.method, "/things", "", "Origin", c.origin, "Access-Control-Request-Method", "GET")
			require.Equal(t, c.status, r.status)
			require.Equal(t, c.allowed, r.header.Get("Access-Control-Allow-Origin"))
		})
	}
}

func TestReadiness(t *testing.T) {
	var down atomic.Value
	down.Store("")
	check := func(name string) Check {
		return Check{Name: name, Ping: func(context.Context) error {
			if down.Load() == name {
				return errors.New("down")
			}
			return nil
		}}
	}
	s := newSite(t, nil, func(o *Options) { o.Checks = []Check{check("database"), check("redis")} })
	for part, want := range map[string]struct {
		status int
		text   string
	}{"": {200, `"ready"`}, "redis": {200, `"degraded"`}, "database": {503, `"unavailable"`}} {
		down.Store(part)
		r := s.send("GET", "/readyz", "")
		require.Equal(t, want.status, r.status, part)
		require.Contains(t, r.body, want.text)
		require.NotContains(t, r.body, `"detail":"down"`, "errors name hosts")
	}
	down.Store("")
	s.server.MarkStopping()
	require.Equal(t, 503, s.send("GET", "/readyz", "").status, "balancers send no more requests")
}

func TestCapabilities(t *testing.T) {
	s := newSite(t, nil, func(o *Options) {
		o.Capabilities = []Capability{{Name: "passwords", Value: map[string]int{"min": 12}}}
		o.Modules = []ModuleInfo{{Name: "courses", Enabled: true}, {Name: "chat"}}
	})
	require.JSONEq(t, `{"modules": ["courses"], "passwords": {"min": 12}}`, s.send("GET", "/capabilities", "").body)
	_, err := collectCapabilities([]Capability{{Name: "a"}, {Name: "a"}}, nil)
	require.ErrorContains(t, err, "declared twice")
}
