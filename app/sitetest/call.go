package sitetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// UnknownID has the form of an id and is none.
const UnknownID = "01900000-0000-7000-8000-000000000000"

// Header holds request headers.
type Header = map[string]string

// Client is the client of all calls. It follows no redirects.
var Client = &http.Client{
	Timeout:       20 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Call sends a request as a client would. path is below the site unless it is a whole URL. token is
// an access token or "". body is sent as JSON; a string is sent as it is.
func (s *Site) Call(method, path, token string, body any, headers ...Header) Answer {
	s.T.Helper()
	if s.OnCall != nil {
		s.OnCall(method, path, token, body, headers...)
	}
	res, err := Client.Do(s.newRequest(method, path, token, body, headers)) //nolint:bodyclose // ReadAnswer closes it
	require.NoError(s.T, err)
	a := s.ReadAnswer(res)
	s.checkConventions(method, path, a)
	if s.OnAnswer != nil {
		s.OnAnswer(method, path, token, body, a)
	}
	return a
}

// newRequest returns the request of Call.
func (s *Site) newRequest(method, path, token string, body any, headers []Header) *http.Request {
	s.T.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		require.NoError(s.T, err)
		content = bytes.NewReader(raw)
	}
	url := path
	if !strings.HasPrefix(path, "http") {
		url = s.URL + path
	}
	req, err := http.NewRequestWithContext(s.T.Context(), method, url, content)
	require.NoError(s.T, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for _, h := range headers {
		for k, v := range h {
			req.Header.Set(k, v)
		}
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host // net/http sends no header of that name
	}
	return req
}

// ReadAnswer reads a response to its end.
func (s *Site) ReadAnswer(res *http.Response) Answer {
	s.T.Helper()
	return readAnswer(s.T, res)
}

// checkConventions checks what holds for every answer of the API.
func (s *Site) checkConventions(method, path string, a Answer) {
	s.T.Helper()
	if strings.HasPrefix(path, "http") && !strings.HasPrefix(path, s.URL) {
		return // from the object store
	}
	require.NotEqual(s.T, 500, a.Status, "%s %s: %s", method, path, a.Raw)
	require.NotEmpty(s.T, a.Header.Get("X-Request-Id"), "%s %s", method, path)
	require.Equal(s.T, "nosniff", a.Header.Get("X-Content-Type-Options"), "%s %s", method, path)
	if a.Status < 400 || method == http.MethodHead || path == "/readyz" {
		return
	}
	require.Equal(s.T, "application/problem+json", a.Header.Get("Content-Type"), "%s %s: %s", method, path, a.Raw)
	require.EqualValues(s.T, a.Status, a.JSON["status"], "%s %s", method, path)
	require.Equal(s.T, "/problems/"+a.Text("code"), a.Text("type"), "%s %s", method, path)
	require.NotEmpty(s.T, a.Text("title"), "%s %s: %s", method, path, a.Raw)
}

// Want is Call for a request that must be answered with a status.
func (s *Site) Want(status int, method, path, token string, body any, headers ...Header) Answer {
	s.T.Helper()
	a := s.Call(method, path, token, body, headers...)
	require.Equal(s.T, status, a.Status, "%s %s: %s", method, path, a.Raw)
	return a
}

// WantProblem is Call for a request that must be refused with a status and a problem code.
func (s *Site) WantProblem(status int, code, method, path, token string, body any, headers ...Header) Answer {
	s.T.Helper()
	a := s.Want(status, method, path, token, body, headers...)
	require.Equal(s.T, code, a.Text("code"), "%s %s: %s", method, path, a.Raw)
	return a
}

// ListAll returns the items of all pages of a list. path has a query.
func (s *Site) ListAll(path, token string) (all []Answer) {
	s.T.Helper()
	for cursor := ""; ; {
		page := s.Want(200, "GET", path+"&limit=100"+cursor, token, nil)
		for _, item := range page.Items() {
			all = append(all, Answer{JSON: item.(map[string]any)})
		}
		if page.Get("next_cursor") == nil {
			return all
		}
		cursor = "&cursor=" + page.Text("next_cursor")
	}
}

// CountAll returns how many items all pages of a list have together. path has a query.
func (s *Site) CountAll(path, token string) int {
	s.T.Helper()
	return len(s.ListAll(path, token))
}

// NewestEntry returns the number of the newest entry of the audit log.
func (s *Site) NewestEntry(admin string) any {
	s.T.Helper()
	return s.Want(200, "GET", "/admin/audit-logs?limit=1", admin, nil).Get("items.0.seq")
}

// CountEntries returns how many entries of an action the audit log has, up to 100.
func (s *Site) CountEntries(admin, action string) int {
	s.T.Helper()
	return len(s.Want(200, "GET", "/admin/audit-logs?limit=100&action="+action, admin, nil).Items())
}

// CountNotifications returns how many notifications of a kind the callers have together.
func (s *Site) CountNotifications(tokens []string, kind string) (n int) {
	s.T.Helper()
	for _, token := range tokens {
		for _, item := range s.ListAll("/notifications?", token) {
			if item.Text("kind") == kind {
				n++
			}
		}
	}
	return n
}
