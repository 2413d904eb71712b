package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// asAdmin stands for the token of an administrator.
const asAdmin = "{admin}"

// deeplyNested is a list in a list, forty times.
var deeplyNested = strings.Repeat("[", 40) + strings.Repeat("]", 40)

// badRequest is a request and how it must be refused.
type badRequest struct {
	status       int
	code         string
	method, path string
	token        string
	body         any
	header       sitetest.Header
}

var badRequests = []badRequest{
	{404, "not-found", "GET", "/nope", "", nil, nil},
	{404, "not-found", "GET", "/Courses", "", nil, nil},
	{404, "not-found", "GET", "/courses/", "", nil, nil},
	{405, "method-not-allowed", "DELETE", "/courses", "", nil, nil},
	{405, "method-not-allowed", "TRACE", "/courses", "", nil, nil},
	{405, "method-not-allowed", "PROPFIND", "/courses", "", nil, nil},
	{401, "unauthenticated", "GET", "/users/me", "", nil, nil},
	{401, "invalid-token", "GET", "/users/me", "x.y.z", nil, nil},
	{401, "invalid-token", "GET", "/courses", "x.y.z", nil, nil},
	{401, "invalid-token", "GET", "/users/me", "", nil, sitetest.Header{"Authorization": "Basic abc"}},
	{401, "invalid-token", "GET", "/users/me", strings.Repeat("a", 5000), nil, nil},
	{
		415, "unsupported-media-type", "POST", "/auth/login", "", "a=b",
		sitetest.Header{"Content-Type": "application/x-www-form-urlencoded"},
	},
	{
		415, "unsupported-media-type", "POST", "/auth/login", "", "{}",
		sitetest.Header{"Content-Type": "text/plain+json"},
	},
	{415, "unsupported-media-type", "POST", "/auth/login", "", "{}", sitetest.Header{"Content-Encoding": "gzip"}},
	{413, "body-too-large", "POST", "/auth/login", "", `{"email":"` + strings.Repeat("a", 1<<20) + `"}`, nil},
	{400, "malformed-request", "POST", "/auth/login", "", `{"email":`, nil},
	{400, "malformed-request", "POST", "/auth/login", "", `{} {}`, nil},
	{400, "malformed-request", "POST", "/auth/login", "", deeplyNested, nil},
	{400, "malformed-request", "POST", "/auth/login", "", "{\"email\":\"\xff\"}", nil},
	{422, "validation-failed", "POST", "/auth/login", "", `[]`, nil},
	{422, "validation-failed", "POST", "/auth/login", "", `null`, nil},
	{422, "validation-failed", "POST", "/auth/login", "", `{"email":"a@b.example","password":"x","role":"admin"}`, nil},
	{422, "validation-failed", "POST", "/auth/login", "", `{"email":"a@b.example","password":"x","Password":"y"}`, nil},
	{422, "validation-failed", "POST", "/auth/login", "", `{"email":"a@b.example","password":"x","password":"y"}`, nil},
	{422, "validation-failed", "POST", "/auth/login", "", `{"email":"a\u0000@b.example","password":"x"}`, nil},
	{422, "validation-failed", "POST", "/auth/login", "", `{"email":"a\ud800@b.example","password":"x"}`, nil},
	{422, "validation-failed", "POST", "/auth/register", "", `{"email":"a@b.example","password":"password"}`, nil},
	{422, "validation-failed", "POST", "/auth/register", "", `{"email":"no address","password":"secretpass"}`, nil},
	{422, "validation-failed", "GET", "/courses?limit=0", "", nil, nil},
	{422, "validation-failed", "GET", "/courses?limit=x", "", nil, nil},
	{422, "validation-failed", "GET", "/courses?cursor=Zm9yZ2Vk", "", nil, nil},
	{422, "validation-failed", "GET", "/courses?sort=title;drop", "", nil, nil},
	{422, "validation-failed", "GET", "/courses?q=%00", "", nil, nil},
	{422, "validation-failed", "GET", "/courses?tag=%ed%a0%80", "", nil, nil},
	{422, "validation-failed", "GET", "/storage/sign?key=a%00b", asAdmin, nil, nil},
	{404, "not-found", "GET", "/courses/not-there", "", nil, nil},
	{404, "not-found", "GET", "/admin/users/1%20OR%201=1", asAdmin, nil, nil},
	{404, "not-found", "PATCH", "/courses/01900000-0000-7000-8000-000000000000", asAdmin, `{"title":"x"}`, nil},
	{422, "validation-failed", "POST", "/auth/logout-all", asAdmin, `{"x":1}`, nil},
}

func TestBadRequestsGetTheContractsAnswers(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	for _, c := range badRequests {
		s.WantProblem(c.status, c.code, c.method, c.path, strings.ReplaceAll(c.token, asAdmin, admin), c.body, c.header)
	}
	a := s.WantProblem(405, "method-not-allowed", "DELETE", "/courses", "", nil)
	require.Equal(t, "GET, HEAD, POST", a.Header.Get("Allow"))
	require.Equal(t, "Bearer", s.Call("GET", "/users/me", "", nil).Header.Get("WWW-Authenticate"))
}

func TestASecretIsNeverEchoed(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	for _, body := range []string{
		`{"email":"a@b.example","password":"hunter2"}`, `{"email":"a@b.example","password":["hunter2"]}`,
		`{"email":"a@b.example","password":{"hunter2":1}}`,
		`{"password":"hunter2hunter2","display_name":"` + strings.Repeat("x", 200) + `"}`,
	} {
		a := s.Want(422, "POST", "/auth/register", "", body)
		require.NotContains(t, strings.ReplaceAll(string(a.Raw), "body.password.hunter2", ""), "hunter2")
	}
}

func TestHeadETagAndConditions(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	c := s.Want(201, "POST", "/courses", admin, map[string]any{"title": "Tagged"})
	path := "/courses/" + c.Text("id")
	etag := c.Header.Get("ETag")
	require.Regexp(t, `^"1\.[0-9a-f]+"$`, etag)
	get := s.Want(200, "GET", path, admin, nil)
	require.Equal(t, etag, get.Header.Get("ETag"))
	require.Equal(t, "private, no-cache", get.Header.Get("Cache-Control"))
	head := s.Want(200, "HEAD", path, admin, nil)
	require.Empty(t, head.Raw)
	require.Equal(t, get.Header.Get("Content-Length"), head.Header.Get("Content-Length"))
	require.Empty(t, s.Want(304, "GET", path, admin, nil, sitetest.Header{"If-None-Match": etag}).Raw)
	changed := s.Want(200, "PATCH", path, admin, `{"title":"Changed"}`, sitetest.Header{"If-Match": etag})
	require.Regexp(t, `^"2\.`, changed.Header.Get("ETag"))
	s.WantProblem(412, "precondition-failed", "PATCH", path, admin, `{"title":"Lost"}`, sitetest.Header{"If-Match": etag})
	s.WantProblem(412, "precondition-failed", "DELETE", path, admin, nil, sitetest.Header{"If-Match": `"nonsense"`})
	same := s.Want(200, "PATCH", path, admin, `{"title":"Changed"}`)
	require.Equal(t, changed.Header.Get("ETag"), same.Header.Get("ETag"), "what changes nothing is no new version")
	s.Want(204, "DELETE", path, admin, nil)
	s.WantProblem(404, "not-found", "GET", path, admin, nil)
}

func TestIdempotencyKey(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		key := sitetest.Header{"Idempotency-Key": "k-1"}
		first := s.Want(201, "POST", "/courses", admin, `{"title":"Once"}`, key)
		again := s.Want(201, "POST", "/courses", admin, `{"title":"Once"}`, key)
		require.Equal(t, first.Raw, again.Raw)
		require.Equal(t, first.Header.Get("Location"), again.Header.Get("Location"))
		require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
		s.WantProblem(422, "idempotency-key-reused", "POST", "/courses", admin, `{"title":"Twice"}`, key)

		bad := sitetest.Header{"Idempotency-Key": "k-2"}
		s.WantProblem(422, "validation-failed", "POST", "/courses", admin, `{"title":""}`, bad)
		require.Equal(t, "true",
			s.WantProblem(422, "validation-failed", "POST", "/courses", admin, `{"title":""}`, bad).Header.Get("Idempotency-Replayed"))

		// Twenty at once are one course.
		var wg sync.WaitGroup
		ids := make([]string, 20)
		for i := range ids {
			wg.Go(func() {
				ids[i] = s.Call("POST", "/courses", admin, `{"title":"Race"}`,
					sitetest.Header{"Idempotency-Key": "k-3"}).Text("id")
			})
		}
		wg.Wait()
		for _, id := range ids {
			require.Equal(t, ids[0], id)
		}
		require.Len(t, s.Want(200, "GET", "/courses?status=draft&q=race", admin, nil).Items(), 1)

		// Anonymous requests are known by key and body.
		reg := `{"email":"idem@example.com","password":"secretpass"}`
		one := s.Want(201, "POST", "/auth/register", "", reg, key)
		require.Equal(t, one.Raw, s.Want(201, "POST", "/auth/register", "", reg, key).Raw)
	})
}

func TestH3CORSIsExact(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"CORS_ORIGINS": "https://app.example.com"})
	token := s.AdminToken()
	for _, evil := range []string{
		"https://evil.example", "null", "https://app.example.com.evil.example", "https://evilapp.example.com",
		"https://evil.example/https://app.example.com", "http://app.example.com",
		"https://app.example.com:8443", "https://app.example.com.", "https://app.example.com/",
		"https://example.com", "https://x.app.example.com", "https://app.example.com@evil.example",
		"https://app.example.com, https://evil.example", "*", "app.example.com",
	} {
		for _, method := range []string{"GET", "OPTIONS"} {
			a := s.Call(method, "/courses", "", nil,
				sitetest.Header{"Origin": evil, "Access-Control-Request-Method": "POST"})
			require.Empty(t, a.Header.Get("Access-Control-Allow-Origin"), evil)
			require.Empty(t, a.Header.Get("Access-Control-Allow-Methods"), evil)
			require.Contains(t, a.Header.Values("Vary"), "Origin", "a cache must not give one origin's answer to another")
		}
		require.Equal(t, 403, s.Dial("/ws/channels/hq?token="+token, http.Header{"Origin": {evil}}).Status, evil)
	}
	good := sitetest.Header{"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
	require.Equal(t, "https://app.example.com",
		s.Call("GET", "/courses", "", nil, good).Header.Get("Access-Control-Allow-Origin"))
	preflight := s.Want(204, "OPTIONS", "/courses", "", nil, good)
	require.Contains(t, preflight.Header.Get("Access-Control-Allow-Headers"), "Idempotency-Key")
	require.Equal(t, 101,
		s.Dial("/ws/channels/hq?token="+token, http.Header{"Origin": {"https://app.example.com"}}).Status)
	// Errors are readable there, too, and no cookie ever goes along.
	for _, a := range []sitetest.Answer{
		s.Want(401, "GET", "/users/me", "", nil, good), s.Want(404, "GET", "/nope", "", nil, good),
		s.Want(422, "POST", "/auth/login", "", "{}", good), preflight,
	} {
		require.Equal(t, "https://app.example.com", a.Header.Get("Access-Control-Allow-Origin"))
		require.Empty(t, a.Header.Get("Access-Control-Allow-Credentials"))
	}
}

// H7: what proxies and servers read differently is refused, and nothing after it is served.
func TestH7AmbiguousFramingIsRefused(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	addr := strings.TrimPrefix(s.URL, "http://")
	serverFields := "GET /modules HTTP/1.1\r\nHost: x\r\n\r\n"
	post := "POST /auth/logout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	for name, raw := range map[string]string{
		"two lengths":       "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\n" + serverFields,
		"length and chunks": "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + serverFields,
		"chunks on 1.0":     "POST /auth/login HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + serverFields,
		"bare line feed":    "GET /healthz HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n" + serverFields,
		"identity":          "POST /auth/logout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: identity\r\n\r\n" + serverFields,
		"two tokens":        "GET /healthz HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n" + serverFields,
		"folded header":     "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n" + serverFields,
		"folded chunks":     post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + serverFields,
		"xchunked":          post + "Transfer-Encoding: xchunked\r\n\r\n" + serverFields,
		"chunked twice":     post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + serverFields,
		"chunked and more":  post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + serverFields,
		"more and chunked":  post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + serverFields,
		"chunked, hidden":   post + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + serverFields,
		"chunked, quoted":   post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" + serverFields,
		"space in a name":   post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + serverFields,
		"space before name": post + " Content-Length: 5\r\n\r\n" + serverFields,
		"length of length":  post + "Content-Length : 5\r\n\r\n" + serverFields,
		"signed length":     post + "Content-Length: +0\r\n\r\n" + serverFields,
		"negative length":   post + "Content-Length: -1\r\n\r\n" + serverFields,
		"hex length":        post + "Content-Length: 0x0\r\n\r\n" + serverFields,
		"list of lengths":   post + "Content-Length: 0, 0\r\n\r\n" + serverFields,
		"huge length":       post + "Content-Length: 18446744073709551616\r\n\r\n" + serverFields,
		"no number":         post + "Content-Length: \r\n\r\n" + serverFields,
		"equal lengths":     post + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + serverFields,
		"chunk of no hex":   post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + serverFields,
		"negative chunk":    post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + serverFields,
		"chunk overflows":   post + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n" + serverFields,
		"extension's feed":  post + "Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n{}\r\n0\r\n\r\n" + serverFields,
		"chunk by feeds":    post + "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n" + serverFields,
		"no host":           "GET /healthz HTTP/1.1\r\nX-A: b\r\n\r\n" + serverFields,
		"two hosts":         "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + serverFields,
		"two types":         "POST /auth/logout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n" + serverFields,
		"NUL in a value":    "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n" + serverFields,
		"NUL in a name":     "GET /healthz HTTP/1.1\r\nHost: x\r\nX-\x00A: a\r\n\r\n" + serverFields,
		"lone return":       "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\rX-B: b\r\n\r\n" + serverFields,
		"no colon":          "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A\r\n\r\n" + serverFields,
		"feeds only":        "GET /healthz HTTP/1.1\nHost: x\n\n" + serverFields,
	} {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(3*time.Second)))
		_, err = io.WriteString(conn, raw)
		require.NoError(t, err)
		all, _ := io.ReadAll(bufio.NewReader(conn))
		_ = conn.Close()
		require.NotContains(t, string(all), `"items"`, name)
		if len(all) > 0 {
			require.True(t, strings.HasPrefix(string(all), "HTTP/1.1 400"), "%s: %.60s", name, all)
		}
	}
}

func TestABrokenEscapeIsAMissingPath(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(s.URL, "http://"), time.Second)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "GET /courses/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	all, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(all), "HTTP/1.1 404"), "%.60s", all)
}

func TestOversizedHeadersAre431(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	s.WantProblem(431, "header-too-large", "GET", "/healthz", "", nil,
		sitetest.Header{"X-Long": strings.Repeat("a", 20<<10)})
}

func TestProblemsDocsAndConsoleAreThere(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	problems := problemCatalog(t).List()
	for _, p := range problems {
		require.Contains(t, string(s.Want(200, "GET", "/problems/"+p.Code, "", nil).Raw), "<code>"+p.Code+"</code>")
	}
	s.WantProblem(404, "not-found", "GET", "/problems/nope", "", nil)
	page := string(s.Want(200, "GET", "/problems", "", nil, sitetest.Header{"Accept": "text/html"}).Raw)
	listed := s.Want(200, "GET", "/problems", "", nil, sitetest.Header{"Accept": "application/json"}).Items()
	require.Len(t, listed, len(problems))
	for _, p := range problems {
		require.Contains(t, page, `href="/problems/`+p.Code+`"`)
	}
	for _, page := range []string{
		"/", "/join", "/docs", "/dev/mailbox", "/console/app.js", "/docs/init.js", "/openapi.yaml", "/metrics",
	} {
		s.Want(200, "GET", page, "", nil)
	}
	require.Contains(t, s.Want(200, "GET", "/", "", nil).Header.Get("Content-Security-Policy"), "script-src 'self'")
	var doc struct {
		OpenAPI string                    `json:"openapi"`
		Paths   map[string]map[string]any `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(s.Want(200, "GET", "/openapi.json", "", nil).Raw, &doc))
	require.True(t, strings.HasPrefix(doc.OpenAPI, "3.1"))
	for _, r := range s.Running.Parts.Server.ListRoutes() {
		_, there := doc.Paths[r.Path][strings.ToLower(r.Method)]
		require.Equal(t, !r.Hidden, there, "%s %s in the document", r.Method, r.Path)
	}
}

// Each optional module can be off while the rest works: its routes are gone, everything else answers.
func TestEachModuleCanBeOff(t *testing.T) {
	for _, m := range modules {
		if m.Required {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			s := sitetest.Start(t, map[string]string{"MODULES_DISABLED": m.Name})
			on := func(name string) bool { return name != m.Name }
			for _, info := range s.Want(200, "GET", "/modules", "", nil).Items() {
				i := info.(map[string]any)
				require.Equal(t, on(i["name"].(string)), i["enabled"])
			}
			require.NotContains(t, string(s.Want(200, "GET", "/openapi.json", "", nil).Raw),
				fmt.Sprintf(`"tags": [%q]`, m.Name))
			walkWithout(s, m.Name, on)
		})
	}
}

// walkWithout does the main job but for one module, whose routes must be missing.
func walkWithout(s *sitetest.Site, off string, on func(string) bool) {
	admin := s.AdminToken()
	email, _, user := s.NewAccount("without-" + off)
	s.WaitForMail(email)
	status := func(module string, enabled int) int {
		if on(module) {
			return enabled
		}
		return 404
	}
	s.Want(status("invites", 201), "POST", "/admin/invites", admin, `{"role_to_grant":"member"}`)
	s.Want(status("audit", 200), "GET", "/admin/audit-logs", admin, nil)
	s.Want(status("chat", 200), "GET", "/channels/hq", user, nil)
	s.Want(status("notifications", 200), "GET", "/notifications", user, nil)
	s.Want(status("storage", 404), "GET", "/storage/sign?key=nothing", admin, nil)
	s.Want(status("courses", 200), "GET", "/courses", user, nil)
	s.Want(200, "GET", "/admin/emails", admin, nil)
	s.Want(status("storage", 403), "GET", "/objects/01900000-0000-7000-8000-000000000000", "", nil)
	if !on("courses") {
		return
	}
	c := s.Want(201, "POST", "/courses", admin, `{"title":"Without","status":"published"}`).Text("id")
	l := s.Want(201, "POST", "/courses/"+c+"/lessons", admin, `{"title":"One"}`).Text("id")
	s.Want(200, "PUT", "/courses/"+c+"/lessons/"+l+"/progress", user, `{"percent":100}`)
	if !on("storage") {
		s.WantProblem(422, "asset-unusable", "PATCH", "/courses/"+c+"/lessons/"+l, admin,
			`{"asset_key":"lessons/video.mp4"}`)
	}
}
