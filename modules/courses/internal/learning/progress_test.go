package learning_test

import (
	"fmt"
	"sync"
	"testing"

	"lyceum/app/sitetest"

	"github.com/stretchr/testify/require"
)

func TestProgress(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		_, userID, user := s.NewAccount("progress")
		id := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Progress","status":"published"}`).Text("id")
		var lessons []string
		for i := range 3 {
			lessons = append(lessons,
				s.Want(201, "POST", id+"/lessons", admin, map[string]any{"title": fmt.Sprint(i)}).Text("id"))
		}
		put := func(l, body string) sitetest.Answer {
			return s.Want(200, "PUT", id+"/lessons/"+l+"/progress", user, body)
		}
		require.EqualValues(t, 0, s.Want(200, "GET", id, user, nil).Get("progress.percent"))
		require.Nil(t, s.Want(200, "GET", id, "", nil).Get("progress"))
		// Many tabs at once, in any order: the highest stays, and the sums are its.
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() { put(lessons[i%3], fmt.Sprintf(`{"percent":%d}`, i*3)) })
		}
		wg.Wait()
		require.EqualValues(t, (81+84+87)/3, s.Want(200, "GET", id+"/progress", user, nil).Get("percent"))
		require.EqualValues(t, 87, put(lessons[2], `{"percent":5}`).Get("percent"))
		require.EqualValues(t, 5, put(lessons[2], `{"percent":5,"reset":true}`).Get("percent"))
		for _, l := range lessons {
			require.Equal(t, true, put(l, `{"percent":100}`).Get("completed"))
		}
		whole := s.Want(200, "GET", id+"/progress", user, nil)
		require.EqualValues(t, 100, whole.Get("percent"))
		require.NotNil(t, whole.Get("completed_at"))
		require.Len(t, whole.Get("lessons"), 3)
		again := put(lessons[0], `{"percent":0,"reset":true}`)
		require.Nil(t, again.Get("completed_at"))
		after := s.Want(200, "GET", id+"/progress", user, nil)
		require.EqualValues(t, 66, after.Get("percent"))
		require.Equal(t, whole.Get("completed_at"), after.Get("completed_at"), "completed_at stays once set")
		for _, bad := range []string{
			`{}`, `{"percent":101}`, `{"percent":-1}`, `{"percent":1.5}`, `{"percent":"1"}`, `{"percent":null}`,
			`{"percent":1,"completed":true}`, `{"reset":true}`,
		} {
			s.WantProblem(422, "validation-failed", "PUT", id+"/lessons/"+lessons[0]+"/progress", user, bad)
		}
		require.Len(t, s.Want(200, "GET", "/users/me/progress", user, nil).Items(), 1)
		require.Len(t, s.Want(200, "GET", "/users/me/enrollments", user, nil).Items(), 1, "the first progress enrolls")
		s.Want(200, "POST", id+"/enrollment", user, nil)
		s.Want(204, "DELETE", id+"/enrollment", user, nil)
		require.Empty(t, s.Want(200, "GET", "/users/me/enrollments", user, nil).Items())
		require.EqualValues(t, 66, s.Want(200, "GET", id+"/progress", user, nil).Get("percent"),
			"unenrolling keeps progress")
		// Deleting the unfinished lesson leaves a whole course, and 100 %.
		s.Want(204, "DELETE", id+"/lessons/"+lessons[0], admin, nil)
		require.EqualValues(t, 100, s.Want(200, "GET", id+"/progress", user, nil).Get("percent"))
		s.Want(200, "PATCH", id, admin, `{"status":"archived"}`)
		s.WantProblem(404, "not-found", "POST", id+"/enrollment", user, nil)
		s.WantProblem(409, "course-archived", "POST", id+"/enrollment", admin, nil)
		created := s.Want(200, "GET", "/admin/audit-logs?action=enrollment.created", admin, nil).Items()
		require.Len(t, created, 1)
		require.Equal(t, userID, created[0].(map[string]any)["data"].(map[string]any)["user_id"])
	})
}
