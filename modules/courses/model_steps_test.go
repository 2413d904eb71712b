package courses_test

import (
	"fmt"
	"net/http"
	"time"

	"lyceum/app/sitetest"
)

// steps are what a trial can do, as often as they stand here.
var steps = []func(*trial, *modelCourse){
	(*trial).patchCourse, (*trial).patchCourse, (*trial).patchCourse,
	(*trial).addLesson, (*trial).addLesson,
	(*trial).patchLesson, (*trial).patchLesson,
	(*trial).deleteLesson, (*trial).reorder,
	(*trial).report, (*trial).report, (*trial).report, (*trial).report, (*trial).report, (*trial).report,
	(*trial).enroll, (*trial).enroll, (*trial).unenroll, (*trial).takeOut,
	(*trial).batch, (*trial).batch,
	(*trial).deleteCourse, (*trial).restore, (*trial).clone,
	(*trial).look,
}

// step does one of them. A course in the trash is soon brought back, and one without lessons given some, as there
// is little to do with either.
func (p *trial) step() {
	c, step := p.courses[p.r.IntN(len(p.courses))], steps[p.r.IntN(len(steps))]
	if c.deleted && p.once(3) {
		step = (*trial).restore
	} else if len(c.lessons) == 0 && p.once(2) {
		step = (*trial).addLesson
	}
	step(p, c)
}

// look compares the whole view of one caller while the program runs.
func (p *trial) look(*modelCourse) { p.sees(p.anyone()) }

// begin makes the asset and the first course, with some lessons.
func (p *trial) begin() {
	p.asset = "model/" + p.word
	up := p.act(http.StatusCreated, "", p.owner, "POST", "/storage/uploads",
		object{"key": p.asset, "content_type": "text/plain", "size": 5})
	p.s.Upload(up, "model")
	p.act(http.StatusOK, "", p.owner, "POST", "/storage/uploads/"+up.Text("id")+"/complete", nil)
	p.createCourse()
	for range p.r.IntN(4) {
		p.addLesson(p.courses[0])
	}
}

func (p *trial) createCourse() {
	c := &modelCourse{
		title: p.title(), visibility: p.pick("public", "member", "private"),
		status: p.pick("draft", "published", "published"),
		owner:  p.owner, tags: []string{p.word}, learners: map[sitetest.Account]*modelLearner{},
	}
	got := p.act(http.StatusCreated, "", p.owner, "POST", "/courses",
		object{"title": c.title, "visibility": c.visibility, "status": c.status, "tags": c.tags})
	p.take(c, got)
	p.isCourse(p.owner, c, got)
}

// take adds a course to the trial.
func (p *trial) take(c *modelCourse, got sitetest.Answer) {
	c.id, c.published = got.Text("id"), got.Get("published_at")
	p.courses = append(p.courses, c)
	p.names = append(p.names, c.id, fmt.Sprint("C", len(p.courses)))
}

// named gives a new lesson a name in the story.
func (p *trial) named(lesson string) {
	p.names = append(p.names, lesson, fmt.Sprint("L", len(p.names)/2+1))
}

func (p *trial) title() string { return fmt.Sprint(p.word, " title ", p.r.IntN(1000)) }

func (p *trial) patchCourse(c *modelCourse) {
	a, next, body := p.editor(), *c, object{}
	for range 1 + p.r.IntN(2) {
		switch p.r.IntN(7) {
		case 0, 1, 2:
			next.status = p.pick("draft", "published", "published", "archived")
			body["status"] = next.status
		case 3:
			next.visibility = p.pick("public", "member", "private")
			body["visibility"] = next.visibility
		case 4:
			next.title = p.title()
			body["title"] = next.title
		case 5:
			next.tags = [][]string{{p.word}, {p.word, "extra"}, {"extra", p.word}}[p.r.IntN(3)]
			body["tags"] = next.tags
		case 6:
			next.cover = p.pick(p.asset, "")
			body["cover_key"] = orNull(next.cover)
		}
	}
	got := p.act(c.edits(a), "", a, "PATCH", "/courses/"+c.id, body)
	if got.Status != http.StatusOK {
		return
	}
	*c = next
	if c.status == "draft" {
		c.hide()
	}
	if c.published == nil && c.status == "published" {
		c.published = got.Get("published_at")
	}
	p.isCourse(a, c, got)
}

func (p *trial) deleteCourse(c *modelCourse) {
	a := p.editor()
	if got := p.act(created(c.edits(a), http.StatusNoContent), "", a, "DELETE", "/courses/"+c.id, nil); got.Status == http.StatusNoContent {
		c.deleted = true
		c.hide()
	}
}

// created is status, where success has a status of its own.
func created(status, success int) int {
	if status == http.StatusOK {
		return success
	}
	return status
}

// restore brings back what is in the trash; elsewhere there is nothing to do.
func (p *trial) restore(c *modelCourse) {
	a := p.editor()
	want := c.edits(a)
	if c.deleted && c.manages(a) && sitetest.RankOf(a.Role) >= sitetest.RankOf("instructor") {
		want = http.StatusOK
	}
	if got := p.act(want, "", a, "POST", "/courses/"+c.id+"/restore", nil); want == http.StatusOK {
		c.deleted = false
		p.isCourse(a, c, got)
	}
}

// clone makes a draft of the caller's own, with its days moved and without learners.
func (p *trial) clone(c *modelCourse) {
	if len(p.courses) > 2 {
		p.look(c)
		return
	}
	a, next, days := p.editor(), *c, p.r.IntN(2)*7
	body := object{"shift_days": days}
	if p.once(2) {
		next.title = p.title()
		body["title"] = next.title
	}
	got := p.act(created(c.edits(a), http.StatusCreated), "", a, "POST", "/courses/"+c.id+"/clone", body)
	if got.Status != http.StatusCreated {
		return
	}
	next.owner, next.status, next.learners, next.lessons = a, "draft", map[sitetest.Account]*modelLearner{}, nil
	renamed := map[string]string{}
	for i, l := range c.lessons {
		copied := *l
		copied.id, copied.from = got.Text(fmt.Sprintf("lessons.%d.id", i)), later(l.from, days)
		renamed[l.id] = copied.id
		p.named(copied.id)
		next.lessons = append(next.lessons, &copied)
	}
	for _, l := range next.lessons {
		needs := l.needs
		l.needs = nil
		for _, id := range needs {
			l.needs = append(l.needs, renamed[id])
		}
	}
	p.take(&next, got)
	p.isCourse(a, &next, got)
}

func later(at string, days int) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return at
	}
	return t.AddDate(0, 0, days).Format("2006-01-02T15:04:05.000Z")
}
