package learning_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// earnedCourse is a course of three lessons that a user completes.
type earnedCourse struct {
	admin, user, course string
	lessons             []string // the paths of their progress
}

func newEarnedCourse(s *sitetest.Site) earnedCourse {
	s.T.Helper()
	c := s.NewCast()
	course := s.Want(201, "POST", "/courses", c.Admin, `{"title":"Earned","status":"published"}`).Text("id")
	e := earnedCourse{admin: c.Admin, user: c.User, course: "/courses/" + course}
	for i := range 3 {
		lesson := s.Want(201, "POST", e.course+"/lessons", e.admin, map[string]any{"title": fmt.Sprint(i)}).Text("id")
		e.lessons = append(e.lessons, e.course+"/lessons/"+lesson+"/progress")
	}
	return e
}

// standing returns the user's progress in the course.
func (e earnedCourse) standing(s *sitetest.Site) sitetest.Answer {
	s.T.Helper()
	return s.Want(200, "GET", e.course+"/progress", e.user, nil)
}

// countCompletions counts the notifications of a completed course.
func (e earnedCourse) countCompletions(s *sitetest.Site) (n int) {
	s.T.Helper()
	for _, item := range s.Want(200, "GET", "/notifications?limit=100", e.user, nil).Items() {
		if item.(map[string]any)["kind"] == "course.completed" {
			n++
		}
	}
	return n
}

func TestA8OnlyTheServerSaysWhatIsComplete(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		e := newEarnedCourse(s)
		t.Run("a report that is no percentage is refused", func(t *testing.T) { e.reportFaulty(s.For(t)) })
		t.Run("there is no progress in what the caller can't read", func(t *testing.T) { e.reportUnreadable(s.For(t)) })
		t.Run("every lesson counts, and the completion once", func(t *testing.T) { e.complete(s.For(t)) })
		t.Run("a course without lessons is never complete", func(t *testing.T) { e.enrollInEmpty(s.For(t)) })
	})
}

func (e earnedCourse) reportFaulty(s *sitetest.Site) {
	for _, body := range []string{
		`{"percent":101}`, `{"percent":100.5}`, `{"percent":100.0001}`, `{"percent":-1}`, `{"percent":1e9}`,
		`{"percent":99999999999999999999}`, `{"percent":"100"}`,
		`{"percent":true}`, `{"percent":null}`, `{"percent":[100]}`, `{}`, `{"percent":100,"completed":true}`,
		`{"percent":1,"completed_at":"2024-01-01T00:00:00.000Z"}`, `{"completed":true}`,
		`{"percent":100,"user_id":"` + sitetest.UnknownID + `"}`, `{"percent":100,"lesson_id":"` + sitetest.UnknownID + `"}`,
		`{"percent":100,"reset":"true"}`, `{"reset":true}`, `{"percent":100,"percent":1}`, `{"PERCENT":100}`,
		`{"percent":1,"position_seconds":-1}`, `{"percent":1,"position_seconds":1000001}`,
		`{"percent":1,"position_seconds":0.5}`,
	} {
		s.WantProblem(422, "validation-failed", "PUT", e.lessons[0], e.user, body)
	}
	require.EqualValues(s.T, 0, e.standing(s).Get("percent"))
	require.Empty(s.T, s.Want(200, "GET", "/users/me/enrollments", e.user, nil).Items(), "a refused report has enrolled")
}

// reportUnreadable reports lessons of other courses, by their own course and by this one.
func (e earnedCourse) reportUnreadable(s *sitetest.Site) {
	for visibility, status := range map[string]int{"private": 404, "member": 403} {
		foreign := "/courses/" + s.Want(201, "POST", "/courses", e.admin,
			map[string]string{"title": visibility, "visibility": visibility, "status": "published"}).Text("id")
		lesson := s.Want(201, "POST", foreign+"/lessons", e.admin, `{"title":"One"}`).Text("id")
		s.Want(status, "PUT", foreign+"/lessons/"+lesson+"/progress", e.user, `{"percent":100}`)
		s.WantProblem(404, "not-found", "PUT", e.course+"/lessons/"+lesson+"/progress", e.user, `{"percent":100}`)
		s.Want(status, "GET", foreign+"/progress", e.user, nil)
		s.Want(401, "PUT", foreign+"/lessons/"+lesson+"/progress", "", `{"percent":100}`)
	}
}

func (e earnedCourse) complete(s *sitetest.Site) {
	s.Want(200, "PUT", e.lessons[0], e.user, `{"percent":100}`)
	s.Want(200, "PUT", e.lessons[1], e.user, `{"percent":100}`)
	last := s.Want(200, "PUT", e.lessons[2], e.user, `{"percent":99}`)
	require.Equal(s.T, []any{false, nil}, []any{last.Get("completed"), last.Get("completed_at")})
	require.EqualValues(s.T, 99, e.standing(s).Get("percent"))
	require.Nil(s.T, e.standing(s).Get("completed_at"))
	require.Zero(s.T, e.countCompletions(s))
	// Many tabs at once complete it once, and again and again changes nothing.
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { s.Want(200, "PUT", e.lessons[2], e.user, `{"percent":100}`) })
	}
	wg.Wait()
	done := e.standing(s)
	require.EqualValues(s.T, 100, done.Get("percent"))
	require.NotNil(s.T, done.Get("completed_at"))
	s.Want(200, "PUT", e.lessons[2], e.user, `{"percent":0,"reset":true}`)
	s.Want(200, "PUT", e.lessons[2], e.user, `{"percent":100}`)
	require.Equal(s.T, done.Get("completed_at"), e.standing(s).Get("completed_at"))
	require.Eventually(s.T, func() bool { return e.countCompletions(s) > 0 }, 20*time.Second, 50*time.Millisecond)
	// A lesson that comes later is not complete for anybody.
	s.Want(201, "POST", e.course+"/lessons", e.admin, `{"title":"Later"}`)
	require.EqualValues(s.T, 75, e.standing(s).Get("percent"))
	require.EqualValues(s.T, 1, e.countCompletions(s))
}

func (e earnedCourse) enrollInEmpty(s *sitetest.Site) {
	empty := "/courses/" + s.Want(201, "POST", "/courses", e.admin, `{"title":"Empty","status":"published"}`).Text("id")
	s.Want(201, "POST", empty+"/enrollment", e.user, nil)
	nothing := s.Want(200, "GET", empty+"/progress", e.user, nil)
	require.EqualValues(s.T, 0, nothing.Get("percent"))
	require.Nil(s.T, nothing.Get("completed_at"))
}
