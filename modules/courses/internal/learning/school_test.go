package learning_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// onTwoReplicas runs a story on one embedded site, and on two replicas with real services.
func onTwoReplicas(t *testing.T, story func(t *testing.T, sites []*sitetest.Site)) {
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

// school is a site, or two replicas, with a few learners.
type school struct {
	t        *testing.T
	sites    []*sitetest.Site
	admin    string
	learners []sitetest.Account
	// completions are the courses whose completion each learner must be notified of.
	completions map[sitetest.Account][]string
}

func newSchool(t *testing.T, sites []*sitetest.Site, learners int) *school {
	t.Helper()
	c := &school{t: t, sites: sites, admin: sites[0].AdminToken(), completions: map[sitetest.Account][]string{}}
	for i := range learners {
		c.learners = append(c.learners, sites[0].NewQuietAccount(fmt.Sprint("learner-", i), "user", c.admin))
	}
	return c
}

// createCourse creates a published course of n lessons and returns its path and those of the lessons.
func (c *school) createCourse(n int) (course string, lessons []string) {
	c.t.Helper()
	s := c.sites[0]
	course = "/courses/" + s.Want(201, "POST", "/courses", c.admin, `{"title":"Order","status":"published"}`).Text("id")
	for i := range n {
		lessons = append(lessons,
			course+"/lessons/"+s.Want(201, "POST", course+"/lessons", c.admin,
				map[string]any{"title": fmt.Sprint("L", i)}).Text("id"))
	}
	return course, lessons
}

// waitForLessons waits until every replica has heard how many lessons a course has: one learns of the changes of
// another within a second.
func (c *school) waitForLessons(course string, n int) {
	c.t.Helper()
	for _, s := range c.sites {
		require.Eventually(c.t, func() bool {
			return len(s.Want(200, "GET", course+"/lessons?limit=100", c.learners[0].Token, nil).Items()) == n
		}, 5*time.Second, 5*time.Millisecond)
	}
}

// checkProgress returns a learner's progress in a course. On every replica it compares the sums with the
// lessons.
func (c *school) checkProgress(learner sitetest.Account, course string) (a sitetest.Answer) {
	c.t.Helper()
	for _, s := range c.sites {
		a = s.Want(200, "GET", course+"/progress", learner.Token, nil)
		total := len(s.Want(200, "GET", course+"/lessons?limit=100", learner.Token, nil).Items())
		sum, complete := 0, 0
		for _, item := range a.Get("lessons").([]any) {
			l := item.(map[string]any)
			percent := int(l["percent"].(float64))
			require.Equal(c.t, percent == 100, l["completed"])
			sum += percent
			complete += map[bool]int{true: 1}[percent == 100]
		}
		whole := map[string]any{
			"percent": float64(sum / max(total, 1)), "completed_lessons": float64(complete),
			"total_lessons": float64(total), "completed_at": a.Get("completed_at"),
		}
		require.Equal(c.t, whole,
			map[string]any{
				"percent": a.Get("percent"), "completed_lessons": a.Get("completed_lessons"),
				"total_lessons": a.Get("total_lessons"), "completed_at": a.Get("completed_at"),
			},
			"%s", a.Raw)
		require.Equal(c.t, whole, s.Want(200, "GET", course, learner.Token, nil).Get("progress"))
	}
	return a
}

// requireToldOnce waits until every learner was notified of each course that they have completed, and checks
// that nothing was told twice or wrongly. A course that is completed last shows that earlier
// notifications have arrived.
func (c *school) requireToldOnce() {
	c.t.Helper()
	last, lessons := c.createCourse(1)
	for _, l := range c.learners {
		c.sites[0].Want(200, "PUT", lessons[0]+"/progress", l.Token, `{"percent":100}`)
		want := map[string]int{last: 1}
		for _, course := range c.completions[l] {
			want[course] = 1
		}
		require.EventuallyWithT(c.t,
			func(e *assert.CollectT) { require.Equal(e, want, c.sites[1].CountCompletions(l.Token)) },
			30*time.Second, 200*time.Millisecond)
	}
}

// requireCompleted is checkProgress for a course that the learner must have completed.
func (c *school) requireCompleted(l sitetest.Account, course string) {
	c.t.Helper()
	a := c.checkProgress(l, course)
	require.EqualValues(c.t, 100, a.Get("percent"), "%s", a.Raw)
	require.NotNil(c.t, a.Get("completed_at"), "%s", a.Raw)
	c.completions[l] = append(c.completions[l], course)
}

// runAtOnce shares the work among n goroutines that begin together, each on another replica than the one
// before.
func (c *school) runAtOnce(n int, work []func(*sitetest.Site)) {
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
