package storage

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
	"lyceum/platform/telemetry"
	"lyceum/platform/tokens"
)

// people is what the authenticator asks: a session has the id of its account, and every caller of the
// tests is known.
type people struct{}

func (people) Session(_ context.Context, id string) (string, bool, error) { return id, true, nil }

func (people) Account(_ context.Context, id string) (identity.Account, bool, error) {
	for _, c := range []identity.Caller{teacher, other, student, admin} {
		if c.UserID == id {
			return identity.Account{Role: c.Role, Active: true}, true, nil
		}
	}
	return identity.Account{}, false, nil
}

func (people) Subscribe(string, func(string)) func() { return func() {} }
func (people) IsHealthy() bool                       { return true }

// site serves the module's routes alone.
type site struct {
	*world
	base   string
	tokens *tokens.Tokens
}

// serveRoutes starts a server of the module's routes.
func serveRoutes(w *world) *site {
	t := w.t
	t.Helper()
	keys, err := keyring.Open(t.TempDir(), time.Hour)
	require.NoError(t, err)
	issuer := tokens.NewTokens(keys, "http://lyceum.test", time.Hour, w.clock)
	authenticator := httpx.NewAuthenticator(tokens.NewAuthenticator(issuer, people{}, people{}, people{}),
		"http://lyceum.test", nil)
	server, err := httpx.New(httpx.Options{
		PublicURL: "http://lyceum.test", Keys: keys, Authenticator: authenticator, DB: w.db, Clock: w.clock,
		Metrics: telemetry.NewMetrics(),
	},
		[]httpx.Table{newRoutes(newHandlers(w.Service, pagination.NewCursors(keys)))})
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
	})
	return &site{w, "http://" + ln.Addr().String(), issuer}
}

type answer struct {
	header http.Header
	body   map[string]any
}

func (r answer) items() []any { items, _ := r.body["items"].([]any); return items }

// want makes a request and requires a status. headers come in pairs.
func (s *site) want(status int, c identity.Caller, method, path, body string, headers ...string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	require.NoError(s.t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.UserID != "" {
		token, _, err := s.tokens.IssueToken(c.UserID, c.UserID, c.Role)
		require.NoError(s.t, err)
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, status, resp.StatusCode, "%s %s: %s", method, path, raw)
	r := answer{header: resp.Header}
	if len(raw) > 0 {
		require.NoError(s.t, json.Unmarshal(raw, &r.body))
	}
	return r
}

func TestUploadingOverHTTP(t *testing.T) {
	s := serveRoutes(onSQLite(t))
	body := `{"key":"notes/a.txt","content_type":"text/plain","size":15}`
	s.want(401, identity.Caller{}, "POST", "/storage/uploads", body)
	s.want(403, student, "POST", "/storage/uploads", body)
	first := s.want(201, teacher, "POST", "/storage/uploads", body, "Idempotency-Key", "k1")
	id := first.body["id"].(string)
	require.Equal(t, "/storage/uploads/"+id, first.header.Get("Location"))
	upload := first.body["upload"].(map[string]any)
	require.Equal(t, "PUT", upload["method"])
	require.Equal(t, map[string]any{"Content-Type": "text/plain"}, upload["headers"])
	again := s.want(201, teacher, "POST", "/storage/uploads", body, "Idempotency-Key", "k1")
	require.Equal(t, first.body, again.body)
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.Equal(t, "key-taken",
		s.want(409, other, "POST", "/storage/uploads", body, "Idempotency-Key", "k1").body["code"])
	for _, bad := range []string{
		`{"key":"b","content_type":"text/plain","size":1,"sha256":"xyz"}`,
		`{"key":"b","content_type":"image/svg+xml","size":1}`,
		`{"key":"a/../b","content_type":"text/plain","size":1}`,
		`{"key":"b","content_type":"text/plain","size":0}`, `{"key":"b","content_type":"text/plain"}`,
	} {
		s.want(422, teacher, "POST", "/storage/uploads", bad)
	}

	s.want(409, teacher, "POST", "/storage/uploads/"+id+"/complete", "")
	s.want(404, other, "POST", "/storage/uploads/"+id+"/complete", "")
	a, err := s.store.findByID(t.Context(), id)
	require.NoError(t, err)
	s.putObject(a, hello, "text/plain")
	done := s.want(200, teacher, "POST", "/storage/uploads/"+id+"/complete", "")
	require.Equal(t, "completed", done.body["status"])
	require.Equal(t, []any{}, done.body["used_by"])
	require.Equal(t, map[string]any{"id": teacher.UserID, "display_name": "Tea"}, done.body["uploader"])
	require.Equal(t, `"1.`, done.header.Get("ETag")[:3])
	require.Equal(t, done.body, s.want(200, teacher, "POST", "/storage/uploads/"+id+"/complete", "{}").body)
}

func TestSignedURLsOverHTTP(t *testing.T) {
	w := onSQLite(t)
	s := serveRoutes(w)
	w.storeAsset("notes/ä b.txt")
	path := "/storage/sign?key=notes/%C3%A4%20b.txt"
	s.want(401, identity.Caller{}, "GET", path, "")
	s.want(403, student, "GET", path, "")
	s.want(403, student, "GET", "/storage/sign?key=none", "")
	s.want(404, admin, "GET", "/storage/sign?key=none", "")
	for _, query := range []string{
		"/storage/sign", "/storage/sign?key=", path + "&expires_in=59", path + "&expires_in=3601",
		path + "&expires_in=x",
	} {
		s.want(422, teacher, "GET", query, "")
	}
	got := s.want(200, teacher, "GET", path+"&expires_in=60", "")
	require.Equal(t, "notes/ä b.txt", got.body["key"])
	require.Equal(t, "GET", got.body["method"])
	require.Equal(t, "no-store", got.header.Get("Cache-Control"))
	until, err := time.Parse(time.RFC3339, got.body["expires_at"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Minute), until, 10*time.Second)
}

func TestAssetsOverHTTP(t *testing.T) {
	w := onSQLite(t)
	s := serveRoutes(w)
	for _, key := range []string{"x/1", "x/2", "x/3", "y/1"} {
		w.storeAsset(key)
	}
	s.want(403, student, "GET", "/storage/assets", "")
	require.Empty(t, s.want(200, other, "GET", "/storage/assets", "").items())
	require.Len(t, s.want(200, admin, "GET", "/storage/assets", "").items(), 4)
	page := s.want(200, teacher, "GET", "/storage/assets?prefix=x/&limit=2", "")
	require.Len(t, page.items(), 2)
	next := page.body["next_cursor"].(string)
	rest := s.want(200, teacher, "GET", "/storage/assets?prefix=x/&limit=2&cursor="+next, "")
	require.Len(t, rest.items(), 1)
	require.Nil(t, rest.body["next_cursor"])
	s.want(422, teacher, "GET", "/storage/assets?prefix=y/&cursor="+next, "")
	s.want(422, teacher, "GET", "/storage/assets?limit=0", "")

	id := rest.items()[0].(map[string]any)["id"].(string)
	w.referrer.uses = func([]string) (map[string][]storageapi.Use, error) {
		return map[string][]storageapi.Use{"x/1": {{Type: "lesson", ID: "l", CourseID: "c", Title: "First"}}}, nil
	}
	refused := s.want(409, teacher, "DELETE", "/storage/assets/"+id, "")
	require.Equal(t, "asset-in-use", refused.body["code"])
	require.Equal(t, []any{map[string]any{"type": "lesson", "id": "l", "course_id": "c", "title": "First"}},
		refused.body["used_by"])
	w.referrer.uses = nil
	s.want(404, other, "DELETE", "/storage/assets/"+id, "")
	s.want(412, teacher, "DELETE", "/storage/assets/"+id, "", "If-Match", `"2.x"`)
	s.want(204, teacher, "DELETE", "/storage/assets/"+id, "")
	s.want(404, teacher, "DELETE", "/storage/assets/"+id, "")
}
