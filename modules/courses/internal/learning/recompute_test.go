package learning_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/modules/courses/internal/learning"
)

// Stored counts and sums are corrected from the rows, and a completion that was lost is published once.
func TestRecompute(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, vars map[string]string) {
		var service *learning.Service
		s := sitetest.Start(t, vars, &service)
		admin := s.AdminToken()
		courseID := s.Want(201, "POST", "/courses", admin, `{"title":"Broken","status":"published"}`).Text("id")
		path := "/courses/" + courseID
		lessons := make([]string, 2)
		for i := range lessons {
			body := map[string]any{"title": fmt.Sprint(i)}
			lessons[i] = path + "/lessons/" + s.Want(201, "POST", path+"/lessons", admin, body).Text("id")
		}
		_, _, whole := s.NewAccount("recompute-whole")
		_, _, half := s.NewAccount("recompute-half")
		for _, l := range lessons {
			s.Want(200, "PUT", l+"/progress", whole, `{"percent":100}`)
		}
		s.Want(200, "PUT", lessons[0]+"/progress", half, `{"percent":60}`)
		waitForCompletions := func(n int) {
			t.Helper()
			isThere := func() bool { return s.CountCompletions(whole)[path] == n }
			require.Eventually(t, isThere, 20*time.Second, 50*time.Millisecond)
		}
		waitForCompletions(1)

		d := s.Running.Parts.DB
		for _, statement := range []string{
			"UPDATE course_progress SET percent_sum = 7, completed_lessons = 1, completed_at = NULL WHERE course_id = ? AND completed_lessons = 2",
			"DELETE FROM course_progress WHERE course_id = ? AND percent_sum = 60",
			"UPDATE courses SET lesson_count = 9 WHERE id = ?",
		} {
			n, err := d.Exec(t.Context(), statement, courseID)
			require.NoError(t, err)
			require.EqualValues(t, 1, n)
		}
		repaired, err := service.Recompute(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 3, repaired)
		require.EqualValues(t, 100, s.Want(200, "GET", path+"/progress", whole, nil).Get("percent"))
		require.NotNil(t, s.Want(200, "GET", path+"/progress", whole, nil).Get("completed_at"))
		require.EqualValues(t, 30, s.Want(200, "GET", path+"/progress", half, nil).Get("percent"))
		require.EqualValues(t, 2, s.Want(200, "GET", path, admin, nil).Get("lesson_count"))
		waitForCompletions(2)

		repaired, err = service.Recompute(t.Context())
		require.NoError(t, err)
		require.Zero(t, repaired)
	})
}
