package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
)

// What is stored beside the rows is made right from them, beside a serving process, and told once.
func TestProgressIsRecomputedFromItsRows(t *testing.T) {
	sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
		admin := s.AdminToken()
		course := s.Want(201, "POST", "/courses", admin, `{"title":"Broken","status":"published"}`).Text("id")
		path := "/courses/" + course
		var lessons []string
		for i := range 2 {
			lessons = append(lessons,
				s.Want(201, "POST", path+"/lessons", admin, map[string]any{"title": fmt.Sprint(i)}).Text("id"))
		}
		_, _, whole := s.NewAccount("recompute-whole")
		_, _, half := s.NewAccount("recompute-half")
		for _, l := range lessons {
			s.Want(200, "PUT", path+"/lessons/"+l+"/progress", whole, `{"percent":100}`)
		}
		s.Want(200, "PUT", path+"/lessons/"+lessons[0]+"/progress", half, `{"percent":60}`)
		completions := func() int {
			n := 0
			for _, item := range s.Want(200, "GET", "/notifications", whole, nil).Items() {
				if item.(map[string]any)["kind"] == "course.completed" {
					n++
				}
			}
			return n
		}
		require.Eventually(t, func() bool { return completions() == 1 }, 20*time.Second, 50*time.Millisecond)
		for _, broken := range []string{
			"UPDATE course_progress SET percent_sum = 7, completed_lessons = 1, completed_at = NULL WHERE course_id = ? AND completed_lessons = 2",
			"DELETE FROM course_progress WHERE course_id = ? AND percent_sum = 60",
			"UPDATE courses SET lesson_count = 9 WHERE id = ?",
		} {
			n, err := d.Exec(t.Context(), broken, course)
			require.NoError(t, err)
			require.EqualValues(t, 1, n)
		}
		vars := map[string]string{"DATA_DIR": s.Config.DataDir, "DATABASE_URL": s.Config.DatabaseURL}
		status, out := lyceum(t, vars, "", "progress", "recompute")
		require.Equal(t, 0, status, out)
		require.Contains(t, out, "3 counts and sums repaired")
		require.EqualValues(t, 100, s.Want(200, "GET", path+"/progress", whole, nil).Get("percent"))
		require.NotNil(t, s.Want(200, "GET", path+"/progress", whole, nil).Get("completed_at"))
		require.EqualValues(t, 30, s.Want(200, "GET", path+"/progress", half, nil).Get("percent"))
		require.EqualValues(t, 2, s.Want(200, "GET", path, admin, nil).Get("lesson_count"))
		require.Eventually(t, func() bool { return completions() == 2 }, 20*time.Second, 50*time.Millisecond,
			"a completion that was lost is told")
		status, out = lyceum(t, vars, "", "progress", "recompute")
		require.Equal(t, 0, status, out)
		require.Contains(t, out, "0 counts and sums repaired")
	})
}
