package courses_test

import (
	"testing"

	"lyceum/app/sitetest"

	"github.com/stretchr/testify/require"
)

func TestClone(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		c := s.NewCast()
		from := s.Want(201, "POST", "/courses", c.Instructor,
			`{"title":"Source","summary":"S","description":"D","tags":["a","b"],"visibility":"member","status":"published"}`)
		id := "/courses/" + from.Text("id")
		one := s.Want(201, "POST", id+"/lessons", c.Instructor,
			`{"title":"1","content":"**x**","duration_seconds":9}`).Text("id")
		s.Want(201, "POST", id+"/lessons", c.Instructor,
			map[string]any{
				"title": "2", "prerequisite_ids": []string{one}, "available_from": "2030-01-31T12:00:00Z",
				"available_after_days": 3,
			})
		s.Want(201, "POST", id+"/enrollment", c.Member, nil)
		copied := s.Want(201, "POST", id+"/clone", c.Instructor, `{"title":"Copy","shift_days":-31}`)
		require.Equal(t, "/courses/"+copied.Text("id"), copied.Header.Get("Location"))
		require.Equal(t, []any{"copy", "Copy", "S", "D", "member", "draft", []any{"a", "b"}, nil, 2.0},
			[]any{
				copied.Get("slug"), copied.Get("title"), copied.Get("summary"), copied.Get("description"),
				copied.Get("visibility"), copied.Get("status"), copied.Get("tags"), copied.Get("published_at"),
				copied.Get("lesson_count"),
			})
		first, second := copied.Get("lessons.0").(map[string]any), copied.Get("lessons.1").(map[string]any)
		require.NotEqual(t, one, first["id"])
		require.Equal(t, []any{first["id"]}, second["prerequisite_ids"])
		require.Equal(t, "2029-12-31T12:00:00.000Z", second["available_from"])
		require.EqualValues(t, 3, second["available_after_days"])
		require.Equal(t, "<p><strong>x</strong></p>\n",
			s.Want(200, "GET", copied.Header.Get("Location")+"/lessons/"+first["id"].(string), c.Instructor, nil).Text("content_html"))
		require.Empty(t, s.Want(200, "GET", copied.Header.Get("Location")+"/learners", c.Instructor, nil).Items())
		entry := s.Want(200, "GET", "/admin/audit-logs?action=course.created&target_id="+copied.Text("id"), c.Admin, nil)
		require.Equal(t, "clone", entry.Text("items.0.data.source"))
		require.Equal(t, "source-2", s.Want(201, "POST", id+"/clone", c.Instructor, nil).Text("slug"))
		require.Equal(t, from.Text("owner.id"), copied.Text("owner.id"))
		require.NotEqual(t, from.Text("owner.id"), s.Want(201, "POST", id+"/clone", c.Admin, `{}`).Text("owner.id"))
		s.WantProblem(409, "slug-taken", "POST", id+"/clone", c.Instructor, `{"slug":"source"}`)
		s.WantProblem(422, "validation-failed", "POST", id+"/clone", c.Instructor, `{"shift_days":-36500}`)
		s.WantProblem(422, "validation-failed", "POST", id+"/clone", c.Instructor, `{"shift_days":36501}`)
		for _, zone := range []string{"Mars/Phobos", "Local", "", "../UTC"} {
			refusal := s.WantProblem(422, "validation-failed", "POST", id+"/clone", c.Instructor,
				map[string]any{"shift_days": 1, "time_zone": zone})
			require.Equal(t, "body.time_zone", refusal.Text("errors.0.location"), zone)
		}
		s.WantProblem(403, "forbidden", "POST", id+"/clone", c.Member, nil)
	})
}

// With a zone, the lessons of a copy open at the same time of day, though the clocks have changed meanwhile.
func TestCloneKeepsTheTimeOfDay(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Clocks"}`).Text("id")
		s.Want(201, "POST", course+"/lessons", admin, `{"title":"One","available_from":"2026-03-20T08:00:00Z"}`)
		for zone, want := range map[string]string{
			"Europe/Berlin": "2026-04-03T07:00:00.000Z", "Asia/Tokyo": "2026-04-03T08:00:00.000Z",
			"UTC": "2026-04-03T08:00:00.000Z",
		} {
			copied := s.Want(201, "POST", course+"/clone", admin, map[string]any{"shift_days": 14, "time_zone": zone})
			require.Equal(t, want, copied.Text("lessons.0.available_from"), zone)
		}
		require.Equal(t, "2026-04-03T08:00:00.000Z",
			s.Want(201, "POST", course+"/clone", admin, `{"shift_days":14}`).Text("lessons.0.available_from"))
	})
}
