package learning_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// Reports of one learner arrive in any order, twice, and at once: the highest of each lesson stays.
func TestReportsInAnyOrder(t *testing.T) {
	onTwoReplicas(t, func(t *testing.T, sites []*sitetest.Site) {
		seed := testkit.Seed(t)
		c := newSchool(t, sites, 1)
		for round := range testkit.Rounds(500) {
			c.reportShuffled(rand.New(rand.NewPCG(uint64(seed), uint64(round))), c.learners[0])
		}
		c.requireToldOnce()
	})
}

// reportShuffled sends the reports of one learner from four tabs at once, each once or more.
func (c *school) reportShuffled(r *rand.Rand, learner sitetest.Account) {
	course, lessons := c.createCourse(1 + r.IntN(5))
	highest, reports, whole := map[string]int{}, []func(*sitetest.Site){}, r.IntN(3) > 0
	for _, l := range lessons {
		for i := range 2 + r.IntN(6) {
			percent := r.IntN(100)
			if whole && i == 0 {
				percent = 100
			}
			highest[l] = max(highest[l], percent)
			for range 1 + r.IntN(2) {
				reports = append(reports, func(s *sitetest.Site) {
					s.Want(200, "PUT", l+"/progress", learner.Token, map[string]any{"percent": percent})
				})
			}
		}
	}
	r.Shuffle(len(reports), func(i, j int) { reports[i], reports[j] = reports[j], reports[i] })
	c.runAtOnce(4, reports)
	a := c.checkProgress(learner, course)
	for i, l := range lessons {
		require.EqualValues(c.t, highest[l], a.Get(fmt.Sprintf("lessons.%d.percent", i)))
	}
	require.Equal(c.t, whole, a.Get("completed_at") != nil)
	if whole {
		c.completions[learner] = append(c.completions[learner], course)
	}
}

// The very first reports of an enrolled learner, on one lesson and at once: each is answered, none waits for
// another in a circle, and the highest stays.
func TestFirstReportsAtOnce(t *testing.T) {
	onTwoReplicas(t, func(t *testing.T, sites []*sitetest.Site) {
		c := newSchool(t, sites, 1)
		l := c.learners[0]
		for range max(testkit.Rounds(2000), 150) {
			course, lessons := c.createCourse(1)
			sites[0].Want(201, "POST", course+"/enrollment", l.Token, nil)
			work := []func(*sitetest.Site){}
			for _, percent := range []int{100, 50, 100, 20} {
				work = append(work, func(s *sitetest.Site) {
					s.Want(200, "PUT", lessons[0]+"/progress", l.Token, map[string]any{"percent": percent})
				})
			}
			c.runAtOnce(len(work), work)
			c.requireCompleted(l, course)
		}
		require.Zero(t, sites[0].CountDeadlocks())
		c.requireToldOnce()
	})
}

// The last lesson that a learner has not completed is deleted while they report the other one complete.
// In either order they complete the course, once. Each course has one learner, as the report of another
// one would correct a lost completion.
func TestDeleteLastLessonDuringReport(t *testing.T) {
	onTwoReplicas(t, func(t *testing.T, sites []*sitetest.Site) {
		c := newSchool(t, sites, 4)
		for range testkit.Rounds(500) {
			for i, l := range c.learners {
				c.deleteLastLesson(l, i&1 == 1, i&2 == 2)
			}
		}
		c.requireToldOnce()
	})
}

// deleteLastLesson is one such race. A learner who has begun a lesson waits for less, or for more, of what the
// deletion holds.
func (c *school) deleteLastLesson(l sitetest.Account, begun ...bool) {
	c.t.Helper()
	course, lessons := c.createCourse(2)
	for i := range begun {
		if begun[i] {
			c.sites[0].Want(200, "PUT", lessons[i]+"/progress", l.Token, `{"percent":99}`)
		}
	}
	c.runAtOnce(2, []func(*sitetest.Site){
		func(s *sitetest.Site) { s.Want(204, "DELETE", lessons[1], c.admin, nil) },
		func(s *sitetest.Site) { s.Want(200, "PUT", lessons[0]+"/progress", l.Token, `{"percent":100}`) },
	})
	c.waitForLessons(course, 1)
	c.requireCompleted(l, course)
}

// A lesson goes while learners report on that same lesson, some for the first time: a report is kept or finds
// nothing, and no sum holds a part of what is gone.
func TestDeleteLessonDuringReports(t *testing.T) {
	onTwoReplicas(t, func(t *testing.T, sites []*sitetest.Site) {
		c := newSchool(t, sites, 4)
		for range testkit.Rounds(500) {
			course, lessons := c.createCourse(2)
			work := []func(*sitetest.Site){func(s *sitetest.Site) { s.Want(204, "DELETE", lessons[1], c.admin, nil) }}
			for i, l := range c.learners {
				sites[0].Want(200, "PUT", lessons[0]+"/progress", l.Token, map[string]any{"percent": []int{100, 37}[i/2]})
				if i%2 == 0 {
					sites[0].Want(200, "PUT", lessons[1]+"/progress", l.Token, `{"percent":10}`)
				}
				work = append(work, func(s *sitetest.Site) {
					a := s.Call("PUT", lessons[1]+"/progress", l.Token, map[string]any{"percent": 100 - i%2})
					require.Contains(c.t, []int{200, 404}, a.Status, "%s", a.Raw)
				})
			}
			c.runAtOnce(len(work), work)
			c.waitForLessons(course, 1)
			for i, l := range c.learners {
				if i < 2 {
					c.requireCompleted(l, course)
					continue
				}
				a := c.checkProgress(l, course)
				require.EqualValues(t, 37, a.Get("percent"))
				require.Nil(t, a.Get("completed_at"))
			}
		}
		c.requireToldOnce()
	})
}
