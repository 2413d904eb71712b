package courses_test

import (
	"fmt"
	"lyceum/app/sitetest"
	"net/http"
	"slices"
)

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
		strangers := append([]string{sitetest.UnknownID}, p.gone...)
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
		l.title = fmt.Sprint("title ", p.r.IntN(1000))
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
	a, l := p.editor(), &modelLesson{title: fmt.Sprint("title ", p.r.IntN(1000)), after: -1}
	body := object{"title": l.title, "content": "**text**"}
	if p.once(2) {
		l.asset, body["asset_key"] = p.asset, p.asset
	}
	valid := p.once(3) || p.changeLesson(c, l, body)
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
	l.id = got.Text("id")
	c.lessons = append(c.lessons, l)
	p.named(l.id)
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
		ids[0] = p.pick(ids[len(ids)-1], sitetest.UnknownID)
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
		p.isLesson(a, c, l, i+1, got.Items()[i].(object))
	}
}
