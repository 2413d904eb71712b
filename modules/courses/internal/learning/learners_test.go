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

// listLearnerIDs lists the ids of those who are in a course's list of learners.
func listLearnerIDs(s *sitetest.Site, course, token string) (out []string) {
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
		require.Empty(t, listLearnerIDs(s, course, cast.Instructor))
		s.Want(200, "PUT", lesson+"/progress", cast.User, `{"percent":10}`)
		require.Len(t, listLearnerIDs(s, course, cast.Instructor), 1, "a learner's first report enrolls")
		s.Want(201, "POST", course+"/enrollment", cast.Instructor, nil)
		require.Contains(t, listLearnerIDs(s, course, cast.Admin),
			s.Want(200, "GET", "/users/me", cast.Instructor, nil).Text("id"), "enrolled by themselves")
	})
}

// removal is a course with one learner and a channel for its learners.
type removal struct {
	*sitetest.Site
	cast                     sitetest.Cast
	courseID, course, lesson string
	channel                  string
	email, learnerID, token  string
}

// path returns the path of the learner in the course.
func (r removal) path() string { return r.course + "/learners/" + r.learnerID }

// requireLearners checks the list of learners.
func (r removal) requireLearners(t *testing.T, want ...string) {
	t.Helper()
	require.Equal(t, want, listLearnerIDs(r.Site, r.course, r.cast.Instructor))
}

// A learner who is removed loses what the enrollment gave, keeps their progress and comes back only by
// being enrolled.
func TestRemoveLearner(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		r := removal{Site: s, cast: s.NewCast()}
		r.email, r.learnerID, r.token = s.NewAccount("leaver")
		course := s.Want(201, "POST", "/courses", r.cast.Instructor, `{"title":"Left","status":"published"}`)
		r.courseID = course.Text("id")
		r.course = "/courses/" + r.courseID
		lesson := s.Want(201, "POST", r.course+"/lessons", r.cast.Instructor, `{"title":"One"}`)
		r.lesson = r.course + "/lessons/" + lesson.Text("id")
		r.channel = s.Want(201, "POST", "/channels", r.cast.Instructor,
			map[string]any{"title": "Left", "visibility": "course", "course_id": r.courseID}).Text("slug")
		s.Want(200, "PUT", r.lesson+"/progress", r.token, `{"percent":40}`)
		r.requireLearners(t, r.learnerID)
		for _, step := range []struct {
			name string
			test func(t *testing.T, r removal)
		}{
			{"managers remove, once", testRemovalByManagers},
			{"progress is kept, reports don't enroll again", testReportsAfterRemoval},
			{"being enrolled brings them back", testReturnAfterRemoval},
			{"leaving is no removal", testLeavingIsNoRemoval},
			{"a private course is not found any more", testRemovalFromPrivateCourse},
		} {
			t.Run(step.name, func(t *testing.T) {
				own := r
				own.Site = s.For(t)
				step.test(t, own)
			})
		}
	})
}

func testRemovalByManagers(t *testing.T, r removal) {
	socket := r.Dial("/ws/channels/"+r.channel, http.Header{"Authorization": {"Bearer " + r.token}})
	socket.Until("welcome")
	otherInstructor := r.NewQuietAccount("other", "instructor", r.cast.Admin).Token
	r.WantProblem(401, "unauthenticated", "DELETE", r.path(), "", nil)
	r.WantProblem(403, "forbidden", "DELETE", r.path(), r.token, nil)
	r.WantProblem(403, "forbidden", "DELETE", r.path(), otherInstructor, nil)
	unknown := r.course + "/learners/"
	for _, path := range []string{r.path(), r.path(), unknown + uuid.New(), unknown + "nobody"} {
		r.Want(204, "DELETE", path, r.cast.Instructor, nil)
	}
	missing := "/courses/" + uuid.New() + "/learners/" + r.learnerID
	r.WantProblem(404, "not-found", "DELETE", missing, r.cast.Instructor, nil)
	require.Equal(t, 4403, socket.CloseCode())
	r.WantProblem(403, "forbidden", "GET", "/channels/"+r.channel+"/messages", r.token, nil)

	entries := r.Want(200, "GET", "/admin/audit-logs?action=enrollment.deleted", r.cast.Admin, nil).Items()
	require.Len(t, entries, 1)
	entry := sitetest.Answer{JSON: entries[0].(map[string]any)}
	instructorID := r.Want(200, "GET", "/users/me", r.cast.Instructor, nil).Text("id")
	require.Equal(t, []any{instructorID, "enrollment", r.courseID, r.learnerID}, []any{
		entry.Text("actor.id"), entry.Text("target.type"), entry.Text("target.id"), entry.Text("data.user_id"),
	})
}

func testReportsAfterRemoval(t *testing.T, r removal) {
	progress := r.Want(200, "GET", r.course+"/progress", r.token, nil)
	require.EqualValues(t, 40, progress.Get("percent"))
	for _, body := range []string{`{"percent":50}`, `{"percent":100}`, `{"percent":60,"reset":true}`} {
		r.Want(200, "PUT", r.lesson+"/progress", r.token, body)
	}
	require.Empty(t, listLearnerIDs(r.Site, r.course, r.cast.Instructor))
}

func testReturnAfterRemoval(t *testing.T, r removal) {
	for way, enroll := range map[string]func(s *sitetest.Site){
		"by themselves": func(s *sitetest.Site) { s.Want(201, "POST", r.course+"/enrollment", r.token, nil) },
		"by a batch": func(s *sitetest.Site) {
			s.Want(200, "POST", r.course+"/enrollments/batch", r.cast.Instructor, sitetest.Batch(r.email))
		},
		"by an invite": func(s *sitetest.Site) {
			body := map[string]any{"role_to_grant": "member", "course_ids": []string{r.courseID}}
			code := s.Invite(r.cast.Admin, body).Text("code")
			s.Want(200, "POST", "/invites/redeem", r.token, map[string]any{"code": code})
		},
	} {
		t.Run(way, func(t *testing.T) {
			own := r
			own.Site = r.For(t)
			enroll(own.Site)
			own.requireLearners(t, r.learnerID)
			require.Equal(t, 200, own.Call("GET", "/channels/"+r.channel+"/messages", r.token, nil).Status)
			own.Want(204, "DELETE", r.path(), r.cast.Admin, nil)
			require.Empty(t, listLearnerIDs(own.Site, r.course, r.cast.Instructor))
		})
	}
}

// The next report of a learner who has left by themselves enrolls them, like their first one.
func testLeavingIsNoRemoval(t *testing.T, r removal) {
	r.Want(201, "POST", r.course+"/enrollment", r.token, nil)
	r.Want(204, "DELETE", r.course+"/enrollment", r.token, nil)
	r.Want(200, "PUT", r.lesson+"/progress", r.token, `{"percent":70}`)
	r.requireLearners(t, r.learnerID)
}

func testRemovalFromPrivateCourse(_ *testing.T, r removal) {
	r.Want(200, "PATCH", r.course, r.cast.Instructor, `{"visibility":"private"}`)
	r.Want(204, "DELETE", r.path(), r.cast.Instructor, nil)
	r.WantProblem(404, "not-found", "GET", r.course, r.token, nil)
	r.WantProblem(404, "not-found", "POST", r.course+"/enrollment", r.token, nil)
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
