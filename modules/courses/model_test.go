package courses_test

import (
	"net/http"
	"slices"

	"lyceum/app/sitetest"
)

// The model of courses: the rules of the API written a second time, in plain maps and slices.
// Random programs (model_program_test.go) do the same to the site and to the model, step by step
// (model_steps_*_test.go), and compare what every caller is shown (model_view_test.go).

type modelCourse struct {
	id, title, visibility, status string
	owner                         sitetest.Account
	tags                          []string
	cover                         string
	published                     any // published_at, since it was set first
	deleted                       bool
	lessons                       []*modelLesson
	learners                      map[sitetest.Account]*modelLearner
}

type modelLesson struct {
	id, title, asset string
	duration         int
	needs            []string
	from             string // available_from
	after            int    // available_after_days, below 0 when there is none
}

type modelLearner struct {
	enrolled         bool
	wasRemoved       bool   // by a manager of the course, and not enrolled since
	enrolledAt       string // of the first enrollment, as the learner is told; empty until it was looked up
	begun, completed bool
	completedAt      any  // as it was shown first
	isToldForSure    bool // certainly: a course that is hidden before its news is delivered is not told of
	percent          map[string]int
}

// readStatus returns the status with which a caller's request to read the course is answered.
func (c *modelCourse) readStatus(a sitetest.Account) int {
	signedIn := sitetest.RankOf(a.Role) >= sitetest.RankOf("user")
	switch {
	case c.deleted:
		return http.StatusNotFound
	case c.owner == a, a.Role == "admin":
		return http.StatusOK
	case c.status == "draft":
		return http.StatusNotFound
	case c.of(a).enrolled:
		return http.StatusOK
	case c.status == "archived":
		return http.StatusNotFound
	case c.visibility == "public", c.visibility == "member" && sitetest.RankOf(a.Role) >= sitetest.RankOf("member"):
		return http.StatusOK
	case c.visibility == "member" && signedIn:
		return http.StatusForbidden
	case c.visibility == "member":
		return http.StatusUnauthorized
	}
	return http.StatusNotFound
}

// isManager returns whether a caller may change the course and finds it in the trash.
func (c *modelCourse) isManager(a sitetest.Account) bool { return c.owner == a || a.Role == "admin" }

// editStatus returns the status for a request to change the course.
func (c *modelCourse) editStatus(a sitetest.Account) int {
	switch read := c.readStatus(a); {
	case a.Role == "anonymous":
		return http.StatusUnauthorized
	case sitetest.RankOf(a.Role) < sitetest.RankOf("instructor"):
		return http.StatusForbidden
	case read != http.StatusOK:
		return read
	case !c.isManager(a):
		return http.StatusForbidden
	}
	return http.StatusOK
}

// learnStatus returns the status for a request to learn: it needs an account that may read the course.
func (c *modelCourse) learnStatus(a sitetest.Account) int {
	if a.Role == "anonymous" {
		return http.StatusUnauthorized
	}
	return c.readStatus(a)
}

func (c *modelCourse) of(a sitetest.Account) *modelLearner {
	l := c.learners[a]
	if l == nil {
		l = &modelLearner{percent: map[string]int{}}
		c.learners[a] = l
	}
	return l
}

func (c *modelCourse) lesson(id string) *modelLesson {
	for _, l := range c.lessons {
		if l.id == id {
			return l
		}
	}
	return nil
}

// inOrder puts ids of lessons into the course's order, each once.
func (c *modelCourse) inOrder(ids []string) []string {
	out := []string{}
	for _, l := range c.lessons {
		if slices.Contains(ids, l.id) {
			out = append(out, l.id)
		}
	}
	return out
}

// isCircular returns whether a lesson with these prerequisites would wait for itself.
func (c *modelCourse) isCircular(id string, needs []string) bool {
	for _, n := range needs {
		if l := c.lesson(n); n == id || l != nil && c.isCircular(id, l.needs) {
			return true
		}
	}
	return false
}

// removeLesson deletes a lesson: nothing waits for it, and it is no part of any progress.
func (c *modelCourse) removeLesson(id string) {
	c.lessons = slices.DeleteFunc(c.lessons, func(l *modelLesson) bool { return l.id == id })
	for _, l := range c.lessons {
		l.needs = slices.DeleteFunc(l.needs, func(n string) bool { return n == id })
	}
	for _, l := range c.learners {
		delete(l.percent, id)
	}
	c.settleCompletions()
}

// report is progress as it arrives; percent falls by a reset alone. It enrolls a learner, but not a
// manager of the course, and not a learner who was removed.
func (c *modelCourse) report(a sitetest.Account, id string, percent int, reset bool) {
	l := c.of(a)
	before, there := l.percent[id]
	after := max(before, percent)
	if reset {
		after = percent
	}
	if there && after == before {
		return
	}
	l.begun, l.percent[id] = true, after
	if !c.isManager(a) && !l.wasRemoved {
		c.enroll(a)
	}
	c.settleCompletions()
}

func (c *modelCourse) enroll(a sitetest.Account) {
	if l := c.of(a); !l.enrolled {
		l.enrolled, l.wasRemoved = true, false
	}
}

// settleCompletions marks the learners who have completed every lesson. The mark stays.
func (c *modelCourse) settleCompletions() {
	for _, l := range c.learners {
		if len(c.lessons) > 0 && l.complete() == len(c.lessons) && !l.completed {
			l.completed, l.isToldForSure = true, c.status != "draft"
		}
	}
}

// hideNews notes that news on its way may be dropped: the course is a draft or in the trash now.
func (c *modelCourse) hideNews() {
	for _, l := range c.learners {
		l.isToldForSure = false
	}
}

func (l *modelLearner) complete() (n int) {
	for _, p := range l.percent {
		if p == 100 {
			n++
		}
	}
	return n
}

// meanPercent returns the floor of the mean over the lessons that exist.
func (c *modelCourse) meanPercent(a sitetest.Account) int {
	sum := 0
	for _, p := range c.of(a).percent {
		sum += p
	}
	return sum / max(len(c.lessons), 1)
}
