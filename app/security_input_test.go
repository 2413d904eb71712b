package main

import (
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
)

// manyRequests is kinds for stories of more requests than a limit lets through.
func manyRequests(t *testing.T, story func(t *testing.T, s *sitetest.Site)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		story(t, sitetest.Start(t, map[string]string{"RATE_LIMIT_ENABLED": "false"}))
	})
	t.Run("services", func(t *testing.T) {
		t.Parallel()
		vars := sitetest.Services(t)
		vars["RATE_LIMIT_ENABLED"] = "false"
		story(t, sitetest.Start(t, vars))
	})
}

// parameter is one of the document's.
type parameter struct {
	Name   string `json:"name"`
	In     string `json:"in"`
	Schema struct {
		Type    string `json:"type"`
		Format  string `json:"format"`
		Pattern string `json:"pattern"`
		Enum    []any  `json:"enum"`
		Default any    `json:"default"`
	} `json:"schema"`
}

// queryOperation is a GET operation of the document.
type queryOperation struct {
	path, role string
	query      []parameter
}

func (r queryOperation) pages() bool {
	return slices.ContainsFunc(r.query, func(p parameter) bool { return p.Name == "cursor" })
}

// listQueryOperations returns all operations that read, except sockets.
func listQueryOperations(s *sitetest.Site) (out []queryOperation) {
	s.T.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Role       string      `json:"x-role"`
			Parameters []parameter `json:"parameters"`
		} `json:"paths"`
	}
	require.NoError(s.T, json.Unmarshal(s.Want(200, "GET", "/openapi.json", "", nil).Raw, &doc))
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		op, ok := doc.Paths[path]["get"]
		if !ok || strings.HasPrefix(path, "/ws/") {
			continue
		}
		r := queryOperation{path: path, role: op.Role}
		for _, p := range op.Parameters {
			if p.In == "query" {
				r.query = append(r.query, p)
			}
		}
		out = append(out, r)
	}
	require.Greater(s.T, len(out), 25)
	return out
}

func TestV1JSONIsStrict(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	all := m.listValidRequests()
	before := m.newestEntry()
	for _, w := range all {
		check := func(status int, body string) {
			t.Helper()
			if a := m.sendChanged(w, body); a.Status != status || !slices.Contains([]string{
				"malformed-request", "validation-failed",
			},
				a.Text("code")) {
				t.Errorf("%s by %s answers %.200q with %d, not %d: %s", w.name, w.who.role, body, a.Status, status, a.Raw)
			}
		}
		for _, no := range []string{`{"unheard_of":1}`, `{"__proto__":{}}`, `[]`, `null`, `"x"`, `1`, `true`, `[{}]`} {
			check(422, no)
		}
		for _, broken := range []string{
			`{"broken`, `{} {}`, `{},`, "{}\x00", `{'a':1}`, `{"a":1,}`, `{"a":NaN}`, `{"a":+1}`, `{"a":01}`,
			`{"a":0x1}`, `{"a":.5}`, `{/**/}`, "\ufeff{}", "{\x00}",
			"\xff\xfe{\x00}\x00", `{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "{\"a\":\"\x01\"}",
		} {
			check(400, broken)
		}
		if w.body == "" {
			continue
		}
		body := w.with.fill(w.body)
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(body), &fields), w.name)
		check(422, `{"unheard_of":1,`+body[1:])
		check(400, body[:len(body)-1])
		check(400, body+body)
		check(400, body+"x")
		for name, value := range fields {
			// golang/go#14750: names are case-sensitive, and none comes twice, folded or not.
			check(422, fmt.Sprintf(`{"%s":%s,%s`, name, value, body[1:]))
			check(422, fmt.Sprintf(`{"%s":%s,%s`, strings.ToUpper(name), value, body[1:]))
			check(422, fmt.Sprintf(`{"%s":%s,%s`, strings.ToUpper(name[:1])+name[1:], value, body[1:]))
			check(422, fmt.Sprintf(`{"%s":%s,%s`, `\u00`+fmt.Sprintf("%02x", name[0])+name[1:], value, body[1:]))
			for _, wrong := range []string{`{"a":1}`, `[[1]]`, `[null]`} {
				sendChanged := maps.Clone(fields)
				sendChanged[name] = json.RawMessage(wrong)
				raw, err := json.Marshal(sendChanged)
				require.NoError(t, err)
				check(422, string(raw))
			}
		}
	}
	require.Equal(t, before, m.newestEntry(), "a refused request has changed something")
}

func TestV2OnlyTheDocumentedTypesAreRead(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	var doc struct {
		Paths map[string]map[string]struct {
			Body struct {
				Content map[string]any `json:"content"`
			} `json:"requestBody"`
		} `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(m.s.Want(200, "GET", "/openapi.json", "", nil).Raw, &doc))
	all := m.listValidRequests()
	before := m.newestEntry()
	for _, w := range all {
		body := "{}"
		if w.body != "" {
			body = w.with.fill(w.body)
		}
		documented := doc.Paths[w.path][strings.ToLower(w.method)].Body.Content
		if w.body != "" {
			require.Contains(t, documented, "application/json", w.name)
		}
		refuse := func(h sitetest.Header) {
			t.Helper()
			if a := m.sendChanged(w, body, h); a.Status != 415 || a.Text("code") != "unsupported-media-type" {
				t.Errorf("%s takes %v: %d %s", w.name, h, a.Status, a.Raw)
			}
		}
		for _, other := range []string{
			"", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
			"text/xml", "text/plain", "text/html", "text/json", "text/plain+json",
			"application/vnd.api+json", "application/problem+json", "application/jsonx",
			"application/json-patch+json", "application/merge-patch+json", "application/octet-stream", "text/csv",
			"application/json, text/plain", "application/json; charset=utf-16",
			"application/json; charset=iso-8859-1", "application/json; charset=", "*/*", "nonsense",
			"application/json;;",
		} {
			if media, _, _ := strings.Cut(other, ";"); other == "" || documented[media] == nil || media == "application/json" {
				refuse(sitetest.Header{"Content-Type": other})
			}
		}
		for _, coding := range []string{"gzip", "gzip, gzip", "br", "deflate", "zstd", "identity", "nonsense"} {
			refuse(sitetest.Header{"Content-Encoding": coding})
		}
		for _, same := range []string{
			"application/json", "Application/JSON", "application/json; charset=utf-8",
			`application/json;charset="UTF-8"`,
		} {
			a := m.sendChanged(w, `{"unheard_of":1}`, sitetest.Header{"Content-Type": same})
			require.Equal(t, 422, a.Status, "%s, %s: %s", w.name, same, a.Raw)
		}
	}
	require.Equal(t, before, m.newestEntry(), "a refused request has changed something")
}

// Characters that no name has: as escapes, for those that JSON would not take otherwise.
var (
	noName = []string{
		`a\u0001b`, `a\u0007b`, `a\bb`, `a\tb`, `a\nb`, `a\rb`, `a\u001bb`, `a\u001fb`, `a\u007fb`, `a\u0085b`,
		`a\u009bb`, `a\u061cb`, `a\u200eb`, `a\u200fb`,
		`a\u202ab`, `a\u202bb`, `a\u202cb`, `a\u202db`, `a\u202eb`, `a\u2066b`, `a\u2067b`, `a\u2068b`, `a\u2069b`,
	}
	noLine = []string{`a\u2028b`, `a\u2029b`} // keys may have them
)

// written is a request with a text in the place of %s. {user}, {course}, {lesson}, {channel} and {message} are
// the places of what TestV3NamesAreText has created.
type written struct{ method, path, body string }

// writtenNames take what is shown in one line, and writtenTexts what may have several.
var (
	writtenNames = []written{
		{"POST", "/auth/register", `{"email":"v3@example.com","password":"correct horse battery","display_name":"%s"}`},
		{"PATCH", "/users/me", `{"display_name":"%s"}`},
		{"PATCH", "{user}", `{"display_name":"%s"}`},
		{"POST", "/courses", `{"title":"%s"}`},
		{"PATCH", "{course}", `{"title":"%s"}`},
		{"POST", "/courses", `{"title":"x","tags":["%s"]}`},
		{"PATCH", "{course}", `{"tags":["ok","%s"]}`},
		{"POST", "{course}/lessons", `{"title":"%s"}`},
		{"PATCH", "{lesson}", `{"title":"%s"}`},
		{"POST", "/channels", `{"title":"%s","visibility":"public"}`},
		{"PATCH", "{channel}", `{"title":"%s"}`},
		{"POST", "{course}/announcements", `{"title":"%s","body":"x"}`},
		{"POST", "/admin/invites", `{"role_to_grant":"member","note":"%s"}`},
		{"POST", "/storage/uploads", `{"key":"v3/%s","content_type":"text/plain","size":1}`},
	}
	writtenTexts = []written{
		{"PATCH", "{course}", `{"summary":"%s"}`},
		{"PATCH", "{course}", `{"description":"%s"}`},
		{"PATCH", "{lesson}", `{"content":"%s"}`},
		{"POST", "{course}/announcements", `{"title":"x","body":"%s"}`},
		{"POST", "/channels/hq/messages", `{"body":"%s"}`},
		{"PATCH", "{message}", `{"body":"%s"}`},
	}
)

// textWriter sends texts to places of its own.
type textWriter struct {
	admin  string
	places *strings.Replacer
}

// send sends a request with a text.
func (w textWriter) send(s *sitetest.Site, f written, text string) sitetest.Answer {
	s.T.Helper()
	token := w.admin
	if f.path == "/auth/register" {
		token = ""
	}
	return s.Call(f.method, w.places.Replace(f.path), token, strings.Replace(f.body, "%s", text, 1))
}

// sendNoText sends what is no text at all: escapes of single surrogates and bytes that are no UTF-8.
func (w textWriter) sendNoText(s *sitetest.Site) {
	s.T.Helper()
	for _, f := range slices.Concat(writtenNames, writtenTexts) {
		for _, bad := range sitetest.InvalidText {
			requireProblem(s, 422, "validation-failed", f.path, w.send(s, f, bad))
		}
		for _, bad := range []string{
			"\xff", "a\xc0\x80b", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80", "\xf4\x90\x80\x80", "a\x00b",
			"a\x07b",
		} {
			requireProblem(s, 400, "malformed-request", f.path, w.send(s, f, bad))
		}
	}
}

// requireProblem checks that an answer is a problem.
func requireProblem(s *sitetest.Site, status int, code, path string, a sitetest.Answer) {
	s.T.Helper()
	require.Equal(s.T, []any{status, code}, []any{a.Status, a.Text("code")}, "%s: %s", path, a.Raw)
}

// sendOddText sends what is a text and no name, to names and to texts. Texts may have lines and tabs, and
// whatever else they have is not the server's fault.
func (w textWriter) sendOddText(s *sitetest.Site) {
	s.T.Helper()
	for _, f := range writtenNames {
		bad := slices.Concat(noName, noLine)
		if f.path == "/storage/uploads" {
			bad = noName
		}
		for _, bad := range bad {
			if a := w.send(s, f, bad); a.Status != 422 {
				s.T.Errorf("%s %s takes the name %s: %d %s", f.method, f.path, bad, a.Status, a.Raw)
			}
		}
	}
	for _, f := range writtenTexts {
		for _, odd := range append([]string{`a\nb\tc`, `\ud83d\ude00`, `\uffff\ufffe`, `𝒳\u0301\u0301`}, noName...) {
			a := w.send(s, f, odd)
			require.Contains(s.T, []int{200, 201, 422}, a.Status, "%s %s: %s", f.path, odd, a.Raw)
		}
	}
}

// lookUpNoText looks for values that no text can be: they find nothing or are refused.
func lookUpNoText(s *sitetest.Site, admin, lesson string) {
	s.T.Helper()
	for _, bad := range slices.Concat(sitetest.InvalidText, noName) {
		for path, body := range map[string]string{
			"/auth/login":           `{"email":"%s","password":"x"}`,
			"/auth/register":        `{"email":"%s@example.com","password":"correct horse battery"}`,
			"/auth/refresh":         `{"refresh_token":"%s"}`,
			"/auth/verify-email":    `{"token":"%s"}`,
			"/auth/password/reset":  `{"token":"%s","password":"correct horse battery"}`,
			"/auth/password/forgot": `{"email":"%s"}`,
			"/invites/redeem":       `{"code":"%s"}`,
			"/channels":             `{"title":"x","visibility":"course","course_id":"%s"}`,
			"/channels/hq/messages": `{"body":"x","client_id":"%s"}`, "/courses": `{"title":"x","slug":"%s"}`,
			"/storage/uploads": `{"key":"v3","content_type":"%s","size":1}`,
		} {
			a := s.Call("POST", path, admin, strings.Replace(body, "%s", bad, 1))
			require.Less(s.T, a.Status, 500, "%s %s: %s", path, bad, a.Raw)
			if slices.Contains(sitetest.InvalidText, bad) {
				require.Equal(s.T, 422, a.Status, "%s %s: %s", path, bad, a.Raw)
			}
		}
	}
	for _, bad := range []string{"%00", "a%00b", "%ff", "%c0%80", "%ed%a0%80"} {
		for _, path := range []string{
			"/courses/" + bad, "/courses/" + bad + "/lessons", lesson + bad, "/channels/" + bad,
			"/channels/hq" + bad + "/messages", "/admin/users/" + bad, "/admin/invites/" + bad,
			"/problems/" + bad,
		} {
			s.WantProblem(404, "not-found", "GET", path, admin, nil)
		}
		require.Equal(s.T, 404, s.Dial("/ws/channels/"+bad+"?token="+admin, nil).Status)
	}
}

// V3: on both databases, as PostgreSQL takes no U+0000 and SQLite everything.
func TestV3NamesAreText(t *testing.T) {
	manyRequests(t, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		_, id, _ := s.NewAccount("named")
		course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Named","status":"published"}`).Text("id")
		lesson := course + "/lessons/" + s.Want(201, "POST", course+"/lessons", admin, `{"title":"One"}`).Text("id")
		room := "/channels/" + s.Want(201, "POST", "/channels", admin, `{"title":"Room","visibility":"public"}`).Text("slug")
		said := s.Want(201, "POST", "/channels/hq/messages", admin, `{"body":"hello"}`).Text("id")
		w := textWriter{admin, strings.NewReplacer("{user}", "/admin/users/"+id, "{course}", course, "{lesson}", lesson,
			"{channel}", room, "{message}", "/channels/hq/messages/"+said)}
		w.sendNoText(s)
		w.sendOddText(s)
		lookUpNoText(s, admin, lesson)
		headersOfAnyBytes(s, admin)
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
	})
}

// headersOfAnyBytes: what ends up in tables or comparisons may be no text at all.
func headersOfAnyBytes(s *sitetest.Site, admin string) {
	s.T.Helper()
	for _, v := range []string{
		"\xff\xfe", "\xed\xa0\x80", "\xc0\x80", "a\tb", strings.Repeat("ü", 1000), "'; DROP TABLE users; --",
	} {
		h := sitetest.Header{
			"User-Agent": v, "X-Request-Id": v, "Accept": v, "Accept-Language": v, "Referer": v,
			"X-Forwarded-For": v,
		}
		token := s.Want(200, "POST", "/auth/login", "",
			sitetest.Credentials("admin@lyceum.local", seed.DemoPassword), h).Text("access_token")
		a := s.Want(200, "GET", "/auth/sessions?limit=100", token, nil, h)
		require.NotEqual(s.T, v, a.Header.Get("X-Request-Id"))
		require.Less(s.T,
			s.Call("POST", "/courses", admin, `{"title":"Keyed"}`, sitetest.Header{"Idempotency-Key": v}).Status,
			500, v)
		require.Equal(s.T, 200, s.Call("GET", "/courses", admin, nil, sitetest.Header{"If-None-Match": v}).Status)
		require.Equal(s.T, 412,
			s.Call("PATCH", "/channels/hq", admin, `{"title":"x"}`, sitetest.Header{"If-Match": v}).Status)
		s.WantProblem(401, "invalid-token", "GET", "/users/me", "", nil, sitetest.Header{"Authorization": "Bearer " + v})
	}
}

// notWhole are values that no whole number is, and some that are too large or too small.
var notWhole = []string{
	"-1", "1.5", "1e1", "0x10", "x", "%205", "1%20", "٣", "５", "1_0", "1,0", "9223372036854775808",
	"-9223372036854775809", "99999999999999999999999999", "NaN", "Infinity", "true", "null", "[]", "1;2",
}

// huge are JSON values that no count can be.
var huge = []string{
	"-1", "1.5", "0.1", "1e400", "-1e400", "9223372036854775807", "9223372036854775808",
	"-9223372036854775809", "1" + strings.Repeat("0", 400), `"1"`, "true", "[1]", "{}",
}

func TestV4NumbersAreBounded(t *testing.T) {
	manyRequests(t, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Counted","status":"published"}`).Text("id")
		lesson := course + "/lessons/" + s.Want(201, "POST", course+"/lessons", admin, `{"title":"One"}`).Text("id")
		boundQueries(s, admin, course, lesson)
		boundSequences(s, admin)
		boundFields(s, admin, course, lesson)
		boundTimes(s, admin)
	})
}

// badNumbers are the values that a parameter of a list must refuse; none if it takes no number.
func badNumbers(r queryOperation, p parameter) []string {
	switch {
	case p.Name == "limit" && r.path == "/dev/mailbox/messages":
		return append([]string{"0", "501"}, notWhole...)
	case p.Name == "limit":
		return append([]string{"0", "101", "1000000"}, notWhole...)
	case p.Name == "expires_in":
		return append([]string{"0", "59", "3601"}, notWhole...)
	case p.Schema.Type == "integer" || strings.HasSuffix(p.Name, "_seq"):
		// A very large number is beyond the last one.
		return slices.DeleteFunc(slices.Clone(notWhole), func(v string) bool { return v[0] == '9' })
	}
	return nil
}

// boundQueries sends bad numbers to every parameter that takes one.
func boundQueries(s *sitetest.Site, admin, course, lesson string) {
	s.T.Helper()
	fill := strings.NewReplacer("/courses/{id}", course, "/channels/{slug}", "/channels/hq", "{lesson_id}",
		lesson, "{id}", unknownID)
	lists := 0
	for _, r := range listQueryOperations(s) {
		for _, p := range r.query {
			if p.Name == "limit" && r.path != "/dev/mailbox/messages" {
				lists++
			}
			for _, v := range badNumbers(r, p) {
				for _, method := range []string{"GET", "HEAD"} {
					a := s.Call(method, fill.Replace(r.path)+"?key=x&"+p.Name+"="+v, admin, nil)
					if a.Status != 422 {
						s.T.Errorf("%s %s?%s=%s: %d %s", method, r.path, p.Name, v, a.Status, a.Raw)
					}
				}
			}
		}
	}
	require.GreaterOrEqual(s.T, lists, 13)
}

// boundSequences asks for messages after numbers that are very large, and after what is no number.
func boundSequences(s *sitetest.Site, admin string) {
	s.T.Helper()
	for _, last := range []string{"99999999999999999999", "9223372036854775807", strings.Repeat("9", 40)} {
		require.Empty(s.T, s.Want(200, "GET", "/channels/hq/messages?after_seq="+last, admin, nil).Items())
		s.Want(200, "GET", "/channels/hq/messages?before_seq="+last, admin, nil)
		require.EqualValues(s.T, 0,
			s.Dial("/ws/channels/hq?after_seq="+last+"&token="+admin, nil).Until("welcome")["last_seq"])
	}
	for _, bad := range append([]string{strings.Repeat("9", 41)},
		slices.DeleteFunc(slices.Clone(notWhole), func(v string) bool { return v[0] == '9' || v == "[]" })...) {
		require.Equal(s.T, 422, s.Dial("/ws/channels/hq?after_seq="+bad+"&token="+admin, nil).Status, bad)
	}
}

// boundFields sends bad numbers in bodies.
func boundFields(s *sitetest.Site, admin, course, lesson string) {
	s.T.Helper()
	for _, f := range []struct {
		method, path, body string
		more               []string
	}{
		{"POST", course + "/lessons", `{"title":"x","duration_seconds":%s}`, []string{"1000001", "2147483648"}},
		{"PATCH", lesson, `{"duration_seconds":%s}`, []string{"1000001", "2147483648"}},
		{"PUT", lesson + "/progress", `{"percent":%s}`, []string{"101", "null"}},
		{"PUT", lesson + "/progress", `{"percent":1,"position_seconds":%s}`, []string{"1000001", "2147483648", "null"}},
		{"POST", "/admin/invites", `{"role_to_grant":"member","max_uses":%s}`, []string{"0", "10001", "2147483648"}},
		{
			"POST", "/storage/uploads", `{"key":"v4","content_type":"text/plain","size":%s}`,
			[]string{"0", "2147483649", "null"},
		},
	} {
		for _, v := range append(f.more, huge...) {
			if a := s.Call(f.method, f.path, admin, fmt.Sprintf(f.body, v)); a.Status != 422 {
				s.T.Errorf("%s %s: %d %s", f.path, fmt.Sprintf(f.body, v), a.Status, a.Raw)
			}
		}
	}
}

// boundTimes sends times that are none, and the first and the last one.
func boundTimes(s *sitetest.Site, admin string) {
	s.T.Helper()
	for _, bad := range []string{
		"yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T25:00:00Z",
		"99999-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "1700000000", "now()", "2026-01-01T00:00:00",
	} {
		s.WantProblem(422, "validation-failed", "GET", "/admin/audit-logs?from="+bad, admin, nil)
		s.WantProblem(422, "validation-failed", "GET", "/admin/audit-logs?to="+bad, admin, nil)
		s.WantProblem(422, "validation-failed", "POST", "/admin/invites", admin,
			map[string]string{"role_to_grant": "member", "expires_at": bad})
	}
	require.Empty(s.T, s.Want(200, "GET", "/admin/audit-logs?from=9999-12-31T23:59:59Z", admin, nil).Items())
	require.Empty(s.T, s.Want(200, "GET", "/admin/audit-logs?to=0001-01-01T00:00:00Z", admin, nil).Items())
	s.WantProblem(422, "validation-failed", "POST", "/admin/invites", admin,
		`{"role_to_grant":"member","expires_at":"0001-01-01T00:00:00Z"}`)
	s.Want(201, "POST", "/admin/invites", admin, `{"role_to_grant":"member","expires_at":"9999-12-31T23:59:59.999Z"}`)
}

// newPaging gives an account two of everything that lists hold.
func newPaging(s *sitetest.Site, admin, name string) (token string, fill *strings.Replacer) {
	s.T.Helper()
	email, id, token := s.NewAccount(name)
	s.SetRole(admin, id, "admin")
	s.Login(email, sitetest.Password)
	var course string
	for i := range 3 {
		course = "/courses/" + s.Want(201, "POST", "/courses", token,
			map[string]any{"title": fmt.Sprint(name, i), "status": "published"}).Text("id")
		for j := range 2 {
			lesson := s.Want(201, "POST", course+"/lessons", token, map[string]any{"title": fmt.Sprint(j)}).Text("id")
			s.Want(200, "PUT", course+"/lessons/"+lesson+"/progress", token, `{"percent":1}`)
		}
		s.Want(201, "POST", course+"/enrollment", admin, nil)
		s.Want(201, "POST", course+"/enrollment", token, nil)
		up := s.Want(201, "POST", "/storage/uploads", token,
			map[string]any{"key": fmt.Sprint(name, i), "content_type": "text/plain", "size": 1})
		s.Upload(up, "x")
		s.Want(200, "POST", "/storage/uploads/"+up.Text("id")+"/complete", token, nil)
		s.Invite(token, map[string]any{"role_to_grant": "member"})
	}
	room := s.Want(201, "POST", "/channels", token, map[string]any{"title": name, "visibility": "public"}).Text("slug")
	for range 3 {
		s.Want(201, "POST", "/channels/"+room+"/messages", admin, map[string]string{"body": "<@" + id + ">"})
	}
	require.Eventually(s.T,
		func() bool { return len(s.Want(200, "GET", "/notifications", token, nil).Items()) >= 3 }, 20*time.Second,
		50*time.Millisecond)
	return token, strings.NewReplacer("/courses/{id}", course, "/channels/{slug}", "/channels/"+room)
}

// V4: a cursor goes on in one list, with its filters, for one caller, and is ours.
func TestV4CursorsAreNeitherForgedNorBorrowed(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"RATE_LIMIT_ENABLED": "false"})
	admin := s.AdminToken()
	me, mine := newPaging(s, admin, "pager")
	other, others := newPaging(s, admin, "borrower")
	refuse := func(what, path, token, cursor string) {
		t.Helper()
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		if a := s.Call("GET", path+sep+"limit=1&cursor="+url.QueryEscape(cursor), token, nil); a.Status != 422 || a.Text("code") != "validation-failed" {
			t.Errorf("%s, %s: %d %s", path, what, a.Status, a.Raw)
		}
	}
	cursors, lists := map[string]string{}, listQueryOperations(s)
	for _, r := range lists {
		if !r.pages() {
			continue
		}
		path := mine.Replace(r.path)
		page := s.Want(200, "GET", path+"?limit=1", me, nil)
		require.Len(t, page.Items(), 1, path)
		cursors[r.path] = page.Text("next_cursor")
		require.NotEmpty(t, cursors[r.path], "%s: the list is too short to be tested", path)
		next := s.Want(200, "GET", path+"?limit=1&cursor="+cursors[r.path], me, nil)
		require.NotEqual(t, page.Items(), next.Items(), path)
	}
	require.GreaterOrEqual(t, len(cursors), 13)
	for _, r := range lists {
		cursor := cursors[r.path]
		if cursor == "" {
			continue
		}
		path := mine.Replace(r.path)
		refuse("another's", path, other, cursor)
		if r.role == "anonymous" {
			refuse("an account's, by nobody", path, "", cursor)
		}
		if elsewhere := others.Replace(r.path); elsewhere != path {
			refuse("of another object's list", elsewhere, me, cursor)
		}
		for from, borrowed := range cursors {
			if from != r.path {
				refuse("of "+from, path, me, borrowed)
			}
		}
		for _, p := range r.query {
			if p.Name != "limit" && p.Name != "cursor" {
				refuse("with another "+p.Name, path+"?"+p.Name+"="+p.another(), me, cursor)
			}
		}
		checkForgedCursors(s, refuse, path, me, cursor)
	}
}

// another is a valid value that is not the default.
func (p parameter) another() string {
	switch {
	case len(p.Schema.Enum) > 0:
		if last := fmt.Sprint(p.Schema.Enum[len(p.Schema.Enum)-1]); last != p.Schema.Default {
			return last
		}
		return fmt.Sprint(p.Schema.Enum[0])
	case p.Schema.Type == "boolean":
		return "true"
	case p.Schema.Format == "date-time":
		return "2020-01-01T00:00:00Z"
	case p.Schema.Type == "integer" || p.Schema.Pattern != "":
		return "2"
	}
	return unknownID
}

// checkForgedCursors spoils a cursor in every way that leaves it looking like one.
func checkForgedCursors(s *sitetest.Site, refuse func(what, path, token, cursor string), path, token, cursor string) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for at := 0; at < len(cursor); at += 7 {
		turned := alphabet[(strings.IndexByte(alphabet, cursor[at])+1)%len(alphabet)]
		refuse(fmt.Sprint("turned at ", at), path, token, cursor[:at]+string(turned)+cursor[at+1:])
	}
	for _, last := range alphabet { // the spare bits of the last letter, too
		if byte(last) != cursor[len(cursor)-1] {
			refuse("with another end", path, token, cursor[:len(cursor)-1]+string(last))
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	require.NoError(s.T, err)
	encoded := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	for what, forgery := range map[string]string{
		"cut":               cursor[:len(cursor)-2],
		"padded":            cursor + "==",
		"longer":            cursor + "AAAA",
		"doubled":           cursor + cursor,
		"without its seal":  encoded(raw[16:]),
		"the seal alone":    encoded(raw[:16]),
		"no seal":           encoded(append(make([]byte, 16), raw[16:]...)),
		"another place":     encoded(append(slices.Clone(raw[:16]), `{"ID":"x"}`...)),
		"spaced":            " " + cursor,
		"SQL":               "' OR 1=1 --",
		"JSON":              `{"ID":1}`,
		"very long":         strings.Repeat("A", 5000),
		"standard alphabet": base64.StdEncoding.EncodeToString(append([]byte{0xfb, 0xff}, raw...)),
		"a number":          "2",
		"NUL":               "\x00",
		"unsigned":          "bnVsbA",
	} {
		refuse(what, path, token, forgery)
	}
}

// attacks are what injections into SQL, shells, templates, paths and logs look like.
var attacks = []string{
	`'`, `"`, `' OR '1'='1`, `' OR 1=1 --`, `1 OR 1=1`, `1' OR '1'='1' /*`, `') OR ('1'='1`,
	`'; DROP TABLE users; --`, `'; DELETE FROM courses; --`, `1; UPDATE users SET role='admin'`,
	`' UNION SELECT password_hash FROM auth_credentials --`, `1 UNION ALL SELECT NULL,NULL,NULL`,
	`' AND (SELECT pg_sleep(5)) IS NULL --`, `'||pg_sleep(5)--`, `1 AND 1=CAST((SELECT version()) AS int)`,
	`x' AND randomblob(500000000) --`, `id; DROP TABLE users`, `title DESC, (SELECT 1)`,
	`(CASE WHEN 1=1 THEN id ELSE title END)`, `created_at--`, `\`, `\'; --`, `%27%20OR%201=1`, `%`, `_`, `%%%`,
	`$1`, `?`, `:id`,
	`"; SELECT 1; --`, "`id`", `{{7*7}}`, `${7*7}`, `$(id)`, `;id`, `|id`, `../../../../etc/passwd`,
	`..\..\windows`, `file:///etc/passwd`, `<script>alert(1)</script>`, `{"$ne":null}`, `[$ne]=1`, `*`,
	`**)(uid=*`,
	"a\r\nSet-Cookie: x=1", "Ω≈ç√", strings.Repeat("A", 300), strings.Repeat("'", 2000), `1e1000`, `-1`,
	`undefined`, `null`, `true`,
}

// attackedField is a field of a request that takes a value which is looked up or compared.
type attackedField struct{ method, path, field, body string }

// attackedFields get each of the attacks. {course} is a course.
var attackedFields = []attackedField{
	{"POST", "/auth/login", "email", `{"password":"x"}`},
	{"POST", "/auth/login", "password", `{"email":"victim@example.com"}`},
	{"POST", "/auth/refresh", "refresh_token", `{}`},
	{"POST", "/auth/verify-email", "token", `{}`},
	{"POST", "/auth/password/reset", "token", `{"password":"another fine horse"}`},
	{"POST", "/auth/mfa/verify", "challenge", `{"code":"000000"}`},
	{"POST", "/invites/redeem", "code", `{}`},
	{"POST", "/channels", "course_id", `{"title":"x","visibility":"course"}`},
	{"POST", "/channels", "slug", `{"title":"x","visibility":"public"}`},
	{"POST", "/channels", "visibility", `{"title":"x"}`},
	{"POST", "/courses", "slug", `{"title":"x"}`},
	{"POST", "/courses", "cover_key", `{"title":"x"}`},
	{"POST", "/courses", "status", `{"title":"x"}`},
	{"POST", "{course}/lessons", "asset_key", `{"title":"x"}`},
	{"PATCH", "/users/me", "role", `{}`},
	{"POST", "/admin/invites", "role_to_grant", `{}`},
	{"POST", "/admin/invites", "email", `{"role_to_grant":"member"}`},
	{"POST", "/storage/uploads", "content_type", `{"key":"v5","size":1}`},
	{"POST", "/storage/uploads", "sha256", `{"key":"v5","content_type":"text/plain","size":1}`},
}

// attacker sends attacks as an administrator, who may reach everything.
type attacker struct {
	*sitetest.Site
	admin, course string
}

// callQuickly sends a request, which no attack may keep from its answer: a function that sleeps in the
// database would.
func (a attacker) callQuickly(method, path string, body any) sitetest.Answer {
	a.T.Helper()
	began := time.Now()
	answer := a.Call(method, path, a.admin, body)
	require.Less(a.T, time.Since(began), 2500*time.Millisecond, "%s %s %v", method, path, body)
	return answer
}

// countAll counts accounts, courses, channels, invites, assets and lessons.
func (a attacker) countAll() (out []int) {
	a.T.Helper()
	for _, path := range []string{
		"/admin/users", "/courses", "/channels", "/admin/invites", "/storage/assets", a.course + "/lessons",
	} {
		out = append(out, len(a.Want(200, "GET", path+"?limit=100", a.admin, nil).Items()))
	}
	return out
}

// attackQueries sends the attacks in every parameter and every path.
func (a attacker) attackQueries() {
	a.T.Helper()
	fill := strings.NewReplacer("/courses/{id}", a.course, "/channels/{slug}", "/channels/hq")
	params := 0
	for _, r := range listQueryOperations(a.Site) {
		for _, p := range r.query {
			if p.Name == "limit" {
				continue
			}
			params++
			for _, v := range attacks {
				answer := a.callQuickly("GET", fill.Replace(r.path)+"?"+p.Name+"="+url.QueryEscape(v), nil)
				if !isHarmless(r, p, v, answer) {
					a.T.Errorf("%s?%s=%.60q: %d %.300s", r.path, p.Name, v, answer.Status, answer.Raw)
				}
			}
		}
		if !strings.Contains(r.path, "{") {
			continue
		}
		for _, v := range attacks {
			path := pathParameter.ReplaceAllLiteralString(r.path, url.PathEscape(v))
			if answer := a.callQuickly("GET", path, nil); answer.Status != 404 {
				a.T.Errorf("%.100s: %d %.300s", path, answer.Status, answer.Raw)
			}
		}
	}
	require.Greater(a.T, params, 25)
}

// isHarmless returns whether a parameter's value was refused or found nothing but what has its very
// characters.
func isHarmless(r queryOperation, p parameter, value string, a sitetest.Answer) bool {
	if p.Schema.Type == "boolean" && value == "true" || a.Status == 422 ||
		a.Status == 404 && strings.HasPrefix(r.path, "/storage/sign") {
		return true
	}
	takesAnyText := p.Schema.Type == "string" && len(p.Schema.Enum) == 0 && p.Schema.Format == "" &&
		p.Schema.Pattern == "" && p.Name != "cursor"
	found := a.Items()
	if p.Name == "q" {
		found = slices.DeleteFunc(found, func(item any) bool {
			return !slices.ContainsFunc(strings.Fields(value), func(word string) bool {
				return !strings.Contains(strings.ToLower(fmt.Sprint(item)), strings.ToLower(word))
			})
		})
	}
	return takesAnyText && a.Status == 200 && len(found) == 0
}

// attackSockets sends the attacks to the addresses of sockets.
func (a attacker) attackSockets() {
	a.T.Helper()
	for _, v := range attacks {
		require.Equal(a.T, 404, a.Dial("/ws/channels/"+url.PathEscape(v)+"?token="+a.admin, nil).Status, v)
		require.Equal(a.T, 401, a.Dial("/ws/channels/hq?ticket="+url.QueryEscape(v), nil).Status, v)
		require.Equal(a.T, 422, a.Dial("/ws/channels/hq?after_seq="+url.QueryEscape(v)+"&token="+a.admin, nil).Status, v)
	}
}

// attackUnknownParameters sends parameters that no operation has: they change nothing.
func (a attacker) attackUnknownParameters() {
	a.T.Helper()
	plain := a.Want(200, "GET", "/courses", a.admin, nil).Header.Get("ETag")
	for _, unknown := range []string{
		"order", "order_by", "sort_by", "select", "fields", "include", "where", "filter", "group", "having",
		"offset", "page", "join",
	} {
		for _, v := range attacks[:20] {
			require.Equal(a.T, plain,
				a.Want(200, "GET", "/courses?"+unknown+"="+url.QueryEscape(v), a.admin, nil).Header.Get("ETag"),
				unknown)
		}
	}
}

// attackFields sends the attacks in bodies.
func (a attacker) attackFields() {
	a.T.Helper()
	for _, f := range attackedFields {
		for _, v := range attacks {
			var body map[string]any
			require.NoError(a.T, json.Unmarshal([]byte(f.body), &body))
			body[f.field] = v
			answer := a.callQuickly(f.method, strings.ReplaceAll(f.path, "{course}", a.course), body)
			if answer.Status < 400 && f.field != "slug" { // null, true and victims' names can be slugs
				a.T.Errorf("%s %s %s=%.60q: %d %s", f.method, f.path, f.field, v, answer.Status, answer.Raw)
			}
			require.Less(a.T, answer.Status, 500)
		}
	}
}

// attackIDs sends the attacks in the places of ids.
func (a attacker) attackIDs() {
	a.T.Helper()
	for _, v := range attacks {
		a.WantProblem(422, "validation-failed", "PUT", a.course+"/lessons/order", a.admin,
			map[string]any{"lesson_ids": []string{v}})
		id := url.PathEscape(v)
		for method, path := range map[string]string{
			"PATCH": "/admin/users/" + id, "DELETE": "/admin/users/" + id, "PUT": "/channels/hq/members/" + id,
			"POST": "/courses/" + id + "/enrollment",
		} {
			var body any
			if method == "PATCH" {
				body = `{"role":"user"}`
			}
			answer := a.callQuickly(method, path, body)
			require.Contains(a.T, []int{404, 422}, answer.Status, "%s %s: %s", method, path, answer.Raw)
		}
	}
}

// V5: whatever stands in a filter, a sort, an id or a code is a value and never a part of a statement.
func TestV5HostileValuesAreOnlyValues(t *testing.T) {
	manyRequests(t, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		newPaging(s, admin, "victim")
		course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Asked","status":"published"}`).Text("id")
		a := attacker{s, admin, course}
		before := a.countAll()
		a.attackQueries()
		a.attackSockets()
		a.attackUnknownParameters()
		a.attackFields()
		a.attackIDs()
		after := a.countAll()
		require.Equal(t, before[0], after[0], "accounts")
		require.Equal(t, before[3:], after[3:], "invites, assets, lessons")
		s.Login("victim@example.com", sitetest.Password)
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
	})
}

// payload is what each vector tries to have executed; %d is its number.
const payload = "globalThis.executed=%d"

// vectors are ways from Markdown into a script: OWASP's and PortSwigger's cheat sheets, and what
// Markdown adds to them. CODE stands for the script.
var vectors = []string{
	`<script>CODE</script>`, `<SCRIPT>CODE</SCRIPT >`, `<scr<script>ipt>CODE</scr</script>ipt>`,
	`<script src="data:text/javascript,CODE"></script>`, `<script/x>CODE</script>`, "<script\n>CODE</script>",
	`<img src=x onerror="CODE">`, `<IMG SRC=x ONERROR=CODE>`, `<img/src=x/onerror=CODE>`,
	`<img src="x` + "`" + `><script>CODE</script>">`, `<img """><script>CODE</script>">`,
	"<img src=x\nonerror\n=\nCODE>",
	`<svg onload="CODE">`, `<svg><script>CODE</script></svg>`,
	`<svg><animate onbegin=CODE attributeName=x dur=1s>`,
	`<svg><a xlink:href="javascript:CODE"><text y=20>click</text></a></svg>`,
	`<svg><use href="data:image/svg+xml;base64,PHN2ZyBpZD0ieCIgb25sb2FkPSJnbG9iYWxUaGlzLmV4ZWN1dGVkPTEiLz4=#x"/></svg>`,
	`<svg><style><img src=x onerror=CODE></style></svg>`,
	`<svg></p><style><a id="</style><img src=x onerror=CODE>">`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=CODE&gt;">`,
	`<math><a xlink:href="javascript:CODE">click</a></math>`,
	`<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=CODE>`,
	`<body onload=CODE>`, `<iframe src="javascript:CODE"></iframe>`,
	`<iframe srcdoc="<script>parent.CODE</script>"></iframe>`,
	`<iframe src="data:text/html,<script>parent.CODE</script>"></iframe>`,
	`<object data="javascript:CODE"></object>`, `<embed src="javascript:CODE">`, `<base href="javascript:CODE//">`,
	`<link rel=stylesheet href="data:text/css,*{}" onload=CODE>`,
	`<meta http-equiv=refresh content="0;url=javascript:CODE">`,
	`<video src=x onerror=CODE></video>`, `<video><source onerror=CODE></video>`, `<audio src=x onerror=CODE>`,
	`<details open ontoggle=CODE>x</details>`, `<marquee onstart=CODE>x</marquee>`,
	`<input autofocus onfocus=CODE>`,
	`<select autofocus onfocus=CODE>`, `<textarea autofocus onfocus=CODE>`,
	`<button autofocus onfocus=CODE>x</button>`, `<a href="#" autofocus tabindex=1 onfocus=CODE>x</a>`,
	`<div style="animation-name:x" onanimationstart=CODE>x</div>`,
	`<form action="javascript:CODE"><input type=submit></form>`, `<isindex action="javascript:CODE" type=image>`,
	`<p style="background:url(javascript:CODE)">x</p>`, `<style>@import 'data:text/css,';</style>`,
	`<x onclick=CODE>x</x>`,
	`<a href="javascript:CODE">click</a>`, `<a href="JaVaScRiPt:CODE">click</a>`,
	`<a href=" javascript:CODE">click</a>`, `<a href="&#106;avascript:CODE">click</a>`,
	`<a href="java&#x09;script:CODE">click</a>`, `<a href="java&NewLine;script&colon;CODE">click</a>`,
	`<a href="&#x01;javascript:CODE">click</a>`, `<a href="data:text/html,<script>CODE</script>">click</a>`,
	`<a href="vbscript:CODE">click</a>`, `<a href="//javascript:CODE">click</a>`,
	`<a title="x" onmouseover="CODE" href="/">x</a>`,
	`[click](javascript:CODE)`, `[click](<javascript:CODE>)`, `[click](JAVASCRIPT:CODE)`,
	`[click](javascript&colon;CODE)`, `[click](&#106;avascript:CODE)`, `[click](java&Tab;script:CODE)`,
	`[click](\x6aavascript:CODE)`, "[click](java\tscript:CODE)",
	`[click](data:text/html;base64,PHNjcmlwdD5wYXJlbnQuZXhlY3V0ZWQ9MTwvc2NyaXB0Pg==)`, `[click](vbscript:CODE)`,
	`[click][ref]` + "\n\n" + `[ref]: javascript:CODE`, `[click]: javascript:CODE "x"` + "\n\n[click]",
	`<javascript:CODE>`, `[![x](x)](javascript:CODE)`,
	`![x](javascript:CODE)`, `![x](x"onerror="CODE)`, `![x" onerror="CODE](x)`, `![x](x 'a" onerror="CODE')`,
	`[x](/ "a"onmouseover="CODE")`, "```\"><script>CODE</script>\nx\n```",
	"~~~ html onmouseover=CODE\n<script>CODE</script>\n~~~",
	"`<script>CODE</script>`", `\<script>CODE\</script>`, `&lt;script&gt;CODE&lt;/script&gt;`,
	`&amp;lt;img src=x onerror=CODE&amp;gt;`, `<!-- --><script>CODE</script>`, `<!--><img src=x onerror=CODE>-->`,
	`<![CDATA[<img src=x onerror=CODE>]]>`, `<?php echo 1 ?><img src=x onerror=CODE>`,
	`<noscript><p title="</noscript><img src=x onerror=CODE>">`, `<title><img src=x onerror=CODE></title>`, `<xmp><img src=x onerror=CODE></xmp>`, `<plaintext><img src=x onerror=CODE>`, `<template><img src=x onerror=CODE></template>`,
	"| a |\n|---|\n| <img src=x onerror=CODE> |", "- [ ] <img src=x onerror=CODE>", "> <script>CODE</script>", "# <img src=x onerror=CODE>", "x[^1]\n\n[^1]: <img src=x onerror=CODE>", "http://a.example/<img/src=x/onerror=CODE>", `<a href="http://x" onclick=CODE//`, `<img src="x" onerror=CODE`,
	"<img src=x on\x0berror=CODE>", "<img src=x onerror\x0c=CODE>", "＜script＞CODE＜/script＞", "<\u0131mg src=x onerror=CODE>", "<\u017fcript>CODE</\u017fcript>", `"><img src=x onerror=CODE>`, `'-CODE-'`, `{{constructor.constructor('CODE')()}}`, `</div></main><script>CODE</script>`,
}

func vector(i int) string { return strings.ReplaceAll(vectors[i], "CODE", fmt.Sprintf(payload, i+1)) }

// What a lesson, or anything else that people write, brings into the page and must not: handlers,
// elements that load or run, addresses that are no address.
const judgePage = `[...document.querySelectorAll('main *, dialog *')].flatMap(e => [
	...(/^(script|iframe|object|embed|base|link|meta|style|form|svg|math|template)$/.test(e.localName) && e.closest('.prose') ? [e.outerHTML] : []),
	...[...e.attributes].filter(a => /^on|^srcdoc$|^style$|^formaction$/.test(a.name) && e.closest('.prose, .pre-line')).map(a => e.outerHTML),
	...['href', 'src', 'action', 'xlink:href'].filter(n => e.hasAttribute(n) && e.localName !== 'use')
		.filter(n => !['http:', 'https:', 'mailto:', 'blob:'].includes(new URL(e.getAttribute(n), location.origin).protocol)).map(n => e.outerHTML)])`

// writer writes the vectors everywhere, as an administrator of a site and as the account that reads them.
type writer struct {
	*sitetest.Site
	admin, email, id, token string
	// path is that of the course, lessons are its lessons by title and id, and room is a channel.
	path, room string
	lessons    []map[string]string
}

// writeVectors writes the vectors. A quarter of them is read as lessons, each in one of its own, as one could
// hide the next; others become announcements in mails and notifications, messages and names.
func (w *writer) writeVectors() {
	w.T.Helper()
	course := w.Want(201, "POST", "/courses", w.admin,
		map[string]any{
			"title": `<img src=x onerror=globalThis.executed=1001>`, "summary": vector(6),
			"description": vector(0), "tags": []string{`"><svg onload=globalthis.executed=1002>`},
			"status": "published",
		})
	w.path = "/courses/" + course.Text("id")
	w.Want(201, "POST", w.path+"/enrollment", w.token, nil)
	for i := 0; i < len(vectors); i += 4 {
		title := fmt.Sprintf("V%d <img src=x onerror=globalThis.executed=%d>", i, 2000+i)
		w.lessons = append(w.lessons,
			map[string]string{
				"title": title,
				"id": w.Want(201, "POST", w.path+"/lessons", w.admin,
					map[string]string{"title": title, "content": vector(i)}).Text("id"),
			})
	}
	for i := 0; i < len(vectors); i += 6 {
		title := strings.Join(strings.Fields(vector(i)), " ")
		w.Want(201, "POST", w.path+"/announcements", w.admin,
			map[string]string{
				"title": strings.Map(printable, title)[:min(len(title), 150)],
				"body":  vector(i) + "\n" + vector((i+3)%len(vectors)),
			})
		w.Want(201, "POST", "/channels/hq/messages", w.admin, map[string]string{"body": vector(i) + " <@" + w.id + ">"})
	}
	require.Greater(w.T, len(w.lessons), 25)
	w.room = w.Want(201, "POST", "/channels", w.admin,
		`{"title":"<img src=x onerror=globalThis.executed=1003>","visibility":"public"}`).Text("slug")
	w.Invite(w.admin, map[string]any{"role_to_grant": "member", "note": `<img src=x onerror=globalThis.executed=1004>`})
	w.Want(200, "PATCH", "/users/me", w.token, `{"display_name":"<img src=x onerror=globalThis.executed=1005>"}`)
	w.Want(200, "POST", "/auth/login", "", sitetest.Credentials(w.email, sitetest.Password),
		sitetest.Header{"User-Agent": `<img src=x onerror=globalThis.executed=1006>`})
}

// vectorReader is a browser that counts dialogs.
type vectorReader struct {
	*browser
	dialogs atomic.Int32
}

// requireHarmless checks that nothing on the page has run or could, and that nothing has tried to, which the
// policy would have had to stop.
func (b *vectorReader) requireHarmless(where string) {
	b.t.Helper()
	ran, err := js[any](b.browser, `globalThis.executed ?? null`)
	require.NoError(b.t, err, where)
	require.Nil(b.t, ran, where)
	found, err := js[[]string](b.browser, judgePage)
	require.NoError(b.t, err, where)
	require.Empty(b.t, found, where)
	require.Zero(b.t, b.dialogs.Load(), where)
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.faults, where)
}

// readLessons reads the course and each lesson, and presses everything there.
func (b *vectorReader) readLessons(w *writer) {
	b.t.Helper()
	b.open("/#" + w.path)
	b.sees("lesson-list", w.lessons[len(w.lessons)-1]["title"])
	b.requireHarmless("the course")
	for some := range slices.Chunk(w.lessons, 15) {
		found, err := js[[]string](b.browser, `(async lessons => { const out = [];
			for (const { id, title } of lessons) {
				location.hash = '#`+w.path+`/lessons/' + id;
				for (let i = 0; document.querySelector('[data-testid=lesson-title]')?.textContent !== title; i++) {
					if (i > 500) return [...out, title + ' is never shown'];
					await new Promise(r => setTimeout(r, 5));
				}
				// A reader presses everything that there is, but what leads away.
				for (const e of document.querySelectorAll('.prose *')) {
					e.addEventListener('click', c => { if (e.closest('a')?.protocol.startsWith('http')) c.preventDefault(); });
					e.dispatchEvent(new MouseEvent('mouseover', { bubbles: true })); e.focus?.(); e.click?.();
				}
				await new Promise(r => setTimeout(r, 5));
				if (globalThis.executed !== undefined) out.push(title + ' runs');
				out.push(...`+judgePage+`);
			}
			return out; })(`+jsonOf(b.t, some)+`)`)
		require.NoError(b.t, err)
		require.Empty(b.t, found)
		b.requireHarmless(some[0]["title"])
	}
}

// readCleaned reads all vectors as the server cleans them, and as they are: the page's own reader of HTML
// holds by itself, should the server's ever let something through.
func (b *vectorReader) readCleaned(w *writer) {
	b.t.Helper()
	var cleaned []string
	for _, v := range allVectors() {
		cleaned = append(cleaned, v,
			w.Want(200, "PATCH", w.path+"/lessons/"+w.lessons[0]["id"], w.admin, map[string]string{
				"content": v,
			}).Text("content_html"))
	}
	_, err := js[any](b.browser,
		`(async all => { const { renderRichText } = await import('/console/core/richtext.js'); for (const v of all) document.querySelector('main').append(renderRichText(v)); await new Promise(r => setTimeout(r, 300)); })(`+jsonOf(b.t,
			cleaned)+`)`)
	require.NoError(b.t, err)
	b.requireHarmless("what the server cleaned, and did not clean")
}

// readPages reads the other pages of the console, and pages outside of it: the mails, and the docs asked
// for another document.
func (b *vectorReader) readPages(w *writer) {
	b.t.Helper()
	for address, words := range map[string]string{
		"/courses": "executed=1001", "/courses?q=<img src=x onerror=globalThis.executed=1007>": "No course matches",
		"/chat/hq": "executed=", "/chat/" + w.room: "executed=1003", "/account": "Sessions",
		"/notifications": "executed=", "/users": "executed=1005", "/invites": "executed=1004", "/audit": "",
		"/<img src=x onerror=globalThis.executed=1008>": "",
	} {
		b.walkTo(address, words)
		b.requireHarmless(address)
	}
	b.open("/dev/mailbox")
	b.sees("mailbox-list", w.email)
	mails, err := js[int](b.browser,
		`(async () => { const all = [...document.querySelectorAll('[data-testid=mailbox-list] button, [data-testid=mailbox-list] a')];
		for (const one of all.slice(0, 16)) { one.click(); await new Promise(r => setTimeout(r, 40)); } return all.length; })()`)
	require.NoError(b.t, err)
	require.Greater(b.t, mails, 15)
	b.requireHarmless("the mailbox")
	b.open("/docs?configUrl=data:application/json,{}&url=javascript:globalThis.executed=1009#<img src=x onerror=globalThis.executed=1009>")
	b.do("docs", chromedp.WaitVisible(chromedp.CSS(".opblock")))
	ran, err := js[any](b.browser, `globalThis.executed ?? null`)
	require.NoError(b.t, err)
	require.Nil(b.t, ran, "the docs")
}

// requireSharp plants what runs, and what only tries to: the checks see both.
func (b *vectorReader) requireSharp() {
	b.t.Helper()
	b.open("/")
	found, err := js[[]string](b.browser,
		`(() => { const a = document.createElement('a'); a.href = 'javascript:1'; document.querySelector('main').append(a); return `+judgePage+`; })()`)
	require.NoError(b.t, err)
	require.Len(b.t, found, 1)
	_, err = js[any](b.browser,
		`(() => { try { document.body.innerHTML = '<img src=x onerror=globalThis.executed=1>'; } catch { return true; } })()`)
	require.NoError(b.t, err)
	require.Eventually(b.t, func() bool { b.mu.Lock(); defer b.mu.Unlock(); return len(b.faults) > 0 },
		5*time.Second, 20*time.Millisecond)
}

func TestV6NothingWrittenRuns(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"RATE_LIMIT_ENABLED": "false"})
	w := &writer{Site: s, admin: s.AdminToken()}
	w.email, w.id, w.token = s.NewAccount("hostile-admin")
	s.SetRole(w.admin, w.id, "admin")
	w.writeVectors()

	b := &vectorReader{browser: newBrowser(t, s.URL)}
	require.NoError(t, chromedp.Listen(b.ctx, func(event any) {
		if _, ok := event.(*page.EventJavascriptDialogOpening); ok {
			b.dialogs.Add(1)
		}
	}))
	b.signIn(w.email, sitetest.Password)
	b.readLessons(w)
	b.readCleaned(w)
	b.readPages(w)
	b.requireSharp()
}

func allVectors() []string {
	out := make([]string, len(vectors))
	for i := range vectors {
		out[i] = vector(i)
	}
	return out
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}

// walkTo opens an address of the console without loading the page anew, and waits for words in it.
func (b *browser) walkTo(address, words string) {
	b.t.Helper()
	seen, err := js[bool](b, `(async ([address, words]) => { location.hash = '#' + address;
		for (let i = 0; i < 300; i++) { await new Promise(r => setTimeout(r, 20));
			if (i > 0 && document.body.textContent.includes(words)) return true; }
		return false; })(`+jsonOf(b.t, []string{address, words})+`)`)
	require.NoError(b.t, err, address)
	if !seen {
		text, _ := chromedp.Run(b.ctx, chromedp.TextContent(chromedp.CSS("body")))
		b.shot("failed")
		require.True(b.t, seen, "%s never says %q; it says %s", address, words, text)
	}
}

// V7: whatever a link was, it is http(s), mailto or a place of ours afterwards.
func TestV7LinksAreAddresses(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"RATE_LIMIT_ENABLED": "false"})
	admin := s.AdminToken()
	path := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Linked"}`).Text("id")
	lesson := path + "/lessons/" + s.Want(201, "POST", path+"/lessons", admin, `{"title":"One"}`).Text("id")
	all := allVectors()
	for _, scheme := range []string{
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java&Tab;script:alert(1)",
		"&#106;avascript:alert(1)", "&#x6A&#x61vascript:alert(1)", "javascript&colon;alert(1)",
		"\u0001javascript:alert(1)",
		"%6aavascript:alert(1)", "data:text/html,<script>alert(1)</script>",
		"data:image/svg+xml,<svg onload=alert(1)>", "vbscript:msgbox(1)", "livescript:x", "mocha:x",
		"file:///etc/passwd", "file://host/share", "blob:https://x/y", "filesystem:https://x",
		"view-source:http://x", "about:blank", "chrome://settings", "ms-word:ofe|u|http://x",
		"intent://x#Intent;end", "ftp://x/y", "gopher://x", "ws://x", "jar:http://x!/y",
		"feed:javascript:alert(1)", "tel:1", "sms:1", "unknown:x",
	} {
		all = append(all, "[x]("+scheme+")", "[x](<"+scheme+">)", "![x]("+scheme+")", "<"+scheme+">",
			`<a href="`+scheme+`">x</a>`, `<img src="`+scheme+`">`, "[x][r]\n\n[r]: "+scheme,
			`<video src="`+scheme+`"></video>`, `<q cite="`+scheme+`">x</q>`,
			`<form action="`+scheme+`"><button formaction="`+scheme+`">`)
	}
	for _, content := range all {
		a := s.Call("PATCH", lesson, admin, map[string]any{"content": content})
		if a.Status == 422 { // no text at all
			continue
		}
		require.Equal(t, 200, a.Status, "%s", a.Raw)
		for _, fault := range markupFaults(t, a.Text("content_html")) {
			t.Errorf("%q became %q: %s", content, a.Text("content_html"), fault)
		}
	}
	// Good links stay, without telling where they were read and without lending their weight.
	good := s.Want(200, "PATCH", lesson, admin,
		map[string]any{
			"content": "[a](https://example.com/x?y=1#z) [b](http://example.com) [c](mailto:a@example.com) [d](/courses) ![e](/x.png) https://auto.example",
		}).Text("content_html")
	for _, want := range []string{
		`href="https://example.com/x?y=1#z"`, `href="http://example.com"`, `href="mailto:a@example.com"`,
		`href="/courses"`, `src="/x.png"`, `href="https://auto.example"`,
	} {
		require.Contains(t, good, want)
	}
	require.Equal(t, strings.Count(good, "<a "), strings.Count(good, "nofollow"))
	require.Equal(t, strings.Count(good, "<a "), strings.Count(good, "noreferrer"))
}

// elements and attributes that a lesson may hold.
var (
	lessonElements   = strings.Fields("h1 h2 h3 h4 h5 h6 p a em strong b i u s strike big small tt samp var dfn q cite abbr acronym address time del ins code pre kbd sup sub br hr ul ol li blockquote table thead tbody tfoot tr th td caption colgroup col img dl dt dd div span input mark figure figcaption details summary section article aside header footer hgroup map area meter progress bdi bdo ruby rt rp wbr nav main html head body center")
	lessonAttributes = strings.Fields("href src alt title rel class id start align colspan rowspan checked disabled type width height cite datetime lang dir scope headers value min max low high optimum open name usemap shape coords target abbr nowrap valign span summary reversed compact")
)

func markupFaults(t *testing.T, markup string) (out []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(markup))
	require.NoError(t, err)
	for n := range root.Descendants() {
		if n.Type == html.CommentNode {
			out = append(out, "a comment")
		}
		if n.Type != html.ElementNode {
			continue
		}
		if !slices.Contains(lessonElements, n.Data) || n.Namespace != "" {
			out = append(out, "an element "+n.Namespace+" "+n.Data)
		}
		for _, a := range n.Attr {
			if !slices.Contains(lessonAttributes, a.Key) {
				out = append(out, "an attribute "+a.Key)
			}
			if a.Key != "href" && a.Key != "src" && a.Key != "cite" {
				continue
			}
			u, err := url.Parse(strings.TrimSpace(a.Val))
			if err != nil || !slices.Contains([]string{"", "http", "https", "mailto"}, strings.ToLower(u.Scheme)) || strings.ContainsFunc(a.Val,
				func(r rune) bool { return r < ' ' }) {
				out = append(out, fmt.Sprintf("%s=%q", a.Key, a.Val))
			}
		}
	}
	return out
}

// listenForCalls listens on loopback and counts connections.
func listenForCalls(t *testing.T) (address string, calls *atomic.Int32) {
	t.Helper()
	calls = &atomic.Int32{}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			calls.Add(1)
			_ = conn.Close()
		}
	}()
	return ln.Addr().String(), calls
}

// addressedRequest is a request of an administrator, a user or nobody that holds an address: U is a URL, HOST its host
// and port, ID an account.
type addressedRequest struct{ method, path, as, body string }

var addressedRequests = []addressedRequest{
	{"PATCH", "{lesson}", "admin",
		`{"content":"![x](U) [x](U) U <img src='U'> <link rel=stylesheet href='U'> <script src='U'></script> <iframe src='U'></iframe> <video poster='U' src='U'></video>"}`},
	{"PATCH", "{lesson}", "admin", `{"asset_key":"U"}`},
	{"PATCH", "{course}", "admin", `{"cover_key":"U"}`},
	{"PATCH", "{course}", "admin", `{"summary":"U","description":"U","tags":["U"]}`},
	{"POST", "/courses", "admin", `{"title":"U","slug":"U"}`},
	{"POST", "/storage/uploads", "admin", `{"key":"U","content_type":"text/plain","size":1}`},
	{"POST", "{course}/announcements", "admin", `{"title":"U","body":"U ![x](U)"}`},
	{"POST", "/channels/hq/messages", "admin", `{"body":"U ![x](U) <@ID>"}`},
	{"PATCH", "/users/me", "user", `{"display_name":"U"}`},
	{"POST", "/admin/invites", "admin",
		`{"role_to_grant":"member","note":"U","email":"x@HOST"}`},
	{"POST", "/invites/redeem", "user", `{"code":"U"}`},
	{"POST", "/auth/register", "", `{"email":"x@[127.0.0.1]","password":"correct horse battery"}`},
	{"POST", "/auth/password/forgot", "", `{"email":"U"}`},
	{"POST", "/auth/refresh", "", `{"refresh_token":"U"}`},
}

// fetching is a site with a course, a lesson and a learner to whom addresses are shown.
type fetching struct {
	*sitetest.Site
	admin, user, id, course, lesson string
}

// sendAddresses sends the address of a host and a port wherever a text is taken.
func (f fetching) sendAddresses(host string) {
	f.T.Helper()
	u := "http://" + host + "/x.png"
	tokens := map[string]string{"admin": f.admin, "user": f.user}
	places := strings.NewReplacer("{course}", f.course, "{lesson}", f.lesson)
	values := strings.NewReplacer("HOST", host, "ID", f.id, "U", u)
	for _, r := range addressedRequests {
		a := f.Call(r.method, places.Replace(r.path), tokens[r.as], values.Replace(r.body))
		require.Less(f.T, a.Status, 500)
	}
	jose := func(v any) string {
		raw, err := json.Marshal(v)
		require.NoError(f.T, err)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	forged := jose(map[string]any{
		"alg": "EdDSA", "typ": "at+jwt", "kid": u, "jku": u, "x5u": u,
	}) + "." + jose(map[string]any{"iss": u, "aud": "lyceum", "sub": f.id, "exp": 4e9}) + ".AAAA"
	f.WantProblem(401, "invalid-token", "GET", "/users/me", forged, nil)
	from := sitetest.Header{
		"Origin": "http://" + host, "Referer": u, "X-Forwarded-Host": host,
		"Forwarded": "host=" + host, "X-Original-URL": u, "X-Wap-Profile": u, "Contact": u,
		"Link": "<" + u + ">; rel=preload",
	}
	f.Want(200, "GET", "/courses?url="+u+"&next="+u+"&callback="+u+"&redirect_uri="+u, f.user, nil, from)
	f.Want(200, "POST", "/auth/login", "", sitetest.Credentials("fetching@example.com", sitetest.Password), from)
	f.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": "fetching@example.com"}, from)
	require.Contains(f.T, []int{403, 404, 422}, f.Call("GET", "/storage/sign?key="+u, f.user, nil).Status)
}

// openRedirects asks for paths that would lead away if they redirected.
func (f fetching) openRedirects() {
	f.T.Helper()
	for _, away := range []string{
		"//evil.example/x", "/%2f%2fevil.example", "/\\evil.example", "/courses//evil.example",
		"/courses/..//evil.example", "/join?next=//evil.example", "/?url=https://evil.example",
		"http:evil.example",
	} {
		res, err := sitetest.Client.Do(&http.Request{
			Method: "GET", URL: &url.URL{Scheme: "http", Host: strings.TrimPrefix(f.URL, "http://"), Opaque: away},
			Header: http.Header{},
		})
		require.NoError(f.T, err)
		_ = res.Body.Close()
		require.Empty(f.T, res.Header.Get("Location"), away)
		require.False(f.T, res.StatusCode >= 300 && res.StatusCode < 400, away)
	}
}

// V7: the server asks nobody, whatever address it is given.
func TestV7TheServerFetchesNothing(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"RATE_LIMIT_ENABLED": "false"})
	address, calls := listenForCalls(t)
	_, port, _ := net.SplitHostPort(address)
	admin := s.AdminToken()
	_, id, user := s.NewAccount("fetching")
	path := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Fetched","status":"published"}`).Text("id")
	lesson := path + "/lessons/" + s.Want(201, "POST", path+"/lessons", admin, `{"title":"One"}`).Text("id")
	s.Want(201, "POST", path+"/enrollment", user, nil)
	f := fetching{s, admin, user, id, path, lesson}
	for _, host := range []string{"127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0"} {
		f.sendAddresses(host + ":" + port)
	}
	s.WaitForText("fetching@example.com", "Fetched: http") // by now the announcements are mailed
	require.Zero(t, calls.Load(), "the server has called an address that it was given")
	f.openRedirects()
	conn, err := net.DialTimeout("tcp", address, time.Second) // the listener does listen
	require.NoError(t, err)
	_ = conn.Close()
	require.Eventually(t, func() bool { return calls.Load() == 1 }, time.Second, 5*time.Millisecond)
}

var formulaStart = regexp.MustCompile("^[=+\\-@\t\r\n\x00＝＋－＠]")

// V8: who opens the learners or the log as a table runs nobody's formula. As long as the log has no CSV, queryOperation
// for it gets JSON, which no spreadsheet opens as cells; once it has, its cells are judged.
func TestV8NoCellIsAFormula(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Formulas","status":"published"}`).Text("id")
	for i, formula := range []string{
		`=HYPERLINK("http://evil.example","x")`, `+1+1`, `-2+3`, `@SUM(1)`, `=cmd|' /C calc'!A0`, `＝1`, `"=1"`,
	} {
		s.Want(200, "POST", "/auth/login", "", sitetest.Credentials("user@lyceum.local", seed.DemoPassword),
			sitetest.Header{"User-Agent": formula})
		_, _, token := s.NewAccount(fmt.Sprint("=formula-", i))
		s.Want(200, "PATCH", "/users/me", token, map[string]string{"display_name": formula})
		s.Want(201, "POST", course+"/enrollment", token, nil)
	}
	for _, path := range []string{course + "/learners", "/admin/audit-logs?limit=100"} {
		a := s.Want(200, "GET", path, admin, nil, sitetest.Header{"Accept": "text/csv"})
		if a.Header.Get("Content-Type") == "application/json" && strings.HasPrefix(path, "/admin/audit-logs") {
			require.NotEmpty(t, a.Items())
			continue
		}
		require.Equal(t, "text/csv; charset=utf-8; header=present", a.Header.Get("Content-Type"))
		require.Contains(t, a.Header.Get("Content-Disposition"), "attachment")
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(a.Raw), "\ufeff"))).ReadAll()
		require.NoError(t, err)
		require.Contains(t, string(a.Raw), "HYPERLINK")
		for _, row := range rows {
			for _, cell := range row {
				require.NotRegexp(t, formulaStart, cell)
			}
		}
	}
}
