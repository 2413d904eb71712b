package courses_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

func TestEditNeedsManager(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	c := s.NewCast()
	s.WantProblem(403, "forbidden", "POST", "/courses", c.Member, `{"title":"No"}`)
	course := s.Want(201, "POST", "/courses", c.Admin, `{"title":"Foreign","status":"published"}`).Text("id")
	draft := s.Want(201, "POST", "/courses", c.Admin, `{"title":"Hidden"}`).Text("id")
	path := "/courses/" + course
	s.WantProblem(403, "forbidden", "PATCH", path, c.Instructor, `{"title":"Mine"}`)
	s.WantProblem(404, "not-found", "PATCH", "/courses/"+draft, c.Instructor, `{"title":"Mine"}`)
	s.WantProblem(403, "forbidden", "POST", path+"/lessons", c.Instructor, `{"title":"Mine"}`)
	s.WantProblem(422, "validation-failed", "POST", "/courses", c.Instructor, `{"title":"x","owner_id":"me"}`)
	lesson := s.Want(201, "POST", path+"/lessons", c.Admin, `{"title":"One"}`).Text("id")
	other := s.Want(201, "POST", "/courses", c.Admin, `{"title":"Other","status":"published"}`).Text("id")
	// Nested ids must belong together (requirement A2).
	s.WantProblem(404, "not-found", "GET", "/courses/"+other+"/lessons/"+lesson, c.Admin, nil)
	s.WantProblem(404, "not-found", "PUT", "/courses/"+other+"/lessons/"+lesson+"/progress", c.User, `{"percent":1}`)
	s.WantProblem(422, "validation-failed", "PUT", "/courses/"+other+"/lessons/order", c.Admin,
		map[string]any{"lesson_ids": []string{lesson}})
}

func TestCreateAndFindCourses(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		c := s.Want(201, "POST", "/courses", admin,
			`{"title":"Straße & Wege","summary":"100% _sure_","tags":["Go","go","Δοκιμή"],"status":"published"}`)
		require.Equal(t, "strasse-wege", c.Text("slug"))
		require.Equal(t, "public", c.Text("visibility"))
		require.Equal(t, []any{"go", "δοκιμή"}, c.Get("tags"))
		require.NotNil(t, c.Get("published_at"))
		require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`, c.Text("created_at"))
		require.Equal(t, "strasse-wege-2", s.Want(201, "POST", "/courses", admin, `{"title":"STRASSE wege"}`).Text("slug"))
		for title, slug := range map[string]string{
			"日本": "ri-ben", "Łódź": "lodz", "Математика 5 класс": "matematika-5-klass", "Смак": "smak",
		} {
			require.Equal(t, slug, s.Want(201, "POST", "/courses", admin, map[string]any{"title": title}).Text("slug"))
			require.Equal(t, slug,
				s.Want(201, "POST", "/channels", admin, map[string]any{
					"title": title, "visibility": "public",
				}).Text("slug"))
		}
		for _, slug := range []string{"course", "course-2"} {
			require.Equal(t, slug, s.Want(201, "POST", "/courses", admin, `{"title":"!!!"}`).Text("slug"))
		}
		require.Equal(t, "course-3",
			s.Want(201, "POST", "/courses", admin, `{"title":"01900000-0000-7000-8000-000000000000"}`).Text("slug"))
		s.WantProblem(409, "slug-taken", "POST", "/courses", admin, `{"title":"x","slug":"Strasse-Wege"}`)
		for _, bad := range []string{
			`{"title":"x","slug":"a--b"}`, `{"title":"x","slug":"01900000-0000-7000-8000-000000000000"}`,
			`{"title":" "}`, `{"title":"a\u0007b"}`,
			`{"title":"` + strings.Repeat("x", 201) + `"}`, `{"title":"x","tags":[""]}`,
			`{"title":"x","visibility":"all"}`, `{"title":"x","cover_key":"not/there"}`,
		} {
			require.Equal(t, 422, s.Call("POST", "/courses", admin, bad).Status, bad)
		}
		for _, q := range []string{"STRASSE", "wege+straße", "100%25", "_sure_", "δοκιμή"} {
			require.Len(t, s.Want(200, "GET", "/courses?q="+q, "", nil).Items(), 1, q)
		}
		require.Empty(t, s.Want(200, "GET", "/courses?q=strasse_wege", "", nil).Items(), "an underscore is only itself")
		require.Len(t, s.Want(200, "GET", "/courses?tag=ΔΟΚΙΜΉ", "", nil).Items(), 1)
		require.Equal(t, c.Text("id"), s.Want(200, "GET", "/courses/strasse-wege", "", nil).Text("id"))
		s.WantProblem(404, "not-found", "GET", "/courses/strasse-wege/lessons", "", nil)

		id := "/courses/" + c.Text("id")
		require.Equal(t, "", s.Want(200, "PATCH", id, admin, `{"summary":null}`).Text("summary"))
		s.WantProblem(422, "validation-failed", "PATCH", id, admin, `{"title":null}`)
		archived := s.Want(200, "PATCH", id, admin, `{"status":"archived"}`)
		require.Equal(t, c.Text("published_at"), archived.Text("published_at"))
		s.Want(204, "DELETE", id, admin, nil)
		require.Len(t, s.Want(200, "GET", "/courses?status=deleted", admin, nil).Items(), 1)
		require.Equal(t, "strasse-wege",
			s.Want(201, "POST", "/courses", admin, `{"title":"Straße Wege"}`).Text("slug"),
			"a deleted course frees its slug")
	})
}

func TestLessonOrder(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		id := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Order","status":"published"}`).Text("id")
		ids := make([]string, 5)
		for i := range ids {
			l := s.Want(201, "POST", id+"/lessons", admin,
				map[string]any{
					"title":   fmt.Sprint("L", i),
					"content": "<img src=x onerror=alert(1)> [x](javascript:alert(1)) **b**",
				})
			require.EqualValues(t, i+1, l.Get("position"))
			require.NotContains(t, l.Text("content_html"), "onerror")
			require.NotContains(t, l.Text("content_html"), "javascript:")
			ids[i] = l.Text("id")
		}
		ids[0], ids[4] = ids[4], ids[0]
		s.Want(200, "PUT", id+"/lessons/order", admin, map[string]any{"lesson_ids": ids})
		s.WantProblem(422, "validation-failed", "PUT", id+"/lessons/order", admin, map[string]any{"lesson_ids": ids[1:]})
		s.WantProblem(422, "validation-failed", "PUT", id+"/lessons/order", admin,
			map[string]any{"lesson_ids": append(ids[:4:4], ids[0])})
		s.Want(204, "DELETE", id+"/lessons/"+ids[2], admin, nil)
		var got []string
		for cursor := ""; ; {
			page := s.Want(200, "GET", id+"/lessons?limit=2"+cursor, "", nil)
			for _, item := range page.Items() {
				l := item.(map[string]any)
				require.EqualValues(t, len(got)+1, l["position"])
				require.NotContains(t, l, "content")
				got = append(got, l["id"].(string))
			}
			if page.Get("next_cursor") == nil {
				break
			}
			require.Contains(t, page.Header.Get("Link"), `rel="next"`)
			cursor = "&cursor=" + page.Text("next_cursor")
		}
		require.Equal(t, []string{ids[0], ids[1], ids[3], ids[4]}, got)
		require.EqualValues(t, 4, s.Want(200, "GET", id, "", nil).Get("lesson_count"))
		changed := s.Want(200, "PATCH", id+"/lessons/"+ids[0], admin, `{"title":"New","duration_seconds":7,"content":null}`)
		require.EqualValues(t, 7, changed.Get("duration_seconds"))
		require.Equal(t, "", changed.Text("content_html"))
	})
}

// Text whose rendering would take minutes is refused, and none holds up the others meanwhile.
func TestCostlyMarkdown(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	id := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Costly"}`).Text("id")
	lesson := id + "/lessons/" + s.Want(201, "POST", id+"/lessons", admin, `{"title":"One"}`).Text("id")
	for _, hostile := range []string{
		strings.Repeat("![a](", 30_000), strings.Repeat("> ", 90_000), strings.Repeat("1. ", 60_000),
		strings.Repeat(">", 150_000), strings.Repeat("*a**b ", 30_000),
		strings.Repeat("|a", 5000) + "\n" + strings.Repeat("|-", 5000) + "\n" + strings.Repeat("|\n", 60_000),
		"> " + strings.Repeat("|a", 500) + "\n> " + strings.Repeat("|-", 500) + "\n" + strings.Repeat("> |\n", 40_000),
	} {
		s.WantProblem(422, "validation-failed", "POST", id+"/lessons", admin,
			map[string]any{"title": "x", "content": hostile})
		s.WantProblem(422, "validation-failed", "PATCH", lesson, admin, map[string]any{"content": hostile})
	}
	// The costliest that are accepted, and writers that go on meanwhile.
	var wg sync.WaitGroup
	for _, long := range []string{
		strings.Repeat("![a](", 2000), strings.Repeat("*a**b ", 5000), strings.Repeat("[a]: x\n", 5000),
		strings.Repeat("word ", 39_000), "|a|b|\n|-|-|\n" + strings.Repeat("|x|y|\n", 30_000),
	} {
		wg.Go(func() { s.Want(200, "PATCH", lesson, admin, map[string]any{"content": long}) })
	}
	for range 5 {
		wg.Go(func() { s.AdminToken() })
	}
	wg.Wait()
}

func TestCoursePages(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		for i := range 25 {
			s.Want(201, "POST", "/courses", admin,
				map[string]any{"title": fmt.Sprintf("Page %02d", i%20), "status": "published", "tags": []string{"paged"}})
		}
		for _, sort := range []string{"newest", "title", "updated"} {
			seen, cursor := map[string]bool{}, ""
			for n := 0; ; n++ {
				page := s.Want(200, "GET", "/courses?tag=paged&limit=4&sort="+sort+cursor, admin, nil)
				for _, item := range page.Items() {
					id := item.(map[string]any)["id"].(string)
					require.False(t, seen[id])
					seen[id] = true
				}
				if n == 1 { // an item that comes in between shifts nothing
					s.Want(201, "POST", "/courses", admin, `{"title":"Page 99","status":"published"}`)
				}
				if page.Get("next_cursor") == nil {
					break
				}
				cursor = "&cursor=" + page.Text("next_cursor")
				// A cursor is valid for its list, filters and caller only (requirement V4).
				s.WantProblem(422, "validation-failed", "GET", "/courses?limit=4&sort="+sort+cursor, admin, nil)
				s.WantProblem(422, "validation-failed", "GET", "/courses?tag=paged&limit=4&sort="+sort+cursor, "", nil)
			}
			require.Len(t, seen, 25, sort)
		}
	})
}

// detailed is a site with a published course that has tags.
type detailed struct {
	*sitetest.Site
	cast   sitetest.Cast
	course string
}

// Tags, slugs, edits and filters beside the main stories.
func TestTagsSlugsAndFilters(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		d := detailed{Site: s, cast: s.NewCast()}
		created := s.Want(201, "POST", "/courses", d.cast.Instructor, map[string]any{
			"title": "Details", "slug": "De-TAILS",
			"tags": []string{"STRASSE", "straße", "Ünï", "ünÏ", "ﬁn", "FIN", "ΣΟΦΌΣ", "σοφός"},
		})
		require.Equal(t, "de-tails", created.Text("slug"))
		require.Len(t, created.Get("tags"), 4, "each once, whatever its case: %v", created.Get("tags"))
		d.course = "/courses/" + created.Text("id")
		s.Want(200, "PATCH", d.course, d.cast.Instructor, `{"status":"published"}`)
		for _, step := range []struct {
			name string
			test func(t *testing.T, d detailed)
		}{
			{"tags and words are found in any case", testSearchInAnyCase},
			{"null clears, and nothing new is no change", testEditsThatChangeNothing},
			{"lists of drafts, the archive and the trash need a token", testListsOfStatus},
			{"private courses are for their learners", testPrivateCourses},
		} {
			t.Run(step.name, func(t *testing.T) {
				own := d
				own.Site = s.For(t)
				step.test(t, own)
			})
		}
	})
}

func testSearchInAnyCase(t *testing.T, d detailed) {
	for query, want := range map[string]int{
		"tag=STRASSE": 1, "tag=straße": 1, "tag=ÜNÏ": 1, "tag=fin": 1, "tag=%EF%AC%81n": 1, "q=DETAILS": 1, "q=ünï": 1,
		"tag=ΣΟΦΌς": 1,
		// Another letter is another word.
		"tag=σοφοσ&x": 0, "q=d%C3%A9tails": 0,
	} {
		require.Len(t, d.Want(200, "GET", "/courses?"+query, "", nil).Items(), want, query)
	}
}

func testEditsThatChangeNothing(t *testing.T, d detailed) {
	patch := func(body string) sitetest.Answer { return d.Want(200, "PATCH", d.course, d.cast.Instructor, body) }
	etag := patch(`{"tags":null,"summary":null}`).Header.Get("ETag")
	cleared := d.Want(200, "GET", d.course, d.cast.Instructor, nil)
	require.Equal(t, []any{}, cleared.Get("tags"))
	require.Empty(t, d.Want(200, "GET", "/courses?tag=fin", "", nil).Items())
	entries := d.CountEntries(d.cast.Admin, "course.updated")
	for _, same := range []string{
		`{}`, `{"tags":null}`, `{"tags":[]}`, `{"title":" Details "}`, `{"slug":"DE-tails"}`,
		`{"summary":"","cover_key":null}`, `{"status":"published"}`,
	} {
		a := patch(same)
		require.Equal(t, etag, a.Header.Get("ETag"), same)
		require.Equal(t, cleared.Text("updated_at"), a.Text("updated_at"), same)
	}
	require.Equal(t, entries, d.CountEntries(d.cast.Admin, "course.updated"))
	for _, clear := range []string{`{"title":null}`, `{"visibility":null}`, `{"status":null}`, `{"slug":null}`} {
		d.WantProblem(422, "validation-failed", "PATCH", d.course, d.cast.Instructor, clear)
	}
}

func testListsOfStatus(t *testing.T, d detailed) {
	for status, storedStatus := range map[string]string{"draft": "draft", "archived": "archived", "deleted": "draft"} {
		d.Want(200, "PATCH", d.course, d.cast.Instructor, map[string]string{"status": storedStatus})
		if status == "deleted" {
			d.Want(204, "DELETE", d.course, d.cast.Instructor, nil)
		}
		d.WantProblem(401, "unauthenticated", "GET", "/courses?status="+status, "", nil)
		for token, n := range map[string]int{d.cast.User: 0, d.cast.Member: 0, d.cast.Instructor: 1, d.cast.Admin: 1} {
			listed := d.Want(200, "GET", "/courses?q=details&status="+status, token, nil)
			require.Len(t, listed.Items(), n, status)
		}
		if status == "deleted" {
			d.Want(200, "POST", d.course+"/restore", d.cast.Instructor, nil)
		}
	}
	require.Equal(t, 1, d.CountEntries(d.cast.Admin, "course.restored"))
}

func testPrivateCourses(t *testing.T, d detailed) {
	const list = "/courses?q=details&visibility=private"
	d.Want(200, "PATCH", d.course, d.cast.Instructor, `{"status":"published","visibility":"private"}`)
	d.WantProblem(401, "unauthenticated", "GET", "/courses?visibility=private", "", nil)
	require.Empty(t, d.Want(200, "GET", list, d.cast.User, nil).Items())
	email := d.Want(200, "GET", "/users/me", d.cast.User, nil).Text("email")
	d.Want(200, "POST", d.course+"/enrollments/batch", d.cast.Instructor, sitetest.Batch(email))
	require.Len(t, d.Want(200, "GET", list, d.cast.User, nil).Items(), 1)
}
