package courses_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// bodySchema returns the schema of a field of a request's body.
func bodySchema(s *sitetest.Site, method, path, field string) map[string]any {
	s.T.Helper()
	doc := s.Want(200, "GET", "/openapi.json", "", nil).JSON
	dig := func(m map[string]any, keys ...string) map[string]any {
		for _, k := range keys {
			next, ok := m[k].(map[string]any)
			require.True(s.T, ok, "%s %s: no %s", method, path, k)
			m = next
		}
		return m
	}
	schema := dig(doc, "paths", path, strings.ToLower(method), "requestBody", "content", "application/json", "schema")
	if ref, ok := schema["$ref"].(string); ok {
		schema = dig(doc, "components", "schemas", ref[strings.LastIndex(ref, "/")+1:])
	}
	return dig(schema, "properties", field)
}

// Every bound of courses is a number in the document, is exact, and counts code points.
func TestBoundsAreDocumented(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"RATE_LIMIT_ENABLED": "false"})
	admin := s.AdminToken()
	course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Bounds"}`).Text("id")
	lesson := course + "/lessons/" + s.Want(201, "POST", course+"/lessons", admin, `{"title":"One"}`).Text("id")
	for field, most := range map[string]int{"title": 200, "summary": 500, "description": 20_000} {
		for _, op := range []string{"POST /courses", "PATCH /courses/{id}"} {
			method, path, _ := strings.Cut(op, " ")
			require.EqualValues(t, most, bodySchema(s, method, path, field)["maxLength"], "%s %s", op, field)
		}
		s.Want(200, "PATCH", course, admin, map[string]string{field: strings.Repeat("é", most)})
		s.WantProblem(422, "validation-failed", "PATCH", course, admin,
			map[string]string{field: strings.Repeat("é", most+1)})
	}
	for _, op := range []string{"POST /courses", "PATCH /courses/{id}"} {
		method, path, _ := strings.Cut(op, " ")
		tags := bodySchema(s, method, path, "tags")
		require.EqualValues(t, 50, tags["maxItems"])
		require.EqualValues(t, 50, tags["items"].(map[string]any)["maxLength"])
	}
	tags := make([]string, 51)
	for i := range tags {
		tags[i] = fmt.Sprintf("%02d", i) + strings.Repeat("é", 48)
	}
	require.Len(t, s.Want(200, "PATCH", course, admin, map[string]any{"tags": tags[:50]}).Get("tags"), 50)
	s.WantProblem(422, "validation-failed", "PATCH", course, admin, map[string]any{"tags": tags})
	s.WantProblem(422, "validation-failed", "PATCH", course, admin, map[string]any{"tags": []string{tags[0] + "x"}})
	for _, op := range []string{"POST /courses/{id}/lessons", "PATCH /courses/{id}/lessons/{lesson_id}"} {
		method, path, _ := strings.Cut(op, " ")
		require.EqualValues(t, 200, bodySchema(s, method, path, "title")["maxLength"])
		require.EqualValues(t, 200_000, bodySchema(s, method, path, "content")["maxLength"])
		require.EqualValues(t, 36_500, bodySchema(s, method, path, "available_after_days")["maximum"])
		require.EqualValues(t, 20, bodySchema(s, method, path, "prerequisite_ids")["maxItems"])
	}
	s.Want(200, "PATCH", lesson, admin, map[string]string{"content": strings.Repeat("é ", 100_000)})
	s.WantProblem(422, "validation-failed", "PATCH", lesson, admin,
		map[string]string{"content": strings.Repeat("é ", 100_000) + "x"})
	require.EqualValues(t, 1000, bodySchema(s, "POST", "/courses/{id}/enrollments/batch", "rows")["maxItems"])
}

// A course takes 500 lessons and no more, however many come at once; a copy of it is whole.
func TestLessonLimit(t *testing.T) {
	sitetest.OnBoth(t, map[string]string{"RATE_LIMIT_ENABLED": "false"}, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Long"}`).Text("id")
		var mu sync.Mutex
		made := map[int]int{}
		sitetest.MeasureRate(510, 6, func(i int) {
			status := s.Call("POST", course+"/lessons", admin, map[string]any{"title": fmt.Sprint(i)}).Status
			mu.Lock()
			defer mu.Unlock()
			made[status]++
		})
		require.Equal(t, map[int]int{201: 500, 409: 10}, made)
		s.WantProblem(409, "too-many-lessons", "POST", course+"/lessons", admin, `{"title":"501"}`)
		require.EqualValues(t, 500, s.Want(200, "GET", course, admin, nil).Get("lesson_count"))
		require.EqualValues(t, 500, s.Want(201, "POST", course+"/clone", admin, nil).Get("lesson_count"))
	})
}

// The longest titles, whose folded form is longer still, end a page like any other.
func TestCursorsHoldLongTitles(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	emoji := make([]rune, 200)
	for i := range emoji {
		emoji[i] = 0x1F300 + rune(i)
	}
	titles := []string{
		strings.Repeat("&", 200), strings.Repeat("\uFDFA", 200), string(emoji), strings.Repeat("㌀㍿㌕㌳", 50),
		strings.Repeat("\"", 200),
	}
	for _, title := range titles {
		s.Want(201, "POST", "/courses", admin,
			map[string]any{"title": title, "status": "published", "tags": []string{"long"}})
	}
	seen, path := map[string]bool{}, "/courses?tag=long&sort=title&limit=1"
	for next := path; next != ""; {
		page := s.Want(200, "GET", next, "", nil)
		seen[page.Text("items.0.title")] = true
		if next = page.Text("next_cursor"); next != "" {
			next = path + "&cursor=" + next
		}
	}
	require.Len(t, seen, len(titles))
}

// Times that RFC 3339 can't express are refused; the latest one that it can is copied unchanged.
func TestTimesEndWithYear9999(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Ends"}`).Text("id")
	for _, bad := range []string{"9999-12-31T23:59:59-23:59", "10000-01-01T00:00:00Z", "0000-01-01T00:00:00+01:00"} {
		s.WantProblem(422, "validation-failed", "POST", course+"/lessons", admin,
			map[string]any{"title": "x", "available_from": bad})
		s.WantProblem(422, "validation-failed", "POST", "/admin/invites", admin,
			map[string]any{"role_to_grant": "member", "expires_at": bad})
	}
	s.Want(201, "POST", course+"/lessons", admin,
		map[string]any{"title": "x", "available_from": "9999-12-31T23:59:59.999Z"})
	require.Equal(t, "9999-12-31T23:59:59.999Z",
		s.Want(201, "POST", course+"/clone", admin, nil).Text("lessons.0.available_from"))
	s.WantProblem(422, "validation-failed", "POST", course+"/clone", admin, `{"shift_days":1}`)
}

// A lesson waits for at most twenty others, so that an outline of 500 stays one that can be shown.
func TestPrerequisiteLimit(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	lessons := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Waits"}`).Text("id") + "/lessons"
	var ids []string
	for i := range 21 {
		ids = append(ids, s.Want(201, "POST", lessons, admin, map[string]any{"title": fmt.Sprint(i)}).Text("id"))
	}
	s.Want(201, "POST", lessons, admin, map[string]any{"title": "last", "prerequisite_ids": ids[:20]})
	s.WantProblem(422, "validation-failed", "POST", lessons, admin,
		map[string]any{"title": "last", "prerequisite_ids": ids})
}
