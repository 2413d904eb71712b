package main

import (
	"fmt"
	"net/http"
	"slices"
)

// steps are what a trial can do, as often as they stand here.
var steps = []func(*trial, *modelCourse){
	(*trial).patchCourse, (*trial).patchCourse, (*trial).patchCourse,
	(*trial).addLesson, (*trial).addLesson,
	(*trial).patchLesson, (*trial).patchLesson,
	(*trial).deleteLesson, (*trial).reorder,
	(*trial).report, (*trial).report, (*trial).report, (*trial).report, (*trial).report, (*trial).report,
	(*trial).enroll, (*trial).enroll, (*trial).unenroll,
	(*trial).deleteCourse,
	(*trial).look,
}

func (p *trial) step() { steps[p.r.IntN(len(steps))](p, p.courses[p.r.IntN(len(p.courses))]) }

// look compares the whole view of one caller while the program runs.
func (p *trial) look(*modelCourse) { p.sees(p.anyone()) }

// begin makes the asset and the first course, with some lessons.
func (p *trial) begin() {
	p.asset = "model/" + p.word
	up := p.act(http.StatusCreated, "", p.owner, "POST", "/storage/uploads", object{"key": p.asset, "content_type": "text/plain", "size": 5})
	p.s.put(up, "model")
	p.act(http.StatusOK, "", p.owner, "POST", "/storage/uploads/"+up.str("id")+"/complete", nil)
	p.createCourse()
	for range p.r.IntN(4) {
		p.addLesson(p.courses[0])
	}
}

func (p *trial) createCourse() {
	c := &modelCourse{title: p.title(), visibility: p.pick("public", "member", "private"), status: p.pick("draft", "published", "published"),
		owner: p.owner, tags: []string{p.word}, learners: map[actor]*modelLearner{}}
	got := p.act(http.StatusCreated, "", p.owner, "POST", "/courses", object{"title": c.title, "visibility": c.visibility, "status": c.status, "tags": c.tags})
	p.take(c, got)
	p.isCourse(p.owner, c, got)
}

// take adds a course to the trial.
func (p *trial) take(c *modelCourse, got answer) {
	c.id, c.published = got.str("id"), got.get("published_at")
	p.courses = append(p.courses, c)
	p.names = append(p.names, c.id, fmt.Sprint("C", len(p.courses)))
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
		c.published = got.get("published_at")
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

// some chooses up to n of the course's lessons, once in a while one that is not among them.
func (p *trial) some(c *modelCourse, n int) (ids []string, all bool) {
	all, ids = true, []string{}
	for range p.r.IntN(n + 1) {
		id := p.lessonOf(c)
		all = all && c.lesson(id) != nil
		ids = append(ids, id)
	}
	return ids, all
}

// lessonOf chooses a lesson, now and then one that is gone, of another course, or of none.
func (p *trial) lessonOf(c *modelCourse) string {
	if p.once(20) || len(c.lessons) == 0 {
		strangers := append([]string{nowhere}, p.gone...)
		for _, other := range p.courses {
			for _, l := range other.lessons {
				if other != c {
					strangers = append(strangers, l.id)
				}
			}
		}
		return p.pick(strangers...)
	}
	return c.lessons[p.r.IntN(len(c.lessons))].id
}

// changeLesson puts one random change into a lesson and a body, and says whether it may be made.
func (p *trial) changeLesson(c *modelCourse, l *modelLesson, body object) (valid bool) {
	switch p.r.IntN(7) {
	case 0:
		l.title = fmt.Sprint("L", p.r.IntN(1000))
		body["title"] = l.title
	case 1:
		l.asset = p.pick(p.asset, "")
		body["asset_key"] = orNull(l.asset)
	case 2:
		l.duration = p.r.IntN(3)
		body["duration_seconds"] = l.duration
	case 3, 4:
		ids, all := p.some(c, 2)
		valid = all && !c.circle(l.id, ids)
		l.needs, body["prerequisite_ids"] = ids, ids
		return valid
	case 5:
		l.from = p.pick("", "2020-01-01T00:00:00.000Z", "2099-01-01T00:00:00.000Z")
		body["available_from"] = orNull(l.from)
	case 6:
		l.after = []int{-1, 0, 30}[p.r.IntN(3)]
		body["available_after_days"] = any(nil)
		if l.after >= 0 {
			body["available_after_days"] = l.after
		}
	}
	return true
}

func (p *trial) addLesson(c *modelCourse) {
	a, l := p.editor(), &modelLesson{title: fmt.Sprint("L", p.r.IntN(1000)), after: -1}
	body := object{"title": l.title, "content": "**text**"}
	valid := p.once(2) || p.changeLesson(c, l, body)
	if body["prerequisite_ids"] == nil {
		delete(body, "prerequisite_ids")
	}
	want := created(c.edits(a), http.StatusCreated)
	if want == http.StatusCreated && !valid {
		want = http.StatusUnprocessableEntity
	}
	got := p.act(want, "", a, "POST", "/courses/"+c.id+"/lessons", body)
	if want != http.StatusCreated {
		return
	}
	l.id = got.str("id")
	c.lessons = append(c.lessons, l)
	p.names = append(p.names, l.id, fmt.Sprint("lesson", len(p.names)))
	p.isLesson(a, c, l, len(c.lessons), got.JSON)
}

func (p *trial) patchLesson(c *modelCourse) {
	a, id, body := p.editor(), p.lessonOf(c), object{}
	l, want := c.lesson(id), c.edits(a)
	if l == nil {
		p.act(missing(want), "", a, "PATCH", "/courses/"+c.id+"/lessons/"+id, object{"title": "x"})
		return
	}
	next := *l
	if !p.changeLesson(c, &next, body) && want == http.StatusOK {
		want = http.StatusUnprocessableEntity
	}
	got := p.act(want, "", a, "PATCH", "/courses/"+c.id+"/lessons/"+id, body)
	if want == http.StatusOK {
		*l = next
		p.isLesson(a, c, l, slices.Index(c.lessons, l)+1, got.JSON)
	}
}

// missing is what somebody is told who could have had it, if it were there.
func missing(status int) int { return created(status, http.StatusNotFound) }

func (p *trial) deleteLesson(c *modelCourse) {
	a, id := p.editor(), p.lessonOf(c)
	want := created(c.edits(a), http.StatusNoContent)
	if want == http.StatusNoContent && c.lesson(id) == nil {
		want = http.StatusNotFound
	}
	if p.act(want, "", a, "DELETE", "/courses/"+c.id+"/lessons/"+id, nil); want == http.StatusNoContent {
		p.gone = append(p.gone, id)
		c.remove(id)
	}
}

// reorder gives the lessons another order, at times with one too few or twice the same.
func (p *trial) reorder(c *modelCourse) {
	a, order := p.editor(), slices.Clone(c.lessons)
	p.r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	ids := []string{}
	for _, l := range order {
		ids = append(ids, l.id)
	}
	want := c.edits(a)
	if len(ids) > 0 && p.once(4) {
		ids[0] = p.pick(ids[len(ids)-1], nowhere)
		if want == http.StatusOK && ids[0] != order[0].id {
			want = http.StatusUnprocessableEntity
		}
	}
	got := p.act(want, "", a, "PUT", "/courses/"+c.id+"/lessons/order", object{"lesson_ids": ids})
	if want != http.StatusOK {
		return
	}
	c.lessons = order
	for i, l := range c.lessons {
		p.isLesson(a, c, l, i+1, got.items()[i].(object))
	}
}

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
		c.of(a).enrolledAt = got.str("enrolled_at")
	}
}

func (p *trial) unenroll(c *modelCourse) {
	a := p.learner()
	if p.act(created(c.learns(a), http.StatusNoContent), "", a, "DELETE", "/courses/"+c.id+"/enrollment", nil).Status == http.StatusNoContent {
		c.of(a).enrolled = false
	}
}
