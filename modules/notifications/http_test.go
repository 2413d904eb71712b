package notifications

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

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/telemetry"
	"lyceum/platform/tokens"
)

// people is what the authenticator asks: a session has the id of its account, and tests choose the
// roles.
type people struct{ roles map[string]identity.Role }

func (people) Session(_ context.Context, id string) (string, bool, error) { return id, true, nil }

func (p people) Account(_ context.Context, id string) (identity.Account, bool, error) {
	role, ok := p.roles[id]
	return identity.Account{Role: role, Active: true}, ok, nil
}

func (people) Subscribe(string, func(string)) func() { return func() {} }
func (people) IsHealthy() bool                       { return true }

// site serves the module's routes alone.
type site struct {
	*world
	base   string
	tokens *tokens.Tokens
	people people
}

func startSite(w *world) *site {
	t := w.t
	t.Helper()
	p := people{map[string]identity.Role{w.owner: usersapi.RoleInstructor}}
	issuer := tokens.NewTokens(w.keys, publicURL, time.Hour, clock.System{})
	authenticator := httpx.NewAuthenticator(tokens.NewAuthenticator(issuer, p, p, p), publicURL, nil)
	server, err := httpx.New(httpx.Options{
		PublicURL: publicURL, Keys: w.keys, Authenticator: authenticator, DB: w.db, Clock: clock.System{},
		Metrics: telemetry.NewMetrics(),
	},
		[]httpx.Table{newRoutes(newHandlers(w.Service, pagination.NewCursors(w.keys)))})
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
	})
	return &site{w, "http://" + ln.Addr().String(), issuer, p}
}

type reply struct {
	header http.Header
	body   map[string]any
}

func (r reply) items() (out []map[string]any) {
	list, _ := r.body["items"].([]any)
	for _, i := range list {
		out = append(out, i.(map[string]any))
	}
	return out
}

// want makes a request of an account, or of nobody, and checks the status. headers come in pairs.
func (s *site) want(status int, user, method, path, body string, headers ...string) reply {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	require.NoError(s.t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if user != "" {
		token, _, err := s.tokens.IssueToken(user, user, usersapi.RoleUser)
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
	r := reply{header: resp.Header}
	if len(raw) > 0 {
		require.NoError(s.t, json.Unmarshal(raw, &r.body))
	}
	return r
}

// addCaller adds an account with the role user, which may call the routes.
func (s *site) addCaller() string {
	id := s.addAccount("Uli")
	s.people.roles[id] = usersapi.RoleUser
	return id
}

func TestReadingOverHTTP(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := startSite(w)
		me, other := s.addCaller(), s.addCaller()
		for _, title := range []string{"one", "two", "three"} {
			n := notice{EventID: ids.New(), Kind: kindLessonAdded, Title: title, Link: "/#/courses"}
			require.NoError(t, w.notifyAccounts(t.Context(), n, []string{me}))
		}
		s.want(401, "", "GET", "/notifications", "")
		page := s.want(200, me, "GET", "/notifications?limit=2", "")
		require.Equal(t, "three", page.items()[0]["title"])
		for _, field := range []string{"id", "kind", "title", "body", "link", "read_at", "created_at"} {
			require.Contains(t, page.items()[0], field)
		}
		require.Len(t, page.items()[0], 7)
		rest := s.want(200, me, "GET", "/notifications?limit=2&cursor="+page.body["next_cursor"].(string), "")
		require.Equal(t, "one", rest.items()[0]["title"])
		require.NotEmpty(t, rest.header.Get("ETag"))
		s.want(422, me, "GET", "/notifications?cursor=nonsense", "")
		s.want(422, me, "GET", "/notifications?unread=maybe", "")
		require.EqualValues(t, 3, s.want(200, me, "GET", "/notifications/unread-count", "").body["count"])
		require.EqualValues(t, 0, s.want(200, other, "GET", "/notifications/unread-count", "").body["count"])

		first := "/notifications/" + page.items()[0]["id"].(string) + "/read"
		s.want(404, other, "POST", first, "")
		s.want(404, me, "POST", "/notifications/x/read", "")
		s.want(404, me, "POST", "/notifications/"+ids.New()+"/read", "")
		s.want(204, me, "POST", first, "")
		at := s.want(200, me, "GET", "/notifications", "").items()[0]["read_at"]
		require.NotNil(t, at)
		s.want(204, me, "POST", first, "")
		require.Equal(t, at, s.want(200, me, "GET", "/notifications", "").items()[0]["read_at"], "again changes nothing")
		require.Len(t, s.want(200, me, "GET", "/notifications?unread=true", "").items(), 2)
		require.Len(t, s.want(200, me, "GET", "/notifications?unread=false", "").items(), 3)
		for range 2 {
			s.want(204, me, "POST", "/notifications/read-all", "{}")
		}
		require.Empty(t, s.want(200, me, "GET", "/notifications?unread=true", "").items())
	})
}

func TestPreferencesOverHTTP(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := startSite(w)
		me := s.addCaller()
		before := s.want(200, me, "GET", "/notifications/preferences", "")
		require.Len(t, before.items(), 8)
		require.Equal(t, map[string]any{"kind": "announcement", "in_app": true, "email": true, "locked": false},
			before.items()[1])
		require.Equal(t,
			map[string]any{"kind": "security.new_sign_in", "in_app": true, "email": true, "locked": true},
			before.items()[6])

		raw, err := json.Marshal(before.body)
		require.NoError(t, err)
		require.Equal(t, before.body, s.want(200, me, "PUT", "/notifications/preferences", string(raw)).body,
			"what was read may be sent back")
		changed := s.want(200, me, "PUT", "/notifications/preferences",
			`{"items":[{"kind":"announcement","in_app":true,"email":false,"locked":true},{"kind":"security.new_sign_in","in_app":false,"email":true}]}`)
		require.Equal(t, map[string]any{"kind": "announcement", "in_app": true, "email": false, "locked": false},
			changed.items()[1])
		require.Equal(t, false, changed.items()[6]["in_app"])
		require.Equal(t, before.items()[0], changed.items()[0], "the others stay")
		require.NotEqual(t, before.header.Get("ETag"), changed.header.Get("ETag"))

		for _, bad := range []string{
			`{"items":[{"kind":"security.password_changed","in_app":true,"email":false}]}`,
			`{"items":[{"kind":"lesson.added","in_app":true,"email":true}]}`,
			`{"items":[{"kind":"welcome","in_app":true,"email":true}]}`,
			`{"items":[{"kind":"nonsense","in_app":true,"email":true}]}`,
			`{"items":[{"kind":"announcement","in_app":true,"email":true},{"kind":"announcement","in_app":true,"email":true}]}`,
			`{"items":[{"kind":"announcement"}]}`, `{}`,
		} {
			s.want(422, me, "PUT", "/notifications/preferences", bad)
		}
		s.want(200, me, "PUT", "/notifications/preferences", `{"items":[]}`)
		require.Equal(t, changed.body, s.want(200, me, "GET", "/notifications/preferences", "").body)
	})
}

func TestAnnouncingOverHTTP(t *testing.T) {
	w := onSQLite(t)
	s := startSite(w)
	learner := s.addCaller()
	w.learners = []string{learner}
	path := "/courses/" + w.course.ID + "/announcements"
	body := `{"title":"Exam","body":"On Monday."}`
	s.want(401, "", "POST", path, body)
	s.want(403, learner, "POST", path, body)
	s.want(404, w.owner, "POST", "/courses/x/announcements", body)
	s.want(422, w.owner, "POST", path, `{"title":"","body":"b"}`)
	first := s.want(201, w.owner, "POST", path, body, "Idempotency-Key", "k")
	require.Equal(t, "Exam", first.body["title"])
	require.NotEmpty(t, first.header.Get("Location"))
	require.Equal(t, "true",
		s.want(201, w.owner, "POST", path, body, "Idempotency-Key", "k").header.Get("Idempotency-Replayed"))
	w.relayAll()
	require.Len(t, w.listInbox(learner), 1, "a repeated request tells nobody twice")
}

func TestWithoutCoursesThereIsNothingToAnnounce(t *testing.T) {
	w := onSQLite(t)
	w.Service.courses = nil
	s := startSite(w)
	s.want(404, w.owner, "POST", "/courses/"+w.course.ID+"/announcements", `{"title":"t","body":"b"}`)
	s.want(200, w.owner, "GET", "/notifications", "")
}
