package courses_test

import (
	"net/http"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

func (p *modelProgram) report(c *modelCourse) {
	a, id := p.learner(), p.lessonOf(c)
	p.checkState(a)
	percent, reset := []int{0, 1 + p.r.IntN(99), 1 + p.r.IntN(99), 100, 100, 100}[p.r.IntN(6)], p.chance(8)
	body, want, code := object{"percent": percent}, c.learnStatus(a), ""
	if reset {
		body["reset"] = true
	}
	l := c.lesson(id)
	var k modelLock
	if l != nil {
		k = c.lock(a, l)
	}
	switch {
	case want == http.StatusOK && l == nil:
		want = http.StatusNotFound
	case want == http.StatusOK && k.locked:
		want, code = http.StatusForbidden, "lesson-locked"
	}
	got := p.call(want, code, a, "PUT", "/courses/"+c.id+"/lessons/"+id+"/progress", body)
	if code != "" {
		p.checkLocked(k, got)
	}
	if want == http.StatusOK {
		c.report(a, id, percent, reset)
		p.checkReport(c.of(a).percent[id], got.JSON)
	}
}

func (p *modelProgram) enroll(c *modelCourse) {
	a := p.learner()
	want, code := c.learnStatus(a), ""
	switch {
	case want != http.StatusOK, c.of(a).enrolled:
	case c.status == "archived":
		want, code = http.StatusConflict, "course-archived"
	default:
		want = http.StatusCreated
	}
	got := p.call(want, code, a, "POST", "/courses/"+c.id+"/enrollment", nil)
	if want == http.StatusCreated {
		c.enroll(a)
		c.of(a).enrolledAt = got.Text("enrolled_at")
	}
}

func (p *modelProgram) unenroll(c *modelCourse) {
	a := p.learner()
	if p.call(created(c.learnStatus(a), http.StatusNoContent), "", a, "DELETE", "/courses/"+c.id+"/enrollment",
		nil).Status == http.StatusNoContent {
		c.of(a).enrolled = false
	}
}

// removeLearner ends the enrollment of an account.
func (p *modelProgram) removeLearner(c *modelCourse) {
	a, who := p.editor(), []sitetest.Account{p.member, p.user, p.teacher, p.owner}[p.r.IntN(4)]
	want := created(c.editStatus(a), http.StatusNoContent)
	p.call(want, "", a, "DELETE", "/courses/"+c.id+"/learners/"+who.ID, nil)
	if l := c.of(who); want == http.StatusNoContent && l.enrolled {
		l.enrolled, l.wasRemoved = false, true
	}
}

// batch enrolls accounts by their addresses, and some addresses that no account has.
func (p *modelProgram) batch(c *modelCourse) {
	a, rows, people := p.editor(), []object{}, []sitetest.Account{}
	for range 1 + p.r.IntN(5) {
		who := []sitetest.Account{
			p.member, p.user, p.teacher, p.owner, {Email: "nobody@example.com"}, {Email: "nonsense"},
		}[p.r.IntN(6)]
		people = append(people, who)
		rows = append(rows, object{"email": []string{who.Email, strings.ToUpper(who.Email)}[p.r.IntN(2)]})
	}
	body, atomic, dry := object{"rows": rows}, p.chance(2), p.chance(4)
	body["mode"], body["dry_run"] = map[bool]string{true: "atomic", false: "partial"}[atomic], dry
	want, code := c.editStatus(a), ""
	if want == http.StatusOK && c.status == "archived" {
		want, code = http.StatusConflict, "course-archived"
	}
	got := p.call(want, code, a, "POST", "/courses/"+c.id+"/enrollments/batch", body)
	if want != http.StatusOK {
		return
	}
	verdict := c.rowStatus(people, atomic)
	p.checkRows(rows, verdict, got)
	for i, status := range verdict {
		if status == "created" && !dry {
			c.enroll(people[i])
		}
	}
}

// rowStatus returns what becomes of each row: its status, or the code of its error.
func (c *modelCourse) rowStatus(people []sitetest.Account, atomic bool) (rows []string) {
	for i, who := range people {
		switch {
		case who.Email == "nonsense":
			rows = append(rows, "invalid-email")
		case who.ID == "":
			rows = append(rows, "no-account")
		case c.of(who).enrolled, slices.Contains(people[:i], who):
			rows = append(rows, "exists")
		default:
			rows = append(rows, "created")
		}
	}
	if atomic && (slices.Contains(rows, "invalid-email") || slices.Contains(rows, "no-account")) {
		for i := range rows {
			rows[i] = strings.Replace(rows[i], "created", "skipped", 1)
		}
	}
	return rows
}

func (p *modelProgram) checkRows(rows []object, verdict []string, got sitetest.Answer) {
	count := map[string]int{}
	for i, status := range verdict {
		want := object{"row": float64(i + 1), "email": rows[i]["email"], "status": status}
		if status == "invalid-email" || status == "no-account" {
			want["status"], want["error"] = "error", status
		}
		count[want["status"].(string)]++
		require.Equal(p.t, want, got.Get("results").([]any)[i], "%s", got.Raw)
	}
	require.Equal(p.t, []any{float64(count["created"]), float64(count["exists"]), float64(count["error"])},
		[]any{got.Get("created"), got.Get("exists"), got.Get("errors")})
}
