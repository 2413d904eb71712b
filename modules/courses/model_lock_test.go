package courses_test

import (
	"net/http"
	"time"

	"lyceum/app/sitetest"
)

// modelLock is the lock of a lesson for a caller.
type modelLock struct {
	locked bool
	by     []string
	at     any
}

func (c *modelCourse) lock(a sitetest.Account, l *modelLesson) modelLock {
	k := modelLock{by: []string{}}
	if c.isManager(a) || c.of(a).percent[l.id] == 100 {
		return k
	}
	for _, id := range c.inOrder(l.needs) {
		if c.of(a).percent[id] < 100 {
			k.by = append(k.by, id)
		}
	}
	at, known := c.opens(a, l)
	if known && at > time.Now().UTC().Format(time.RFC3339) {
		k.at = at
	}
	k.locked = len(k.by) > 0 || !known || k.at != nil
	return k
}

// opens returns the later of a lesson's two times. Days after an enrollment that does not exist never come.
func (c *modelCourse) opens(a sitetest.Account, l *modelLesson) (at string, known bool) {
	if l.after < 0 {
		return l.from, true
	}
	if !c.of(a).enrolled {
		return "", false
	}
	enrolled, _ := time.Parse(time.RFC3339, c.of(a).enrolledAt)
	days := enrolled.Add(time.Duration(l.after) * 24 * time.Hour).Format("2006-01-02T15:04:05.000Z")
	return max(days, l.from), true
}

// signStatus returns the answer to a request for a signed URL: 200, 403 forbidden, or 403 lesson-locked.
func (p *modelProgram) signStatus(a sitetest.Account) (int, string) {
	if a.Role == "anonymous" {
		return http.StatusUnauthorized, "unauthenticated"
	}
	status, code := http.StatusForbidden, "forbidden"
	if a == p.owner || a.Role == "admin" {
		return http.StatusOK, ""
	}
	for _, c := range p.courses {
		if c.readStatus(a) != http.StatusOK {
			continue
		}
		if c.cover == p.asset {
			return http.StatusOK, ""
		}
		for _, l := range c.lessons {
			if l.asset == p.asset && !c.lock(a, l).locked {
				return http.StatusOK, ""
			} else if l.asset == p.asset {
				code = "lesson-locked"
			}
		}
	}
	return status, code
}
