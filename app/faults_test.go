package main

import (
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"lyceum/app/sitetest"
)

// faultyPlaces are the locations that an answer names, sorted.
func faultyPlaces(a sitetest.Answer) string {
	var places []string
	faults, _ := a.JSON["errors"].([]any)
	for _, f := range faults {
		places = append(places, f.(map[string]any)["location"].(string))
	}
	sort.Strings(places)
	return strings.Join(places, " ")
}

// faultyRequest is a request of nobody, of a user or of an administrator, and the places of its faults.
type faultyRequest struct{ method, path, as, body, want string }

// faultyRequests have more than one fault each. {id} is an account and {course} a course.
var faultyRequests = []faultyRequest{
	{"POST", "/auth/register", "", `{"email":"bad","password":"x"}`, "body.email body.password"},
	{"POST", "/auth/register", "", `{"email":"bad"}`, "body.email body.password"},
	{"POST", "/auth/register", "", `{"password":"x"}`, "body.email body.password"},
	{"POST", "/auth/register", "", `{}`, "body.email body.password"},
	{"POST", "/auth/register", "", `{"email":"","password":""}`, "body.email body.password"},
	{
		"POST", "/auth/register", "",
		`{"email":"bad","password":"x","display_name":"a\u202eb","role":"admin"}`,
		"body.display_name body.email body.password body.role",
	},
	{
		"POST", "/auth/register", "",
		`{"email":"faulty2@example.com","password":"faulty2@example.com","display_name":7}`,
		"body.display_name body.password",
	},
	{
		"POST", "/auth/register", "", `{"email":"a\u0000b@example.com","password":"x","x\ud800":"\udc00"}`,
		"body.email body.email body.password body.x\ufffd body.x\ufffd body.x\ufffd",
	},
	{
		"POST", "/auth/register", "", `{"email":"bad","password":"x","password":"y"}`,
		"body.email body.password body.password",
	},
	{"POST", "/auth/login", "", `{"email":7}`, "body.email body.password"},
	{"POST", "/auth/password/reset", "", `{"password":"x"}`, "body.password body.token"},
	{"POST", "/auth/password/change", "user", `{"new_password":"x"}`, "body.current_password body.new_password"},
	{"POST", "/users/me/email", "user", `{"new_email":"bad"}`, "body.new_email body.password"},
	{"PATCH", "/users/me", "user", `{"display_name":"a\u0007b","email":"x@example.com"}`, "body.display_name body.email"},
	{
		"PATCH", "/admin/users/{id}", "admin",
		`{"role":"owner","status":"gone","email":"bad","display_name":"\u200b"}`,
		"body.display_name body.email body.role body.status",
	},
	{"PATCH", "/admin/users/{id}", "admin", `{"role":null,"status":null}`, "body.role body.status"},
	{
		"PATCH", "/admin/users/{id}", "admin", `{"role":null,"status":"gone","email":null}`,
		"body.email body.role body.status",
	},
	{
		"POST", "/courses", "admin", `{"title":7,"tags":[7,"ok",{}],"slug":[]}`,
		"body.slug body.tags[0] body.tags[2] body.title",
	},
	{
		"POST", "/courses", "admin", `{"title":" ","slug":"No!","visibility":"secret","tags":["a\u0007b"]}`,
		"body.slug body.tags body.title body.visibility",
	},
	{
		"PATCH", "/courses/{course}", "admin", `{"title":" ","slug":"No!","status":"secret"}`,
		"body.slug body.status body.title",
	},
	{
		"POST", "/courses/{course}/lessons", "admin",
		`{"title":" ","duration_seconds":-1,"available_from":"1969-01-01T00:00:00Z"}`,
		"body.available_from body.duration_seconds body.title",
	},
	{
		"POST", "/courses/{course}/clone", "admin", `{"title":" ","slug":"No!","shift_days":99999}`,
		"body.shift_days body.slug body.title",
	},
	{"POST", "/channels", "admin", `{"slug":"No!","visibility":"course"}`, "body.course_id body.slug body.title"},
	{"POST", "/channels/hq/messages", "user", `{"body":"","client_id":""}`, "body.body body.client_id"},
	{"POST", "/courses/{course}/announcements", "admin", `{"title":"a\u0007b"}`, "body.body body.title"},
	{
		"POST", "/admin/invites", "admin",
		`{"role_to_grant":"owner","email":"bad","max_uses":0,"expires_at":"2020-01-01T00:00:00Z","note":"a\u0007b"}`,
		"body.email body.expires_at body.max_uses body.note body.role_to_grant",
	},
	{
		"POST", "/admin/invites/batch", "admin", `{"role_to_grant":"owner","expires_at":"2020-01-01T00:00:00Z"}`,
		"body.expires_at body.role_to_grant body.rows",
	},
	{
		"PATCH", "/courses/{course}", "admin", `{"title":null,"slug":"No!","status":"secret","tags":null}`,
		"body.slug body.status body.title",
	},
	{
		"POST", "/storage/uploads", "admin", `{"key":"a//b","content_type":"text/html","size":0,"sha256":"xyz"}`,
		"body.content_type body.key body.sha256 body.size",
	},
	{
		"PUT", "/notifications/preferences", "user", `{"items":[{"kind":"nonsense","in_app":1,"email":true}]}`,
		"body.items[0] body.items[0].in_app",
	},
	{
		"POST", "/auth/register", "", `{"display_name":7,"email":"bad","password":"x"}`,
		"body.display_name body.email body.password",
	},
	{"GET", "/courses?limit=0&sort=nonsense&q=", "", "", "query.limit query.sort"},
}

// Every fault of a request is named at once: types, bounds, missing and unknown fields, rules that a schema can't say, and
// what is wrong with the JSON as a text.
func TestAllFaultsOfARequestAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	_, id, user := s.NewAccount("faulty")
	course := s.Want(201, "POST", "/courses", admin, `{"title":"Faulty"}`).Text("id")
	tokens := map[string]string{"admin": admin, "user": user}
	values := strings.NewReplacer("{id}", id, "{course}", course)
	for _, c := range faultyRequests {
		var body any
		if c.body != "" {
			body = c.body
		}
		a := s.Call(c.method, values.Replace(c.path), tokens[c.as], body)
		assert.Equal(t, 422, a.Status, "%s %s %s: %s", c.method, c.path, c.body, a.Raw)
		assert.Equal(t, c.want, faultyPlaces(a), "%s %s %s: %s", c.method, c.path, c.body, a.Raw)
	}
}

// A table and its query parameters are one request, too.
func TestAllFaultsOfATableAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	course := s.Want(201, "POST", "/courses", admin, `{"title":"Table"}`).Text("id")
	for _, c := range []struct{ path, table, want string }{
		{"/admin/invites/batch?dry_run=maybe&role_to_grant=owner&expires_at=2020-01-01T00:00:00Z&dry=1", "email\n",
			"body.expires_at body.role_to_grant body.rows query.dry query.dry_run"},
		{
			"/admin/invites/batch?dry_run=maybe&role_to_grant=owner", "mail\nx@example.com\n",
			"body body.role_to_grant query.dry_run",
		},
		{"/admin/invites/batch?role_to_grant=owner%00", "email\nx@example.com\n", "body.role_to_grant query.role_to_grant"},
		{"/courses/" + course + "/enrollments/batch?mode=some&dry_run=1", "email\n", "body.mode body.rows query.dry_run"},
		{"/courses/" + course + "/enrollments/batch?mode=some&mode=all", "email,email\na,b\n", "body body.mode query.mode"},
	} {
		a := s.Call("POST", c.path, admin, c.table, sitetest.Header{"Content-Type": "text/csv"})
		assert.Equal(t, 422, a.Status, "%s: %s", c.path, a.Raw)
		assert.Equal(t, c.want, faultyPlaces(a), "%s: %s", c.path, a.Raw)
	}
}

// A body that is empty or blank where one is needed can't be read at all.
func TestBlankBodies(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	for _, body := range []string{"", " ", "\n", "\t \r\n"} {
		s.WantProblem(400, "malformed-request", "POST", "/auth/register", "", body)
		s.Want(204, "POST", "/auth/logout-all", s.AdminToken(), body)
	}
}
