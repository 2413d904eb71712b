package courses_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// onReplicas runs a story on one embedded site, and on two replicas over the real parts.
func onReplicas(t *testing.T, story func(t *testing.T, sites []*sitetest.Site)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		s := sitetest.Start(t, map[string]string{"RATE_LIMIT_ENABLED": "false", "ACCESS_TOKEN_TTL": "24h"})
		story(t, []*sitetest.Site{s, s})
	})
	t.Run("services", func(t *testing.T) {
		t.Parallel()
		story(t, sitetest.StartReplicas(t, 2, "RATE_LIMIT_ENABLED=false", "ACCESS_TOKEN_TTL=24h"))
	})
}

// school has a few learners, on every replica.
type school struct {
	t        *testing.T
	sites    []*sitetest.Site
	admin    string
	learners []actor
	// done says who has to be told of which courses that they are completed.
	done map[actor][]string
}

func newSchool(t *testing.T, sites []*sitetest.Site, learners int) *school {
	t.Helper()
	c := &school{t: t, sites: sites, admin: sites[0].AdminToken(), done: map[actor][]string{}}
	for i := range learners {
		c.learners = append(c.learners, newActor(sites[0], fmt.Sprint("learner-", i), "user", c.admin))
	}
	return c
}

// roles are the roles of callers, the lowest first.
var roles = []string{"anonymous", "user", "member", "instructor", "admin"}

// rankOf returns the place of a role among roles.
func rankOf(role string) int { return slices.Index(roles, role) }

// actor is an account with its access token, or nobody.
type actor struct{ role, id, email, token string }

// newActor registers an account with a role. It switches mails off where that is possible: the
// notifications in the app are enough to count.
func newActor(s *sitetest.Site, name, role, admin string) actor {
	s.T.Helper()
	email, id, token := s.NewAccount(name)
	if rankOf(role) > rankOf("user") {
		s.SetRole(admin, id, role)
	}
	s.Want(200, "PUT", "/notifications/preferences", token,
		`{"items":[{"kind":"course.completed","in_app":true,"email":false},{"kind":"course.published","in_app":false,"email":false},{"kind":"lesson.added","in_app":false,"email":false}]}`)
	return actor{role, id, email, token}
}

// course makes a published course of n lessons and gives its path and those of the lessons.
func (c *school) course(n int) (course string, lessons []string) {
	c.t.Helper()
	s := c.sites[0]
	course = "/courses/" + s.Want(201, "POST", "/courses", c.admin, `{"title":"Order","status":"published"}`).Text("id")
	for i := range n {
		lessons = append(lessons, course+"/lessons/"+s.Want(201, "POST", course+"/lessons", c.admin, map[string]any{"title": fmt.Sprint("L", i)}).Text("id"))
	}
	return course, lessons
}

// recount gives a learner's progress in a course, after its sums have been held against the lessons on every replica.
func (c *school) recount(learner actor, course string) (a sitetest.Answer) {
	c.t.Helper()
	for _, s := range c.sites {
		a = s.Want(200, "GET", course+"/progress", learner.token, nil)
		total := len(s.Want(200, "GET", course+"/lessons?limit=100", learner.token, nil).Items())
		sum, complete := 0, 0
		for _, item := range a.Get("lessons").([]any) {
			l := item.(map[string]any)
			percent := int(l["percent"].(float64))
			require.Equal(c.t, percent == 100, l["completed"])
			sum += percent
			complete += map[bool]int{true: 1}[percent == 100]
		}
		whole := map[string]any{"percent": float64(sum / max(total, 1)), "completed_lessons": float64(complete), "total_lessons": float64(total), "completed_at": a.Get("completed_at")}
		require.Equal(c.t, whole, map[string]any{"percent": a.Get("percent"), "completed_lessons": a.Get("completed_lessons"), "total_lessons": a.Get("total_lessons"), "completed_at": a.Get("completed_at")}, "%s", a.Raw)
		require.Equal(c.t, whole, s.Want(200, "GET", course, learner.token, nil).Get("progress"))
	}
	return a
}

// completions counts how often a learner was told that a course is completed, by the course's path.
func completions(s *sitetest.Site, token string) map[string]int {
	s.T.Helper()
	told := map[string]int{}
	for cursor := ""; ; {
		page := s.Want(200, "GET", "/notifications?limit=100"+cursor, token, nil)
		for _, item := range page.Items() {
			if n := item.(map[string]any); n["kind"] == "course.completed" {
				told[strings.TrimPrefix(n["link"].(string), "/#")]++
			}
		}
		if page.Get("next_cursor") == nil {
			return told
		}
		cursor = "&cursor=" + page.Text("next_cursor")
	}
}

// toldOnce waits until every learner was told of what he completed, and finds nothing told twice or wrongly. A
// course that is completed last shows that what was told before has arrived.
func (c *school) toldOnce() {
	c.t.Helper()
	last, lessons := c.course(1)
	for _, l := range c.learners {
		c.sites[0].Want(200, "PUT", lessons[0]+"/progress", l.token, `{"percent":100}`)
		want := map[string]int{last: 1}
		for _, course := range c.done[l] {
			want[course] = 1
		}
		require.EventuallyWithT(c.t, func(e *assert.CollectT) { require.Equal(e, want, completions(c.sites[1], l.token)) }, 30*time.Second, 200*time.Millisecond)
	}
}

// completed is recount of a course that the learner has to have completed.
func (c *school) completed(l actor, course string) {
	c.t.Helper()
	a := c.recount(l, course)
	require.EqualValues(c.t, 100, a.Get("percent"), "%s", a.Raw)
	require.NotNil(c.t, a.Get("completed_at"), "%s", a.Raw)
	c.done[l] = append(c.done[l], course)
}

// atOnce shares what is to be done among n goroutines, which begin together, each on another replica than its
// neighbour.
func (c *school) atOnce(n int, work []func(*sitetest.Site)) {
	c.t.Helper()
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-begin
			time.Sleep(rand.N(5 * time.Millisecond)) // each round meets at another place
			for j := i; j < len(work); j += n {
				work[j](c.sites[i%len(c.sites)])
			}
		})
	}
	close(begin)
	wg.Wait()
	require.False(c.t, c.t.Failed())
}
