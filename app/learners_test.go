package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	uuid "lyceum/platform/ids"
)

// learnersOf lists the ids of those who are in a course's list of learners.
func (s *site) learnersOf(course, token string) (out []string) {
	s.t.Helper()
	for _, item := range s.want(200, "GET", course+"/learners", token, nil).items() {
		out = append(out, item.(map[string]any)["user"].(map[string]any)["id"].(string))
	}
	return out
}

// Owner and administrators try a course without becoming its learners; they become such by enrolling.
func TestManagersReportWithoutBeingEnrolled(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		cast := s.cast()
		course := "/courses/" + s.want(201, "POST", "/courses", cast.instructor, `{"title":"Tried","status":"published"}`).str("id")
		lesson := course + "/lessons/" + s.want(201, "POST", course+"/lessons", cast.instructor, `{"title":"One"}`).str("id")
		for _, manager := range []string{cast.instructor, cast.admin} {
			for _, body := range []string{`{"percent":10}`, `{"percent":100}`, `{"percent":5,"reset":true}`, `{"percent":100}`} {
				s.want(200, "PUT", lesson+"/progress", manager, body)
			}
			require.EqualValues(t, 100, s.want(200, "GET", course+"/progress", manager, nil).get("percent"))
			require.Len(t, s.want(200, "GET", "/users/me/progress", manager, nil).items(), 1)
			require.Empty(t, s.want(200, "GET", "/users/me/enrollments", manager, nil).items())
		}
		require.Empty(t, s.learnersOf(course, cast.instructor))
		s.want(200, "PUT", lesson+"/progress", cast.user, `{"percent":10}`)
		require.Len(t, s.learnersOf(course, cast.instructor), 1, "a learner's first report enrolls")
		s.want(201, "POST", course+"/enrollment", cast.instructor, nil)
		require.Contains(t, s.learnersOf(course, cast.admin), subject(cast.instructor), "enrolled by themselves")
	})
}

// A learner who is taken out loses what enrollment gave, keeps their progress and comes back only by being enrolled.
func TestLearnersAreTakenOut(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		cast, admin := s.cast(), s.admin()
		email, id, token := s.newcomer("leaver")
		courseID := s.want(201, "POST", "/courses", cast.instructor, `{"title":"Left","status":"published"}`).str("id")
		course := "/courses/" + courseID
		lesson := course + "/lessons/" + s.want(201, "POST", course+"/lessons", cast.instructor, `{"title":"One"}`).str("id")
		channel := s.want(201, "POST", "/channels", cast.instructor, map[string]any{"title": "Left", "visibility": "course", "course_id": courseID}).str("slug")
		s.want(200, "PUT", lesson+"/progress", token, `{"percent":40}`)
		require.Equal(t, []string{id}, s.learnersOf(course, cast.instructor))
		socket := s.dial("/ws/channels/"+channel, http.Header{"Authorization": {"Bearer " + token}})
		socket.until("welcome")

		learner := course + "/learners/" + id
		s.refused(401, "unauthenticated", "DELETE", learner, "", nil)
		s.refused(403, "forbidden", "DELETE", learner, token, nil)
		s.refused(403, "forbidden", "DELETE", learner, s.account("other", "instructor", admin).token, nil)
		for _, path := range []string{learner, learner, course + "/learners/" + uuid.New(), course + "/learners/nobody"} {
			s.want(204, "DELETE", path, cast.instructor, nil)
		}
		s.refused(404, "not-found", "DELETE", "/courses/"+uuid.New()+"/learners/"+id, cast.instructor, nil)
		require.Equal(t, 4403, socket.closed())
		s.refused(403, "forbidden", "GET", "/channels/"+channel+"/messages", token, nil)
		entries := s.want(200, "GET", "/admin/audit-logs?action=enrollment.deleted", admin, nil).items()
		require.Len(t, entries, 1)
		entry := answer{JSON: entries[0].(map[string]any)}
		require.Equal(t, []any{subject(cast.instructor), "enrollment", courseID, id},
			[]any{entry.str("actor.id"), entry.str("target.type"), entry.str("target.id"), entry.str("data.user_id")})

		require.EqualValues(t, 40, s.want(200, "GET", course+"/progress", token, nil).get("percent"), "progress is kept")
		for _, body := range []string{`{"percent":50}`, `{"percent":100}`, `{"percent":60,"reset":true}`} {
			s.want(200, "PUT", lesson+"/progress", token, body)
		}
		require.Empty(t, s.learnersOf(course, cast.instructor), "reports don't enroll them again")
		for way, back := range map[string]func(){
			"by themselves": func() { s.want(201, "POST", course+"/enrollment", token, nil) },
			"by a batch":    func() { s.want(200, "POST", course+"/enrollments/batch", cast.instructor, batchOf(email)) },
			"by an invite": func() {
				code := s.want(201, "POST", "/admin/invites", admin, map[string]any{"role_to_grant": "member", "course_ids": []string{courseID}}).str("code")
				s.want(200, "POST", "/invites/redeem", token, map[string]any{"code": code})
			},
		} {
			back()
			require.Equal(t, []string{id}, s.learnersOf(course, cast.instructor), way)
			require.Equal(t, 200, s.call("GET", "/channels/"+channel+"/messages", token, nil).Status, way)
			s.want(204, "DELETE", learner, admin, nil)
			require.Empty(t, s.learnersOf(course, cast.instructor), way)
		}
		// Who leaves by themselves was not taken out: their next report enrolls them as the first one did.
		s.want(201, "POST", course+"/enrollment", token, nil)
		s.want(204, "DELETE", course+"/enrollment", token, nil)
		s.want(200, "PUT", lesson+"/progress", token, `{"percent":70}`)
		require.Equal(t, []string{id}, s.learnersOf(course, cast.instructor))

		s.want(200, "PATCH", course, cast.instructor, `{"visibility":"private"}`)
		s.want(204, "DELETE", learner, cast.instructor, nil)
		s.refused(404, "not-found", "GET", course, token, nil)
		s.refused(404, "not-found", "POST", course+"/enrollment", token, nil)
	})
}

// News of a course go to those who were enrolled when it happened, however late it is delivered.
func TestNewsGoToThoseWhoWereThere(t *testing.T) {
	t.Parallel()
	vars := services(t)
	vars["WORKER_INLINE"] = "false"
	s := serveSite(t, vars)
	admin := s.admin()
	_, _, early := s.newcomer("early")
	_, _, late := s.newcomer("late")
	lateEmail := s.want(200, "GET", "/users/me", late, nil).str("email")
	earlyEmail := s.want(200, "GET", "/users/me", early, nil).str("email")
	course := "/courses/" + s.want(201, "POST", "/courses", admin, `{"title":"News"}`).str("id")
	s.want(200, "POST", course+"/enrollments/batch", admin, batchOf(earlyEmail))
	s.want(200, "PATCH", course, admin, `{"status":"published"}`)
	s.want(201, "POST", course+"/lessons", admin, `{"title":"One"}`)
	s.want(201, "POST", course+"/announcements", admin, `{"title":"Exam","body":"On Friday."}`)
	s.want(200, "POST", course+"/enrollments/batch", admin, batchOf(lateEmail))
	require.Empty(t, s.want(200, "GET", "/notifications", early, nil).items(), "nobody delivers yet")
	vars["WORKER_INLINE"] = "true"
	serveSite(t, vars)
	kinds := func(token string) (out []string) {
		for _, n := range s.want(200, "GET", "/notifications", token, nil).items() {
			out = append(out, n.(map[string]any)["kind"].(string))
		}
		return out
	}
	require.Eventually(t, func() bool { return len(kinds(early)) == 3 }, 20*time.Second, 50*time.Millisecond)
	require.ElementsMatch(t, []string{"course.published", "lesson.added", "announcement"}, kinds(early))
	require.Empty(t, kinds(late))
}
