package learning_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	uuid "lyceum/platform/ids"

	"lyceum/app/sitetest"
)

// learnersOf lists the ids of those who are in a course's list of learners.
func learnersOf(s *sitetest.Site, course, token string) (out []string) {
	s.T.Helper()
	for _, item := range s.Want(200, "GET", course+"/learners", token, nil).Items() {
		out = append(out, item.(map[string]any)["user"].(map[string]any)["id"].(string))
	}
	return out
}

// Owner and administrators try a course without becoming its learners; they become such by enrolling.
func TestManagersReportWithoutEnrollment(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		cast := s.NewCast()
		course := "/courses/" + s.Want(201, "POST", "/courses", cast.Instructor,
			`{"title":"Tried","status":"published"}`).Text("id")
		lesson := course + "/lessons/" + s.Want(201, "POST", course+"/lessons", cast.Instructor, `{"title":"One"}`).Text("id")
		for _, manager := range []string{cast.Instructor, cast.Admin} {
			for _, body := range []string{
				`{"percent":10}`, `{"percent":100}`, `{"percent":5,"reset":true}`, `{"percent":100}`,
			} {
				s.Want(200, "PUT", lesson+"/progress", manager, body)
			}
			require.EqualValues(t, 100, s.Want(200, "GET", course+"/progress", manager, nil).Get("percent"))
			require.Len(t, s.Want(200, "GET", "/users/me/progress", manager, nil).Items(), 1)
			require.Empty(t, s.Want(200, "GET", "/users/me/enrollments", manager, nil).Items())
		}
		require.Empty(t, learnersOf(s, course, cast.Instructor))
		s.Want(200, "PUT", lesson+"/progress", cast.User, `{"percent":10}`)
		require.Len(t, learnersOf(s, course, cast.Instructor), 1, "a learner's first report enrolls")
		s.Want(201, "POST", course+"/enrollment", cast.Instructor, nil)
		require.Contains(t, learnersOf(s, course, cast.Admin),
			s.Want(200, "GET", "/users/me", cast.Instructor, nil).Text("id"), "enrolled by themselves")
	})
}

// A learner who is taken out loses what enrollment gave, keeps their progress and comes back only by being enrolled.
func TestRemoveLearner(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		cast, admin := s.NewCast(), s.AdminToken()
		email, id, token := s.NewAccount("leaver")
		courseID := s.Want(201, "POST", "/courses", cast.Instructor, `{"title":"Left","status":"published"}`).Text("id")
		course := "/courses/" + courseID
		lesson := course + "/lessons/" + s.Want(201, "POST", course+"/lessons", cast.Instructor, `{"title":"One"}`).Text("id")
		channel := s.Want(201, "POST", "/channels", cast.Instructor,
			map[string]any{"title": "Left", "visibility": "course", "course_id": courseID}).Text("slug")
		s.Want(200, "PUT", lesson+"/progress", token, `{"percent":40}`)
		require.Equal(t, []string{id}, learnersOf(s, course, cast.Instructor))
		socket := s.Dial("/ws/channels/"+channel, http.Header{"Authorization": {"Bearer " + token}})
		socket.Until("welcome")

		learner := course + "/learners/" + id
		s.WantProblem(401, "unauthenticated", "DELETE", learner, "", nil)
		s.WantProblem(403, "forbidden", "DELETE", learner, token, nil)
		s.WantProblem(403, "forbidden", "DELETE", learner, s.NewQuietAccount("other", "instructor", admin).Token, nil)
		for _, path := range []string{learner, learner, course + "/learners/" + uuid.New(), course + "/learners/nobody"} {
			s.Want(204, "DELETE", path, cast.Instructor, nil)
		}
		s.WantProblem(404, "not-found", "DELETE", "/courses/"+uuid.New()+"/learners/"+id, cast.Instructor, nil)
		require.Equal(t, 4403, socket.CloseCode())
		s.WantProblem(403, "forbidden", "GET", "/channels/"+channel+"/messages", token, nil)
		entries := s.Want(200, "GET", "/admin/audit-logs?action=enrollment.deleted", admin, nil).Items()
		require.Len(t, entries, 1)
		entry := sitetest.Answer{JSON: entries[0].(map[string]any)}
		require.Equal(t,
			[]any{s.Want(200, "GET", "/users/me", cast.Instructor, nil).Text("id"), "enrollment", courseID, id},
			[]any{entry.Text("actor.id"), entry.Text("target.type"), entry.Text("target.id"), entry.Text("data.user_id")})

		require.EqualValues(t, 40, s.Want(200, "GET", course+"/progress", token, nil).Get("percent"), "progress is kept")
		for _, body := range []string{`{"percent":50}`, `{"percent":100}`, `{"percent":60,"reset":true}`} {
			s.Want(200, "PUT", lesson+"/progress", token, body)
		}
		require.Empty(t, learnersOf(s, course, cast.Instructor), "reports don't enroll them again")
		for way, back := range map[string]func(){
			"by themselves": func() { s.Want(201, "POST", course+"/enrollment", token, nil) },
			"by a batch": func() {
				s.Want(200, "POST", course+"/enrollments/batch", cast.Instructor,
					sitetest.Batch(email))
			},
			"by an invite": func() {
				code := s.Want(201, "POST", "/admin/invites", admin,
					map[string]any{"role_to_grant": "member", "course_ids": []string{courseID}}).Text("code")
				s.Want(200, "POST", "/invites/redeem", token, map[string]any{"code": code})
			},
		} {
			back()
			require.Equal(t, []string{id}, learnersOf(s, course, cast.Instructor), way)
			require.Equal(t, 200, s.Call("GET", "/channels/"+channel+"/messages", token, nil).Status, way)
			s.Want(204, "DELETE", learner, admin, nil)
			require.Empty(t, learnersOf(s, course, cast.Instructor), way)
		}
		// Who leaves by themselves was not taken out: their next report enrolls them as the first one did.
		s.Want(201, "POST", course+"/enrollment", token, nil)
		s.Want(204, "DELETE", course+"/enrollment", token, nil)
		s.Want(200, "PUT", lesson+"/progress", token, `{"percent":70}`)
		require.Equal(t, []string{id}, learnersOf(s, course, cast.Instructor))

		s.Want(200, "PATCH", course, cast.Instructor, `{"visibility":"private"}`)
		s.Want(204, "DELETE", learner, cast.Instructor, nil)
		s.WantProblem(404, "not-found", "GET", course, token, nil)
		s.WantProblem(404, "not-found", "POST", course+"/enrollment", token, nil)
	})
}

// News of a course go to those who were enrolled when it happened, however late it is delivered.
func TestNewsReachLearnersOfThatTime(t *testing.T) {
	t.Parallel()
	vars := sitetest.Services(t)
	vars["WORKER_INLINE"] = "false"
	s := sitetest.Start(t, vars)
	admin := s.AdminToken()
	_, _, early := s.NewAccount("early")
	_, _, late := s.NewAccount("late")
	lateEmail := s.Want(200, "GET", "/users/me", late, nil).Text("email")
	earlyEmail := s.Want(200, "GET", "/users/me", early, nil).Text("email")
	course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"News"}`).Text("id")
	s.Want(200, "POST", course+"/enrollments/batch", admin, sitetest.Batch(earlyEmail))
	s.Want(200, "PATCH", course, admin, `{"status":"published"}`)
	s.Want(201, "POST", course+"/lessons", admin, `{"title":"One"}`)
	s.Want(201, "POST", course+"/announcements", admin, `{"title":"Exam","body":"On Friday."}`)
	s.Want(200, "POST", course+"/enrollments/batch", admin, sitetest.Batch(lateEmail))
	require.Empty(t, s.Want(200, "GET", "/notifications", early, nil).Items(), "nobody delivers yet")
	vars["WORKER_INLINE"] = "true"
	sitetest.Start(t, vars)
	kinds := func(token string) (out []string) {
		for _, n := range s.Want(200, "GET", "/notifications", token, nil).Items() {
			out = append(out, n.(map[string]any)["kind"].(string))
		}
		return out
	}
	require.Eventually(t, func() bool { return len(kinds(early)) == 3 }, 20*time.Second, 50*time.Millisecond)
	require.ElementsMatch(t, []string{"course.published", "lesson.added", "announcement"}, kinds(early))
	require.Empty(t, kinds(late))
}

func TestListLearners(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		c := s.NewCast()
		id := "/courses/" + s.Want(201, "POST", "/courses", c.Instructor, `{"title":"Class","status":"published"}`).Text("id")
		one := s.Want(201, "POST", id+"/lessons", c.Instructor, `{"title":"1"}`).Text("id")
		s.Want(201, "POST", id+"/lessons", c.Instructor, `{"title":"2"}`)
		for i := range 5 {
			_, _, token := s.NewAccount(fmt.Sprint("class-", i))
			s.Want(201, "POST", id+"/enrollment", token, nil)
			if i < 2 {
				s.Want(200, "PUT", id+"/lessons/"+one+"/progress", token, `{"percent":100}`)
			}
		}
		s.WantProblem(403, "forbidden", "GET", id+"/learners", c.Member, nil)
		var seen []string
		for cursor := ""; ; {
			page := s.Want(200, "GET", id+"/learners?limit=2"+cursor, c.Instructor, nil)
			for _, item := range page.Items() {
				l := item.(map[string]any)
				email := l["user"].(map[string]any)["email"].(string)
				begun := email < "class-2"
				require.Equal(t, []any{map[bool]float64{true: 50}[begun], map[bool]float64{true: 1}[begun], begun, nil},
					[]any{l["percent"], l["completed_lessons"], l["last_activity_at"] != nil, l["completed_at"]}, email)
				seen = append(seen, email)
			}
			if page.Get("next_cursor") == nil {
				break
			}
			cursor = "&cursor=" + page.Text("next_cursor")
		}
		require.Equal(t,
			[]string{
				"class-0@example.com", "class-1@example.com", "class-2@example.com", "class-3@example.com",
				"class-4@example.com",
			},
			seen)
		table := s.Want(200, "GET", id+"/learners?limit=2", c.Instructor, nil, sitetest.Header{"Accept": "text/csv"})
		require.Equal(t, "Accept", table.Header.Get("Vary"))
		text, marked := strings.CutPrefix(string(table.Raw), "\ufeff")
		require.True(t, marked)
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 6, "all of them, whatever the page")
		require.Equal(t,
			[]string{
				"user_id", "display_name", "email", "percent", "completed_lessons", "enrolled_at",
				"last_activity_at", "completed_at",
			},
			rows[0])
		require.Equal(t, []string{"class-0", "class-0@example.com", "50", "1"}, rows[1][1:5])
		list := s.Want(200, "GET", id+"/learners", c.Instructor, nil,
			sitetest.Header{"Accept": "application/json, text/csv;q=0.5"})
		require.Equal(t, []string{"application/json", "Accept"},
			[]string{list.Header.Get("Content-Type"), list.Header.Get("Vary")})
	})
}
