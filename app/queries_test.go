package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"lyceum/app/sitetest"
	"lyceum/platform/telemetry/telemetrytest"
)

// queriesOf sends a request and gives how many statements its answer took, as its span says.
func queriesOf(s *sitetest.Site, spans *tracetest.SpanRecorder, method, path, token string, body any) int64 {
	s.T.Helper()
	a := s.Call(method, path, token, body)
	require.Less(s.T, a.Status, 300, "%s %s: %s", method, path, a.Raw)
	return queriesFor(s, spans, a)
}

// queriesFor gives how many statements an answer took.
func queriesFor(s *sitetest.Site, spans *tracetest.SpanRecorder, a sitetest.Answer) int64 {
	s.T.Helper()
	id := attribute.String("lyceum.request_id", a.Header.Get("X-Request-Id"))
	var found int64 = -1
	require.Eventually(s.T, func() bool {
		for _, span := range spans.Ended() {
			if !slices.Contains(span.Attributes(), id) {
				continue
			}
			for _, kv := range span.Attributes() {
				if kv.Key == "lyceum.queries" {
					found = kv.Value.AsInt64()
				}
			}
		}
		return found >= 0
	}, 5*time.Second, 5*time.Millisecond)
	return found
}

// What is no code takes the same steps, whatever it looks like: nobody learns from the time how near a guess was.
func TestI4WhatIsNoCodeTakesTheSameSteps(t *testing.T) {
	s := sitetest.Start(t, sitetest.Services(t))
	spans := telemetrytest.RecordSpans(t)
	_, _, token := s.NewAccount("guesser")
	s.Redeem(token, "now the caller is known")
	seen := map[int64]bool{}
	for code, status := range map[string]int{
		"01234-56789-ABCDE-FGHJK-MNPQR-S": 404, "x": 404, "??": 404, strings.Repeat("A", 128): 404,
		strings.Repeat("A", 129): 422, strings.Repeat("日", 100_000): 422,
	} {
		a := s.Redeem(token, code)
		require.Equal(t, status, a.Status, "%s", a.Raw)
		seen[queriesFor(s, spans, a)] = true
	}
	require.Len(t, seen, 1, "statements an answer took: %v", seen)
}

// countedRoute is a request and the most statements that its answer may take.
type countedRoute struct {
	most                   int64
	method, path, body, as string
}

// countedRoutes are sent in their order.
var countedRoutes = []countedRoute{
	{1, "GET", "/courses?limit=1", "", ""},
	{1, "GET", "/courses?limit=100", "", ""},
	{1, "GET", "/courses?limit=100&q=counted", "", "learner"},
	{1, "GET", "/courses?status=draft", "", "admin"},
	{1, "GET", "/users/me/enrollments", "", "learner"},
	{1, "GET", "/users/me/progress", "", "learner"},
	{3, "GET", "{course}", "", ""},
	{3, "GET", "{course}", "", "learner"},
	{3, "GET", "{course}/lessons", "", "learner"},
	{3, "GET", "{lesson}", "", "learner"},
	{2, "GET", "{course}/progress", "", "learner"},
	{3, "GET", "{course}/learners", "", "admin"},
	{1, "GET", "/storage/sign?key=counted.txt", "", "learner"},
	{0, "GET", "/storage/sign?key=counted.txt", "", "admin"},
	{1, "PUT", "{lesson}/progress", `{"percent":10}`, "learner"},
	{1, "PUT", "{lesson}/progress", `{"percent":10}`, "learner"},
	{2, "PUT", "{lesson}/progress", `{"percent":100}`, "learner"},
	{1, "POST", "{course}/enrollment", "", "learner"},
	{4, "DELETE", "{course}/enrollment", "", "learner"},
	{6, "POST", "{course}/enrollment", "", "learner"},
	{7, "POST", "/courses", `{"title":"More"}`, "admin"},
	{7, "PATCH", "{course}", `{"title":"Changed"}`, "admin"},
	{9, "PATCH", "{course}", `{"tags":["x"]}`, "admin"},
	{8, "POST", "{course}/lessons", `{"title":"4"}`, "admin"},
	{6, "PATCH", "{lesson}", `{"title":"New"}`, "admin"},
	{11, "DELETE", "{lesson}", "", "admin"},
	{17, "POST", "{course}/clone", `{}`, "admin"},
	{4, "DELETE", "{course}", "", "admin"},
	{8, "POST", "{course}/restore", "", "admin"},
	{2, "POST", "{course}/enrollments/batch", `{"rows":[{"email":"nobody@example.com"}]}`, "admin"},
}

// createCounted creates thirty courses that a learner takes, each with three lessons, and returns the paths
// of the last course and of its last lesson. The course uses a file that the learner has asked for.
func createCounted(s *sitetest.Site, admin, learner string) (course, lesson string) {
	s.T.Helper()
	for i := range 30 {
		course = "/courses/" + s.Want(201, "POST", "/courses", admin,
			map[string]any{"title": fmt.Sprint("Counted ", i), "status": "published"}).Text("id")
		s.Want(201, "POST", course+"/enrollment", learner, nil)
		var first string
		for j := range 3 {
			l := map[string]any{"title": fmt.Sprint(j)}
			if j > 0 {
				l["prerequisite_ids"] = []string{first}
			}
			lesson = s.Want(201, "POST", course+"/lessons", admin, l).Text("id")
			if j == 0 {
				first = lesson
				s.Want(200, "PUT", course+"/lessons/"+first+"/progress", learner, `{"percent":100}`)
			}
		}
	}
	lesson = course + "/lessons/" + lesson
	up := s.Want(201, "POST", "/storage/uploads", admin, `{"key":"counted.txt","content_type":"text/plain","size":1}`)
	s.Upload(up, "x")
	s.Want(200, "POST", "/storage/uploads/"+up.Text("id")+"/complete", admin, nil)
	s.Want(201, "POST", course+"/lessons", admin, `{"title":"With a file","asset_key":"counted.txt"}`)
	s.Want(200, "GET", "/storage/sign?key=counted.txt", learner, nil)
	return course, lesson
}

// What each route of courses may ask of PostgreSQL, in the steady state: accounts, sessions and names are known.
// Transactions' BEGIN and COMMIT are not counted; entries of the audit log are.
func TestRoutesTakeFewQueries(t *testing.T) {
	s := sitetest.Start(t, sitetest.Services(t))
	spans := telemetrytest.RecordSpans(t)
	admin := s.AdminToken()
	_, _, learner := s.NewAccount("counted")
	course, lesson := createCounted(s, admin, learner)
	tokens := map[string]string{"admin": admin, "learner": learner}
	paths := strings.NewReplacer("{course}", course, "{lesson}", lesson)
	for _, c := range countedRoutes {
		var body any
		if c.body != "" {
			body = c.body
		}
		n := queriesOf(s, spans, c.method, paths.Replace(c.path), tokens[c.as], body)
		t.Logf("%2d  %s %s", n, c.method, c.path)
		require.LessOrEqual(t, n, c.most, "%s %s", c.method, c.path)
	}
}
