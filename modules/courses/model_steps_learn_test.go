package courses_test

import (
	"net/http"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

func (p *trial) report(c *modelCourse) {
	a, id := p.learner(), p.lessonOf(c)
	p.meet(a)
	percent, reset := []int{0, 1 + p.r.IntN(99), 1 + p.r.IntN(99), 100, 100, 100}[p.r.IntN(6)], p.once(8)
	body, want, code := object{"percent": percent}, c.learns(a), ""
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
	got := p.act(want, code, a, "PUT", "/courses/"+c.id+"/lessons/"+id+"/progress", body)
	if code != "" {
		p.isLocked(k, got)
	}
	if want == http.StatusOK {
		c.report(a, id, percent, reset)
		p.isReport(c.of(a).percent[id], got.JSON)
	}
}

func (p *trial) enroll(c *modelCourse) {
	a := p.learner()
	want, code := c.learns(a), ""
	switch {
	case want != http.StatusOK, c.of(a).enrolled:
	case c.status == "archived":
		want, code = http.StatusConflict, "course-archived"
	default:
		want = http.StatusCreated
	}
	got := p.act(want, code, a, "POST", "/courses/"+c.id+"/enrollment", nil)
	if want == http.StatusCreated {
		c.enroll(a)
		c.of(a).enrolledAt = got.Text("enrolled_at")
	}
}

func (p *trial) unenroll(c *modelCourse) {
	a := p.learner()
	if p.act(created(c.learns(a), http.StatusNoContent), "", a, "DELETE", "/courses/"+c.id+"/enrollment", nil).Status == http.StatusNoContent {
		c.of(a).enrolled = false
	}
}

// takeOut ends somebody's enrollment.
func (p *trial) takeOut(c *modelCourse) {
	a, who := p.editor(), []sitetest.Account{p.member, p.user, p.teacher, p.owner}[p.r.IntN(4)]
	want := created(c.edits(a), http.StatusNoContent)
	p.act(want, "", a, "DELETE", "/courses/"+c.id+"/learners/"+who.ID, nil)
	if l := c.of(who); want == http.StatusNoContent && l.enrolled {
		l.enrolled, l.takenOut = false, true
	}
}

// batch enrolls some by their addresses, among them such as nobody has.
func (p *trial) batch(c *modelCourse) {
	a, rows, people := p.editor(), []object{}, []sitetest.Account{}
	for range 1 + p.r.IntN(5) {
		who := []sitetest.Account{
			p.member, p.user, p.teacher, p.owner, {Email: "nobody@example.com"}, {Email: "nonsense"},
		}[p.r.IntN(6)]
		people = append(people, who)
		rows = append(rows, object{"email": []string{who.Email, strings.ToUpper(who.Email)}[p.r.IntN(2)]})
	}
	body, atomic, dry := object{"rows": rows}, p.once(2), p.once(4)
	body["mode"], body["dry_run"] = map[bool]string{true: "atomic", false: "partial"}[atomic], dry
	want, code := c.edits(a), ""
	if want == http.StatusOK && c.status == "archived" {
		want, code = http.StatusConflict, "course-archived"
	}
	got := p.act(want, code, a, "POST", "/courses/"+c.id+"/enrollments/batch", body)
	if want != http.StatusOK {
		return
	}
	verdict := c.judge(people, atomic)
	p.isVerdict(rows, verdict, got)
	for i, status := range verdict {
		if status == "created" && !dry {
			c.enroll(people[i])
		}
	}
}

// judge is what becomes of each row: its status, or the code of its error.
func (c *modelCourse) judge(people []sitetest.Account, atomic bool) (rows []string) {
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

func (p *trial) isVerdict(rows []object, verdict []string, got sitetest.Answer) {
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
