package courses_test

import (
	"testing"
	"time"

	"lyceum/app/sitetest"
	"lyceum/platform/db"

	"github.com/stretchr/testify/require"
)

func TestTrash(t *testing.T) {
	sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
		c := s.NewCast()
		made := s.Want(201, "POST", "/courses", c.Instructor, `{"title":"Trash","status":"published"}`)
		id := "/courses/" + made.Text("id")
		lesson := s.Want(201, "POST", id+"/lessons", c.Instructor, `{"title":"1"}`).Text("id")
		s.Want(200, "PUT", id+"/lessons/"+lesson+"/progress", c.User, `{"percent":40}`)
		s.Want(200, "POST", id+"/restore", c.Instructor, nil)
		s.Want(204, "DELETE", id, c.Instructor, nil)
		s.WantProblem(404, "not-found", "GET", id, c.Instructor, nil)
		s.WantProblem(404, "not-found", "PUT", id+"/lessons/"+lesson+"/progress", c.User, `{"percent":50}`)
		require.Empty(t, s.Want(200, "GET", "/users/me/progress", c.User, nil).Items())
		s.Want(201, "POST", "/courses", c.Admin, `{"title":"Trash"}`)
		listed := s.Want(200, "GET", "/courses?status=deleted", c.Instructor, nil)
		require.NotEmpty(t, listed.Text("items.0.deleted_at"))
		require.Empty(t, s.Want(200, "GET", "/courses?status=deleted", c.Member, nil).Items())
		s.WantProblem(403, "forbidden", "POST", id+"/restore", c.User, nil)
		back := s.Want(200, "POST", id+"/restore", c.Instructor, nil)
		require.Equal(t, []any{"trash-2", "published", nil},
			[]any{back.Get("slug"), back.Get("status"), back.Get("deleted_at")})
		require.EqualValues(t, 40, s.Want(200, "GET", id+"/progress", c.User, nil).Get("percent"))
		require.Len(t, s.Want(200, "GET", "/admin/audit-logs?action=course.restored", c.Admin, nil).Items(), 1)

		s.Want(204, "DELETE", id, c.Instructor, nil)
		_, err := d.Exec(t.Context(), "UPDATE courses SET deleted_at = deleted_at - ? WHERE id = ?",
			(30 * 24 * time.Hour).Milliseconds(), made.Text("id"))
		require.NoError(t, err)
		s.WantProblem(404, "not-found", "POST", id+"/restore", c.Instructor, nil)
		require.Empty(t, s.Want(200, "GET", "/courses?status=deleted", c.Instructor, nil).Items())
		require.Eventually(t, func() bool {
			var n int
			require.NoError(t,
				d.QueryRow(t.Context(), "SELECT count(*) FROM courses WHERE id = ?", []any{made.Text("id")}, &n))
			return n == 0
		}, 40*time.Second, 100*time.Millisecond, "the trash is emptied by itself")
		require.EqualValues(t, true,
			s.Want(200, "GET", "/admin/audit-logs?action=course.deleted", c.Admin, nil).Get("items.0.data.purged"))
	})
}
