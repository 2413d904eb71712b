package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// speak sends bytes as they are and gives all that is answered until the server closes or falls silent.
func exchangeRaw(s *sitetest.Site, request string) string {
	s.T.Helper()
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(s.URL, "http://"), time.Second)
	require.NoError(s.T, err)
	defer func() { _ = conn.Close() }()
	require.NoError(s.T, conn.SetDeadline(time.Now().Add(2*time.Second)))
	_, err = io.WriteString(conn, request)
	require.NoError(s.T, err)
	all, _ := io.ReadAll(conn)
	return string(all)
}

// sendRaw sends a request as it is and returns the answer, or nil if there was none.
func sendRaw(s *sitetest.Site, request string) *sitetest.Answer {
	s.T.Helper()
	all := exchangeRaw(s, request)
	if all == "" {
		return nil
	}
	method, _, _ := strings.Cut(request, " ")
	res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(all)), &http.Request{Method: method})
	require.NoError(s.T, err, "%.200q", all)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(s.T, err)
	a := &sitetest.Answer{Status: res.StatusCode, Header: res.Header, Raw: raw}
	_ = json.Unmarshal(raw, &a.JSON)
	return a
}

// callUnchecked is call without its opinions: a broken server may answer 500.
func callUnchecked(s *sitetest.Site, method, path, token string) sitetest.Answer {
	s.T.Helper()
	req, err := http.NewRequestWithContext(s.T.Context(), method, s.URL+path, nil)
	require.NoError(s.T, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := sitetest.Client.Do(req)
	require.NoError(s.T, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(s.T, err)
	a := sitetest.Answer{Status: res.StatusCode, Header: res.Header, Raw: raw}
	_ = json.Unmarshal(raw, &a.JSON)
	return a
}

func policyOf(a sitetest.Answer) map[string][]string {
	out := map[string][]string{}
	for part := range strings.SplitSeq(a.Header.Get("Content-Security-Policy"), ";") {
		if words := strings.Fields(part); len(words) > 0 {
			out[words[0]] = words[1:]
		}
	}
	return out
}

// H1: the walks of console_test.go show that the pages work under this policy, without one violation.
func TestH1PagesLiveUnderAStrictPolicy(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	for path, trusted := range map[string]bool{
		"/": true, "/join": true, "/verify": true, "/reset": true, "/dev/mailbox": true, "/docs": false,
		"/problems/not-found": false,
	} {
		a := s.Want(200, "GET", path, "", nil, sitetest.Header{"Accept": "text/html"})
		p := policyOf(a)
		require.Equal(t, []string{"'none'"}, p["default-src"], path)
		require.Equal(t, []string{"'none'"}, p["frame-ancestors"], path)
		if path != "/problems/not-found" { // which may do nothing at all
			require.Equal(t, []string{"'self'"}, p["script-src"], path)
			require.Equal(t, []string{"'none'"}, p["object-src"], path)
			require.Equal(t, []string{"'none'"}, p["base-uri"], path)
			require.NotEmpty(t, p["form-action"], path)
		}
		if trusted { // the docs' Swagger UI sets markup of its own
			require.Equal(t, []string{"'script'"}, p["require-trusted-types-for"], path)
			require.Equal(t, []string{"lyceum"}, p["trusted-types"], path)
		}
		for directive, sources := range p {
			for _, source := range sources {
				mailbox := path == "/dev/mailbox" && directive == "style-src" // mails bring their styles; development only
				require.False(t, strings.HasPrefix(source, "'unsafe-") && !mailbox, "%s: %s %s", path, directive, source)
				require.NotContains(t, []string{"*", "http:", "https:", "'strict-dynamic'"}, source, "%s: %s",
					path, directive)
				if source == "data:" || source == "blob:" {
					require.Contains(t, []string{"img-src", "media-src"}, directive, path)
				}
			}
		}
		for _, fault := range inlineIn(t, string(a.Raw)) {
			t.Errorf("%s has %s", path, fault)
		}
	}
	// What is no page may load and frame nothing.
	for _, path := range []string{"/courses", "/openapi.json", "/console/app.js", "/nope", "/users/me"} {
		require.Equal(t, "default-src 'none'; frame-ancestors 'none'",
			s.Call("GET", path, "", nil).Header.Get("Content-Security-Policy"), path)
	}
	require.Contains(t, s.Want(200, "GET", "/console/app.js", "", nil).Header.Get("Content-Type"), "javascript")
}

// inlineIn finds what a page without inline code and foreign files does not have.
func inlineIn(t *testing.T, page string) (out []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if (n.Data == "script" || n.Data == "style") && n.FirstChild != nil && strings.TrimSpace(n.FirstChild.Data) != "" {
			out = append(out, "an inline "+n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" {
				out = append(out, "an attribute "+a.Key)
			}
			if u, err := url.Parse(a.Val); (a.Key == "src" || a.Key == "href") && (err != nil || u.Host != "" || u.Scheme != "" && u.Scheme != "data") {
				out = append(out, "a foreign "+a.Key+" "+a.Val)
			}
		}
	}
	return out
}

// everyStatus asks for one answer of each kind, from good to broken.
func everyStatus(s *sitetest.Site) map[string]sitetest.Answer {
	t := s.T
	t.Helper()
	admin := s.AdminToken()
	_, _, user := s.NewAccount("headers")
	c := s.Want(201, "POST", "/courses", admin, `{"title":"Headers"}`)
	path := "/courses/" + c.Text("id")
	lesson := path + "/lessons/" + s.Want(201, "POST", path+"/lessons", admin, `{"title":"One"}`).Text("id")
	got := s.Want(200, "GET", path, admin, nil)
	out := map[string]sitetest.Answer{
		"201":        c,
		"200":        got,
		"200 public": s.Want(200, "GET", "/courses", "", nil),
		"200 page":   s.Want(200, "GET", "/", "", nil),
		"200 script": s.Want(200, "GET", "/console/app.js", "", nil),
		"200 HEAD":   s.Want(200, "HEAD", path, admin, nil),
		"200 login": s.Want(200, "POST", "/auth/login", "",
			sitetest.Credentials("headers@example.com", sitetest.Password)),
		"200 health":  s.Want(200, "GET", "/healthz", "", nil),
		"202":         s.Want(202, "POST", "/auth/password/forgot", "", `{"email":"nobody@example.com"}`),
		"204":         s.Want(204, "POST", "/notifications/read-all", user, nil),
		"304":         s.Want(304, "GET", path, admin, nil, sitetest.Header{"If-None-Match": got.Header.Get("ETag")}),
		"304 page":    s.Want(304, "GET", "/", "", nil, sitetest.Header{"If-None-Match": "*"}),
		"400":         s.Want(400, "POST", "/auth/login", "", `{`),
		"401":         s.Want(401, "GET", "/users/me", "", nil),
		"401 token":   s.Want(401, "GET", "/users/me", "x.y.z", nil),
		"403":         s.Want(403, "GET", "/admin/users", user, nil),
		"404":         s.Want(404, "GET", "/nope", "", nil),
		"404 object":  s.Want(404, "GET", path, user, nil),
		"404 file":    s.Want(404, "GET", "/console/nope.js", "", nil),
		"405":         s.Want(405, "DELETE", "/courses", "", nil),
		"405 TRACE":   s.Want(405, "TRACE", "/courses", "", nil),
		"405 unknown": s.Want(405, "PROPFIND", "/courses", "", nil),
		"409": s.Want(409, "POST", "/auth/register", "",
			sitetest.Credentials("headers@example.com", sitetest.Password)),
		"412":         s.Want(412, "PATCH", path, admin, `{"title":"x"}`, sitetest.Header{"If-Match": `"9.x"`}),
		"413":         s.Want(413, "POST", "/auth/login", "", strings.Repeat(" ", 1<<20+1)),
		"415":         s.Want(415, "POST", "/auth/login", "", "{}", sitetest.Header{"Content-Type": "text/plain"}),
		"422":         s.Want(422, "POST", "/auth/login", "", "{}"),
		"426":         s.Want(426, "GET", "/ws/channels/hq", admin, nil),
		"431":         s.Want(431, "GET", "/healthz", "", nil, sitetest.Header{"X-Long": strings.Repeat("a", 20<<10)}),
		"400 framing": *sendRaw(s, "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
		"404 escape":  *sendRaw(s, "GET /courses/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
		"403 object":  s.Want(403, "GET", "/objects/"+unknownID, "", nil),
	}
	for range 3 {
		out["429"] = s.Call("POST", "/invites/redeem", user, `{"code":"no code"}`)
	}
	require.Equal(t, 429, out["429"].Status, "%s", out["429"].Raw)
	// Something is broken inside, then the database is gone.
	_, err := s.Running.Parts.DB.Pool().Exec("ALTER TABLE lessons RENAME TO lessons_away")
	require.NoError(t, err)
	out["500"] = callUnchecked(s, "GET", lesson, admin)
	_, err = s.Running.Parts.DB.Pool().Exec("ALTER TABLE lessons_away RENAME TO lessons")
	require.NoError(t, err)
	require.Equal(t, 500, out["500"].Status, "%s", out["500"].Raw)
	return out
}

// H2: an answer is as safe when it is an error.
func TestH2EveryAnswerHasItsSecurityHeaders(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			addr := "127.0.0.1:" + testkit.FreePort(t)
			s := sitetest.Start(t,
				map[string]string{"HTTP_ADDR": addr, "PUBLIC_URL": scheme + "://" + addr, "RATE_LIMIT_REDEEM": "2/1m"})
			s.URL = "http://" + addr // TLS ends before us
			for kind, a := range everyStatus(s) {
				get := a.Header.Get
				require.Equal(t, "nosniff", get("X-Content-Type-Options"), kind)
				require.Equal(t, "no-referrer", get("Referrer-Policy"), kind)
				require.Contains(t, get("Content-Security-Policy"), "default-src 'none'", kind)
				require.NotEmpty(t, get("X-Request-Id"), kind)
				object := strings.HasSuffix(kind, "object") && kind != "404 object"
				require.Equal(t, map[bool]string{false: "same-origin", true: "cross-origin"}[object],
					get("Cross-Origin-Resource-Policy"), kind)
				caching := "no-store"
				if get("ETag") != "" {
					caching = "private, no-cache"
				}
				require.Equal(t, caching, get("Cache-Control"), kind)
				require.Len(t, a.Header.Values("Content-Security-Policy"), 1, kind)
				require.Empty(t, get("Set-Cookie"), kind)
				hsts := get("Strict-Transport-Security")
				if scheme == "http" {
					require.Empty(t, hsts, kind)
					continue
				}
				var seconds int
				_, err := fmt.Sscanf(hsts, "max-age=%d; includeSubDomains", &seconds)
				require.NoError(t, err, "%s: %q", kind, hsts)
				require.GreaterOrEqual(t, seconds, 365*24*3600, kind)
			}
		})
	}
}

// H3: what other origins get is decided by equality alone; see also TestH3CORSIsExact.
func TestH3NoOriginIsTheDefault(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	token := s.AdminToken()
	for _, origin := range []string{
		"https://evil.example", "null", "http://localhost:3000", "*", "file://", s.URL + ".evil.example",
		strings.Replace(s.URL, "http:", "https:", 1),
	} {
		for _, method := range []string{"GET", "OPTIONS", "POST"} {
			a := s.Call(method, "/courses", "", nil,
				sitetest.Header{
					"Origin": origin, "Access-Control-Request-Method": "POST",
					"Access-Control-Request-Headers": "authorization",
				})
			for name := range a.Header {
				require.False(t, strings.HasPrefix(name, "Access-Control-"), "%s by %s: %s", method, origin, name)
			}
		}
		require.Equal(t, 403, s.Dial("/ws/channels/hq?token="+token, http.Header{"Origin": {origin}}).Status, origin)
	}
	require.Equal(t, 101, s.Dial("/ws/channels/hq?token="+token, http.Header{"Origin": {s.URL}}).Status,
		"our own pages need nothing")
}

const uploadedPage = "<!doctype html><script>globalThis.executed=1</script><svg xmlns='http://www.w3.org/2000/svg' onload='globalThis.executed=1'></svg>"

// uploadedTypes are types of which an operator may let pages in.
var uploadedTypes = []string{
	"text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/xml", "text/javascript",
	"application/javascript", "text/css", "application/pdf", "multipart/x-mixed-replace", "text/plain",
}

// H4: a page that somebody uploads never becomes one of ours, even where an operator lets it in.
func TestH4UploadedPagesNeverRunHere(t *testing.T) {
	t.Parallel()
	t.Run("by default", func(t *testing.T) {
		t.Parallel()
		s := sitetest.Start(t, nil)
		admin := s.AdminToken()
		refusePages(s, admin)
		uploadDisguisedPages(s, admin)
		servePolyglot(s, admin)
	})
	for _, store := range []string{"folder", "S3"} {
		t.Run("allowed, "+store, func(t *testing.T) {
			t.Parallel()
			vars := map[string]string{}
			if store == "S3" {
				vars = sitetest.Services(t)
			}
			vars["UPLOAD_CONTENT_TYPES"] = strings.Join(uploadedTypes, ",")
			s := sitetest.Start(t, vars)
			admin, served := s.AdminToken(), 0
			for _, contentType := range uploadedTypes {
				if key, ok := uploadAllowedPage(s, admin, contentType); ok {
					served++
					requireServedHarmless(s, admin, key, store == "folder")
				}
			}
			require.GreaterOrEqual(t, served, 5)
		})
	}
}

// beginPage declares the n-th upload of a page as a type.
func beginPage(s *sitetest.Site, admin, contentType string, n int) sitetest.Answer {
	s.T.Helper()
	return s.Call("POST", "/storage/uploads", admin,
		map[string]any{
			"key": "h4/" + contentType + fmt.Sprint(n), "content_type": contentType,
			"size": len(uploadedPage),
		})
}

// refusePages declares types that a browser may run.
func refusePages(s *sitetest.Site, admin string) {
	s.T.Helper()
	for _, refused := range []string{
		"text/html", "TEXT/HTML", "text/html; charset=utf-8", "image/svg+xml", "Image/SVG+XML",
		"application/xhtml+xml", "text/xml", "application/xml", "text/javascript", "application/javascript",
		"text/css", "text/cache-manifest",
		"multipart/x-mixed-replace", "application/octet-stream", "", "*/*", "text/plain,text/html",
		"text/plain;text/html", "text/plain\r\nX-A: b", " text/html", "text/htm", "message/rfc822",
		"application/x-shockwave-flash",
	} {
		require.Equal(s.T, "validation-failed", beginPage(s, admin, refused, 0).Text("code"), refused)
	}
}

// uploadDisguisedPages uploads pages that are declared as something else: none becomes an asset.
func uploadDisguisedPages(s *sitetest.Site, admin string) {
	s.T.Helper()
	for i, lie := range []string{
		"image/png", "image/gif", "video/mp4", "audio/mpeg", "application/pdf", "application/zip",
		"text/plain", "text/csv", "text/vtt", "text/markdown",
	} {
		up := beginPage(s, admin, lie, i)
		require.Equal(s.T, 201, up.Status, "%s", up.Raw)
		require.Equal(s.T, 403,
			s.Call("PUT", up.Text("upload.url"), "", uploadedPage, sitetest.Header{"Content-Type": "text/html"}).Status,
			"another type than was signed")
		s.Upload(up, uploadedPage)
		a := s.Call("POST", "/storage/uploads/"+up.Text("id")+"/complete", admin, nil)
		require.Equal(s.T, "upload-mismatch", a.Text("code"), "%s: %s", lie, a.Raw)
		require.NotEqual(s.T, 200, s.Call("GET", "/storage/sign?key="+up.Text("key"), admin, nil).Status)
	}
}

// servePolyglot uploads a page that is a picture, too: it is served as what it says it is, and no word in the
// URL makes it another.
func servePolyglot(s *sitetest.Site, admin string) {
	s.T.Helper()
	gif := "GIF89a/*" + uploadedPage + "*/=1;"
	up := s.Want(201, "POST", "/storage/uploads", admin,
		map[string]any{"key": "h4/polyglot.html", "content_type": "image/gif", "size": len(gif)})
	s.Upload(up, gif)
	s.Want(200, "POST", "/storage/uploads/"+up.Text("id")+"/complete", admin, nil)
	signed := s.Want(200, "GET", "/storage/sign?key=h4/polyglot.html", admin, nil).Text("url")
	a := s.Want(200, "GET", signed, "", nil)
	require.Equal(s.T, "image/gif", a.Header.Get("Content-Type"))
	requireSandboxed(s, a, false)
	for _, more := range []string{
		"&type=text/html", "&content_type=text/html", "&response-content-type=text/html",
		"&response-content-disposition=inline", "&disposition=inline",
	} {
		require.NotEqual(s.T, "text/html", s.Call("GET", signed+more, "", nil).Header.Get("Content-Type"), more)
		require.NotEqual(s.T, "text/html",
			s.Call("GET", strings.Replace(signed, "?", "?"+more[1:]+"&", 1), "", nil).Header.Get("Content-Type"),
			more)
	}
}

// uploadAllowedPage uploads a page of a type and returns its key; false if it was recognized as another type.
func uploadAllowedPage(s *sitetest.Site, admin, contentType string) (key string, ok bool) {
	s.T.Helper()
	content := uploadedPage
	switch contentType {
	case "application/pdf":
		content = "%PDF-1.4 " + uploadedPage
	case "text/plain":
		content = "x " + strings.Repeat("x", 600) + uploadedPage
	case "text/css", "text/javascript", "application/javascript", "multipart/x-mixed-replace":
		content = "x{} " + uploadedPage
	}
	up := s.Want(201, "POST", "/storage/uploads", admin,
		map[string]any{"key": "h4/" + contentType + ".html", "content_type": contentType, "size": len(content)})
	s.Upload(up, content)
	done := s.Call("POST", "/storage/uploads/"+up.Text("id")+"/complete", admin, nil)
	if done.Status != 200 {
		require.Equal(s.T, "upload-mismatch", done.Text("code"))
		return "", false
	}
	return up.Text("key"), true
}

// requireServedHarmless checks the answers to a signed URL of a page: it is an attachment, in a sandbox where
// it is served from here, and from another origin otherwise.
func requireServedHarmless(s *sitetest.Site, admin, key string, isFolder bool) {
	s.T.Helper()
	url := s.Want(200, "GET", "/storage/sign?key="+key, admin, nil).Text("url")
	for _, h := range []sitetest.Header{nil, {"Range": "bytes=0-20"}} {
		a := s.Call("GET", url, "", nil, h)
		require.Less(s.T, a.Status, 300, "%s", a.Raw)
		require.True(s.T, strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment"), "%s: %q",
			key, a.Header.Get("Content-Disposition"))
		if isFolder {
			requireSandboxed(s, a, true)
		} else {
			require.False(s.T, strings.HasPrefix(url, s.URL), "users' files have an origin of their own")
		}
	}
	if isFolder {
		requireSandboxed(s, s.Call("HEAD", url, "", nil), true)
		requireSandboxed(s, s.Call("GET", url, "", nil, sitetest.Header{"Range": "bytes=99999999-"}), true)
		requireSandboxed(s, s.Call("GET", url+"x", "", nil), true)
	}
}

// requireSandboxed checks the headers that make an answer of the embedded store harmless on our origin.
func requireSandboxed(s *sitetest.Site, a sitetest.Answer, attachment bool) {
	s.T.Helper()
	require.Equal(s.T, "sandbox; default-src 'none'", a.Header.Get("Content-Security-Policy"))
	require.Equal(s.T, "nosniff", a.Header.Get("X-Content-Type-Options"))
	require.Equal(s.T, attachment, strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment"),
		a.Header.Get("Content-Disposition"))
}

// internals are words that no answer has: of languages, libraries, drivers, files and machines.
var internals = regexp.MustCompile(`(?i)goroutine|panic|runtime error|\.go\b|nil pointer|interface conversion|reflect|fasthttp|fiber|huma|gorm|sqlite|sqlstate|pq:|pgx|postgres|no such table|syntax error|sql:|redis|miniredis|minio|amz|dial tcp|connection refused|context deadline|context canceled|i/o timeout|/home/|/tmp/|/work/|/usr/|127\.0\.0\.1:|invalid character|unmarshal|json:|EOF\b|strconv|uuid:|x509|stack`)

// requireProblemDocument checks that an answer is a problem of RFC 9457 and tells nothing from inside.
func requireProblemDocument(t testing.TB, what string, a sitetest.Answer) {
	t.Helper()
	require.Equal(t, "application/problem+json", a.Header.Get("Content-Type"), "%s: %s", what, a.Raw)
	require.EqualValues(t, a.Status, a.JSON["status"], "%s: %s", what, a.Raw)
	require.Equal(t, "/problems/"+a.Text("code"), a.Text("type"), what)
	require.NotEmpty(t, a.Text("title"), what)
	require.Equal(t, a.Header.Get("X-Request-Id"), a.Text("request_id"), what)
	for name := range a.JSON {
		require.Contains(t,
			[]string{
				"type", "code", "title", "status", "detail", "instance", "request_id", "errors", "used_by",
				"challenge", "expires_in",
			},
			name, what)
	}
	delete(a.JSON, "instance") // it repeats the path
	require.NotRegexp(t, internals, fmt.Sprint(a.JSON), what)
}

// mark stands in requests, and must stand in no answer.
const mark = "zzmarkzz"

// unreadable are requests that the server can't even read, with the mark.
var unreadable = map[string]string{
	"no request":          mark + "\r\n\r\n",
	"no version":          "GET /" + mark + "\r\n\r\n",
	"another version":     "GET /" + mark + " HTTP/9.9\r\nHost: x\r\n\r\n",
	"another protocol":    "\x16\x03\x01\x02\x00\x01\x00" + mark,
	"HTTP/2":              "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"no colon":            "GET / HTTP/1.1\r\nHost: x\r\n" + mark + "\r\n\r\n",
	"bad length":          "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: " + mark + "\r\n\r\n",
	"negative length":     "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
	"space in the target": "GET /" + mark + " x HTTP/1.1\r\nHost: x\r\n\r\n",
	"bad chunk":           "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + mark + "\r\n",
	"bad method":          "G@T" + mark + " / HTTP/1.1\r\nHost: x\r\n\r\n",
	"NUL in the path":     "GET /\x00" + mark + " HTTP/1.1\r\nHost: x\r\n\r\n",
	"bytes in the path":   "GET /\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	"broken escape":       "GET /courses/%zz" + mark + "? HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	"a whole URL":         "GET http://" + mark + ".example/nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	"bad host":            "GET /nope HTTP/1.1\r\nHost: " + mark + "\"<>@[\r\nConnection: close\r\n\r\n",
	"expectation":         "POST /nope HTTP/1.1\r\nHost: x\r\nExpect: " + mark + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
}

func TestH5ErrorsAreProblemsWithoutInternals(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"RATE_LIMIT_REDEEM": "2/1m"})
	for kind, a := range everyStatus(s) {
		if a.Status >= 400 {
			requireProblemDocument(t, kind, a)
		}
	}
	sendUnreadable(s)
	sendMarkedValues(s)

	// The database goes away as a whole: whoever asks is told to come back, not why.
	admin := s.AdminToken()
	require.NoError(t, s.Running.Parts.DB.Pool().Close())
	for _, path := range []string{
		"/courses", "/users/me", "/channels", "/notifications", "/admin/audit-logs", "/storage/assets",
	} {
		a := callUnchecked(s, "GET", path, admin)
		require.Contains(t, []int{500, 503}, a.Status, "%s: %s", path, a.Raw)
		requireProblemDocument(t, path, a)
	}
	ready := callUnchecked(s, "GET", "/readyz", "")
	require.Equal(t, 503, ready.Status)
	require.NotRegexp(t, `sql|closed|/tmp|goroutine`, string(ready.Raw))
}

// sendUnreadable sends requests that can't be read. No answer is one, too; what was sent is in none.
func sendUnreadable(s *sitetest.Site) {
	s.T.Helper()
	for name, raw := range unreadable {
		a := sendRaw(s, raw)
		if a == nil {
			continue
		}
		require.GreaterOrEqual(s.T, a.Status, 400, name)
		require.Less(s.T, a.Status, 500, name)
		requireProblemDocument(s.T, name, *a)
		require.NotContains(s.T, fmt.Sprint(a.JSON), mark, name)
	}
}

// sendMarkedValues sends values that don't fit: they are named by their place and never repeated.
func sendMarkedValues(s *sitetest.Site) {
	s.T.Helper()
	for _, body := range []string{
		`{"email":"zzmarkzz","password":"zzmarkzz"}`, `{"email":{"zzmarkzz":1},"password":["zzmarkzz"]}`,
		`{"email":1,"password":"zzmarkzz"`, `zzmarkzz`, `"zzmarkzz"`,
		`{"email":"a@b.example","password":"zzmarkzz\u0000"}`,
	} {
		a := s.Call("POST", "/auth/register", "", body)
		requireProblemDocument(s.T, body, a)
		require.NotContains(s.T, strings.ReplaceAll(string(a.Raw), "body.email.zzmarkzz", ""), mark, body)
	}
	for _, query := range []string{
		"limit=zzmarkzz", "sort=zzmarkzz", "cursor=zzmarkzz", "visibility=zzmarkzz", "status=zzmarkzz",
	} {
		a := s.Call("GET", "/courses?"+query, "", nil)
		requireProblemDocument(s.T, query, a)
		require.NotContains(s.T, string(a.Raw), mark, query)
	}
}

// methods that a route could have, and some that none has.
var methods = []string{
	"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "MKCOL", "SEARCH",
	"PURGE", "DEBUG", "TRACK", "get", "Get", "FOO",
}

// H6: every path of the served table has its methods and no others, and says which.
func TestH6OtherMethodsAre405(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"RATE_LIMIT_ENABLED": "false"})
	admin := s.AdminToken()
	has := map[string][]string{}
	table := s.Running.Parts.Server.ListRoutes()
	for _, r := range table {
		path := strings.ReplaceAll(pathParameter.ReplaceAllString(r.Path, unknownID), "*", "x")
		if has[path] != nil {
			continue
		}
		for _, other := range table { // a fixed name is a parameter's value, too
			if !regexp.MustCompile("^" + strings.ReplaceAll(pathParameter.ReplaceAllString(other.Path, "[^/]+"), "/*",
				"/.*") + "$").MatchString(path) {
				continue
			}
			has[path] = append(has[path], other.Method)
			if other.Method == "GET" {
				has[path] = append(has[path], "HEAD")
			}
		}
		slices.Sort(has[path])
		has[path] = slices.Compact(has[path])
	}
	for path, own := range has {
		for _, method := range methods {
			if slices.Contains(own, method) {
				continue
			}
			a := sendRaw(s,
				method+" "+path+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+admin+"\r\nX-Echo: zzmarkzz\r\nConnection: close\r\n\r\n")
			require.NotNil(t, a, "%s %s", method, path)
			allow := strings.Split(a.Header.Get("Allow"), ", ")
			slices.Sort(allow)
			if a.Status != 405 || !slices.Equal(own, allow) {
				t.Errorf("%s %s: %d, Allow %v, want %v: %s", method, path, a.Status, allow, own, a.Raw)
			}
			require.NotContains(t, string(a.Raw), "zzmarkzz", "an echo")
		}
		// No header makes a request another one.
		if slices.Contains(own, "DELETE") && slices.Contains(own, "GET") {
			a := s.Call("GET", path, admin, nil,
				sitetest.Header{
					"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE", "X-HTTP-Method": "DELETE",
				})
			require.NotEqual(t, 204, a.Status, path)
		}
	}
	require.Greater(t, len(has), 60)
	s.Want(200, "GET", "/users/me", admin, nil)
	require.NotEqual(t, 200,
		s.Call("POST", "/users/me?_method=DELETE", admin, `{"password":"`+seed.DemoPassword+`"}`).Status)
}

// hiddenPaths are not there, whatever the configuration.
var hiddenPaths = []string{
	"/debug/pprof", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/vars",
	"/debug", "/debug/requests", "/monitor", "/status", "/server-status", "/actuator", "/actuator/env",
	"/env", "/config", "/version", "/info",
	"/.env", "/.git/config", "/.git/HEAD", "/.well-known/security.txt.bak", "/go.mod", "/main.go",
	"/lyceum.db", "/data/lyceum.db", "/backup", "/backup.zip", "/admin", "/admin/", "/phpinfo.php",
	"/wp-login.php", "/swagger.json", "/swagger/index.html", "/graphql", "/console", "/console/",
	"/docs/",
	"/console/..", "/console/../public.go", "/console/%2e%2e/public.go", "/console/..%2fpublic.go",
	"/console/..%5cpublic.go", "/console/.env", "/console//app.js", "/console/./app.js",
	"/console/%2fetc/passwd", "/console/panels", "/console/panels/", "/docs/..%2f..%2fgo.mod",
	"/docs/vendor", "/objects", "/objects/",
	"/objects/..%2f..%2fkeys%2fsecret", "/metrics/", "//metrics", "/Metrics", "/METRICS",
	"/metrics%20", "/%6detrics/", "/dev", "/dev/", "/dev/mailbox/",
}

// H6: who looks from outside learns neither what runs here nor how it fares.
func TestH6NothingInternalIsPublic(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	production := map[string]string{
		"APP_ENV": "production", "JWT_KEYS_DIR": dir, "SMTP_URL": "smtp://127.0.0.1:9", "SHUTDOWN_DELAY": "0s",
		"ADMIN_EMAIL": "admin@lyceum.local", "ADMIN_PASSWORD": seed.DemoPassword,
	}
	metrics := "127.0.0.1:" + testkit.FreePort(t)
	for name, vars := range map[string]map[string]string{
		"production": production, "metrics elsewhere": {"METRICS_ADDR": metrics}, "development": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sitetest.Start(t, vars)
			hidden := slices.Clone(hiddenPaths)
			switch name {
			case "production":
				hidden = append(hidden, "/metrics", "/dev/mailbox", "/dev/mailbox/messages")
			case "metrics elsewhere":
				hidden = append(hidden, "/metrics")
				res, err := sitetest.Client.Get("http://" + metrics + "/metrics")
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				require.Equal(t, 200, res.StatusCode)
			default:
				s.Want(200, "GET", "/metrics", "", nil)
			}
			requireHidden(s, hidden)
			requireNamelessAnswers(s)
		})
	}
}

// requireHidden checks that nothing is at the paths.
func requireHidden(s *sitetest.Site, paths []string) {
	s.T.Helper()
	for _, path := range paths {
		a := sendRaw(s, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		require.NotNil(s.T, a, path)
		require.Contains(s.T, []int{403, 404}, a.Status, "%s: %.200s", path, a.Raw)
		if a.Status == 403 {
			require.True(s.T, strings.HasPrefix(path, "/objects/"), path)
		}
	}
}

// requireNamelessAnswers checks that answers don't tell what runs here, in which version and where.
func requireNamelessAnswers(s *sitetest.Site) {
	s.T.Helper()
	for _, path := range []string{
		"/", "/docs", "/courses", "/nope", "/healthz", "/readyz", "/modules", "/openapi.json", "/users/me",
		"/problems/not-found", "/auth/login",
	} {
		a := callUnchecked(s, "GET", path, "")
		for _, name := range []string{
			"Server", "X-Powered-By", "X-Version", "Via", "X-Runtime", "X-Debug", "X-AspNet-Version",
		} {
			require.Empty(s.T, a.Header.Get(name), "%s of %s", name, path)
		}
		if path != "/openapi.json" { // the document has the interface's version, which clients need
			require.NotContains(s.T, string(a.Raw), Version, path)
		}
		require.NotRegexp(s.T, `go1\.\d|fasthttp|PostgreSQL \d|SQLite \d`, string(a.Raw), path)
	}
	// Readiness says up or down, and no address or version of a part.
	ready := callUnchecked(s, "GET", "/readyz", "")
	require.NotRegexp(s.T, `127\.0\.0\.1|localhost|:\d{2,5}\b|/tmp|dial|refused`, string(ready.Raw))
}
