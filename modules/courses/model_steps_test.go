package courses_test

import (
	"fmt"
	"net/http"
	"time"

	"lyceum/app/sitetest"
)

// steps are what a program can do. A step is as likely as it is often here.
var steps = []func(*modelProgram, *modelCourse){
	(*modelProgram).patchCourse, (*modelProgram).patchCourse, (*modelProgram).patchCourse,
	(*modelProgram).addLesson, (*modelProgram).addLesson,
	(*modelProgram).patchLesson, (*modelProgram).patchLesson,
	(*modelProgram).deleteLesson, (*modelProgram).reorder,
	(*modelProgram).report, (*modelProgram).report, (*modelProgram).report, (*modelProgram).report,
	(*modelProgram).report, (*modelProgram).report,
	(*modelProgram).enroll, (*modelProgram).enroll, (*modelProgram).unenroll, (*modelProgram).removeLearner,
	(*modelProgram).batch, (*modelProgram).batch,
	(*modelProgram).deleteCourse, (*modelProgram).restore, (*modelProgram).clone,
	(*modelProgram).viewOnce,
}

// step does one of them. A course in the trash is soon brought back, and one without lessons given some, as there
// is little to do with either.
func (p *modelProgram) step() {
	c, step := p.courses[p.r.IntN(len(p.courses))], steps[p.r.IntN(len(steps))]
	if c.deleted && p.chance(3) {
		step = (*modelProgram).restore
	} else if len(c.lessons) == 0 && p.chance(2) {
		step = (*modelProgram).addLesson
	}
	step(p, c)
}

// viewOnce compares the whole view of one caller while the program runs.
func (p *modelProgram) viewOnce(*modelCourse) { p.checkView(p.anyone()) }

// prepare creates the asset and the first course, with some lessons.
func (p *modelProgram) prepare() {
	p.asset = "model/" + p.word
	up := p.call(http.StatusCreated, "", p.owner, "POST", "/storage/uploads",
		object{"key": p.asset, "content_type": "text/plain", "size": 5})
	p.s.Upload(up, "model")
	p.call(http.StatusOK, "", p.owner, "POST", "/storage/uploads/"+up.Text("id")+"/complete", nil)
	p.createCourse()
	for range p.r.IntN(4) {
		p.addLesson(p.courses[0])
	}
}

func (p *modelProgram) createCourse() {
	c := &modelCourse{
		title: p.title(), visibility: p.pick("public", "member", "private"),
		status: p.pick("draft", "published", "published"),
		owner:  p.owner, tags: []string{p.word}, learners: map[sitetest.Account]*modelLearner{},
	}
	got := p.call(http.StatusCreated, "", p.owner, "POST", "/courses",
		object{"title": c.title, "visibility": c.visibility, "status": c.status, "tags": c.tags})
	p.addCourse(c, got)
	p.checkCourse(p.owner, c, got)
}

// addCourse adds a course to the program.
func (p *modelProgram) addCourse(c *modelCourse, got sitetest.Answer) {
	c.id, c.published = got.Text("id"), got.Get("published_at")
	p.courses = append(p.courses, c)
	p.names = append(p.names, c.id, fmt.Sprint("C", len(p.courses)))
}

// nameLesson gives a new lesson a name in the story.
func (p *modelProgram) nameLesson(lesson string) {
	p.names = append(p.names, lesson, fmt.Sprint("L", len(p.names)/2+1))
}

func (p *modelProgram) title() string { return fmt.Sprint(p.word, " title ", p.r.IntN(1000)) }

func (p *modelProgram) patchCourse(c *modelCourse) {
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
	got := p.call(c.editStatus(a), "", a, "PATCH", "/courses/"+c.id, body)
	if got.Status != http.StatusOK {
		return
	}
	*c = next
	if c.status == "draft" {
		c.hideNews()
	}
	if c.published == nil && c.status == "published" {
		c.published = got.Get("published_at")
	}
	p.checkCourse(a, c, got)
}

func (p *modelProgram) deleteCourse(c *modelCourse) {
	a := p.editor()
	if got := p.call(created(c.editStatus(a), http.StatusNoContent), "", a, "DELETE", "/courses/"+c.id, nil); got.Status == http.StatusNoContent {
		c.deleted = true
		c.hideNews()
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
func (p *modelProgram) restore(c *modelCourse) {
	a := p.editor()
	want := c.editStatus(a)
	if c.deleted && c.isManager(a) && sitetest.RankOf(a.Role) >= sitetest.RankOf("instructor") {
		want = http.StatusOK
	}
	if got := p.call(want, "", a, "POST", "/courses/"+c.id+"/restore", nil); want == http.StatusOK {
		c.deleted = false
		p.checkCourse(a, c, got)
	}
}

// clone makes a draft of the caller's own, with its days moved and without learners.
func (p *modelProgram) clone(c *modelCourse) {
	if len(p.courses) > 2 {
		p.viewOnce(c)
		return
	}
	a, next, days := p.editor(), *c, p.r.IntN(2)*7
	body := object{"shift_days": days}
	if p.chance(2) {
		next.title = p.title()
		body["title"] = next.title
	}
	got := p.call(created(c.editStatus(a), http.StatusCreated), "", a, "POST", "/courses/"+c.id+"/clone", body)
	if got.Status != http.StatusCreated {
		return
	}
	next.owner, next.status, next.learners, next.lessons = a, "draft", map[sitetest.Account]*modelLearner{}, nil
	renamed := map[string]string{}
	for i, l := range c.lessons {
		copied := *l
		copied.id, copied.from = got.Text(fmt.Sprintf("lessons.%d.id", i)), later(l.from, days)
		renamed[l.id] = copied.id
		p.nameLesson(copied.id)
		next.lessons = append(next.lessons, &copied)
	}
	for _, l := range next.lessons {
		needs := l.needs
		l.needs = nil
		for _, id := range needs {
			l.needs = append(l.needs, renamed[id])
		}
	}
	p.addCourse(&next, got)
	p.checkCourse(a, &next, got)
}

func later(at string, days int) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return at
	}
	return t.AddDate(0, 0, days).Format("2006-01-02T15:04:05.000Z")
}
