package courses_test

import (
	"lyceum/app/sitetest"
	"net/http"
	"slices"
)

// The model: courses as the contract tells of them, in plain maps and slices.

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
	takenOut         bool   // by a manager of the course, and not enrolled since
	enrolledAt       string // of the first enrollment, as the learner is told; empty until it was looked up
	begun, completed bool
	completedAt      any  // as it was shown first
	told             bool // certainly: a course that is hidden before its news is delivered is not told of
	percent          map[string]int
}

// reads returns the status with which a caller's request to read the course is answered.
func (c *modelCourse) reads(a sitetest.Account) int {
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

// manages says whether a course is a caller's to change, and to be found in the trash.
func (c *modelCourse) manages(a sitetest.Account) bool { return c.owner == a || a.Role == "admin" }

// edits returns the status for a request to change the course.
func (c *modelCourse) edits(a sitetest.Account) int {
	switch read := c.reads(a); {
	case a.Role == "anonymous":
		return http.StatusUnauthorized
	case sitetest.RankOf(a.Role) < sitetest.RankOf("instructor"):
		return http.StatusForbidden
	case read != http.StatusOK:
		return read
	case !c.manages(a):
		return http.StatusForbidden
	}
	return http.StatusOK
}

// learns returns the status for a request to learn: it needs an account that may read the course.
func (c *modelCourse) learns(a sitetest.Account) int {
	if a.Role == "anonymous" {
		return http.StatusUnauthorized
	}
	return c.reads(a)
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

// circle says whether a lesson that needs others would wait for itself.
func (c *modelCourse) circle(id string, needs []string) bool {
	for _, n := range needs {
		if l := c.lesson(n); n == id || l != nil && c.circle(id, l.needs) {
			return true
		}
	}
	return false
}

// remove takes a lesson out: nobody waits for it, and nobody has done anything in it.
func (c *modelCourse) remove(id string) {
	c.lessons = slices.DeleteFunc(c.lessons, func(l *modelLesson) bool { return l.id == id })
	for _, l := range c.lessons {
		l.needs = slices.DeleteFunc(l.needs, func(n string) bool { return n == id })
	}
	for _, l := range c.learners {
		delete(l.percent, id)
	}
	c.settle()
}

// report is progress as it arrives; percent falls by a reset alone. It enrolls a learner, but not a manager of the course,
// and not a learner who was taken out.
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
	if !c.manages(a) && !l.takenOut {
		c.enroll(a)
	}
	c.settle()
}

func (c *modelCourse) enroll(a sitetest.Account) {
	if l := c.of(a); !l.enrolled {
		l.enrolled, l.takenOut = true, false
	}
}

// settle notes who has completed every lesson there is; that stays.
func (c *modelCourse) settle() {
	for _, l := range c.learners {
		if len(c.lessons) > 0 && l.complete() == len(c.lessons) && !l.completed {
			l.completed, l.told = true, c.status != "draft"
		}
	}
}

// hide is what a draft and the trash do to news that is under way.
func (c *modelCourse) hide() {
	for _, l := range c.learners {
		l.told = false
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

// mean is the floor of the mean over the lessons that there are.
func (c *modelCourse) mean(a sitetest.Account) int {
	sum := 0
	for _, p := range c.of(a).percent {
		sum += p
	}
	return sum / max(len(c.lessons), 1)
}
