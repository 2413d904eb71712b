package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// onReplicas runs a story on one embedded site, and on two replicas over the real parts.
func onReplicas(t *testing.T, story func(t *testing.T, sites []*site)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		s := serveSite(t, map[string]string{"RATE_LIMIT_ENABLED": "false", "ACCESS_TOKEN_TTL": "24h"})
		story(t, []*site{s, s})
	})
	t.Run("services", func(t *testing.T) {
		t.Parallel()
		story(t, replicas(t, 2, "RATE_LIMIT_ENABLED=false", "ACCESS_TOKEN_TTL=24h"))
	})
}

// school has a few learners, on every replica.
type school struct {
	t        *testing.T
	sites    []*site
	admin    string
	learners []actor
	// done says who has to be told of which courses that they are completed.
	done map[actor][]string
}

func newSchool(t *testing.T, sites []*site, learners int) *school {
	t.Helper()
	c := &school{t: t, sites: sites, admin: sites[0].admin(), done: map[actor][]string{}}
	for i := range learners {
		c.learners = append(c.learners, sites[0].account(fmt.Sprint("learner-", i), "user", c.admin))
	}
	return c
}

// account registers somebody with a role. Mails are switched off where they can be: what is told in-app is
// enough to count.
func (s *site) account(name, role, admin string) actor {
	s.t.Helper()
	email, id, token := s.newcomer(name)
	if rankOf(role) > rankOf("user") {
		s.promote(admin, id, role)
	}
	s.want(200, "PUT", "/notifications/preferences", token,
		`{"items":[{"kind":"course.completed","in_app":true,"email":false},{"kind":"course.published","in_app":false,"email":false},{"kind":"lesson.added","in_app":false,"email":false}]}`)
	return actor{role, id, email, token}
}

// course makes a published course of n lessons and gives its path and those of the lessons.
func (c *school) course(n int) (course string, lessons []string) {
	c.t.Helper()
	s := c.sites[0]
	course = "/courses/" + s.want(201, "POST", "/courses", c.admin, `{"title":"Order","status":"published"}`).str("id")
	for i := range n {
		lessons = append(lessons, course+"/lessons/"+s.want(201, "POST", course+"/lessons", c.admin, map[string]any{"title": fmt.Sprint("L", i)}).str("id"))
	}
	return course, lessons
}

// recount gives a learner's progress in a course, after its sums have been held against the lessons on every replica.
func (c *school) recount(learner actor, course string) (a answer) {
	c.t.Helper()
	for _, s := range c.sites {
		a = s.want(200, "GET", course+"/progress", learner.token, nil)
		total := len(s.want(200, "GET", course+"/lessons?limit=100", learner.token, nil).items())
		sum, complete := 0, 0
		for _, item := range a.get("lessons").([]any) {
			l := item.(map[string]any)
			percent := int(l["percent"].(float64))
			require.Equal(c.t, percent == 100, l["completed"])
			sum += percent
			complete += map[bool]int{true: 1}[percent == 100]
		}
		whole := map[string]any{"percent": float64(sum / max(total, 1)), "completed_lessons": float64(complete), "total_lessons": float64(total), "completed_at": a.get("completed_at")}
		require.Equal(c.t, whole, map[string]any{"percent": a.get("percent"), "completed_lessons": a.get("completed_lessons"), "total_lessons": a.get("total_lessons"), "completed_at": a.get("completed_at")}, "%s", a.Raw)
		require.Equal(c.t, whole, s.want(200, "GET", course, learner.token, nil).get("progress"))
	}
	return a
}

// completions counts how often a learner was told that a course is completed, by the course's path.
func (s *site) completions(token string) map[string]int {
	s.t.Helper()
	told := map[string]int{}
	for cursor := ""; ; {
		page := s.want(200, "GET", "/notifications?limit=100"+cursor, token, nil)
		for _, item := range page.items() {
			if n := item.(map[string]any); n["kind"] == "course.completed" {
				told[strings.TrimPrefix(n["link"].(string), "/#")]++
			}
		}
		if page.get("next_cursor") == nil {
			return told
		}
		cursor = "&cursor=" + page.str("next_cursor")
	}
}

// toldOnce waits until every learner was told of what he completed, and finds nothing told twice or wrongly. A
// course that is completed last shows that what was told before has arrived.
func (c *school) toldOnce() {
	c.t.Helper()
	last, lessons := c.course(1)
	for _, l := range c.learners {
		c.sites[0].want(200, "PUT", lessons[0]+"/progress", l.token, `{"percent":100}`)
		want := map[string]int{last: 1}
		for _, course := range c.done[l] {
			want[course] = 1
		}
		require.EventuallyWithT(c.t, func(e *assert.CollectT) { require.Equal(e, want, c.sites[1].completions(l.token)) }, 30*time.Second, 200*time.Millisecond)
	}
}

// completed is recount of a course that the learner has to have completed.
func (c *school) completed(l actor, course string) {
	c.t.Helper()
	a := c.recount(l, course)
	require.EqualValues(c.t, 100, a.get("percent"), "%s", a.Raw)
	require.NotNil(c.t, a.get("completed_at"), "%s", a.Raw)
	c.done[l] = append(c.done[l], course)
}

// atOnce shares what is to be done among n goroutines, which begin together, each on another replica than its
// neighbour.
func (c *school) atOnce(n int, work []func(*site)) {
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
