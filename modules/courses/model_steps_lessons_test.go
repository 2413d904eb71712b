package courses_test

import (
	"fmt"
	"net/http"
	"slices"

	"lyceum/app/sitetest"
)

// pickLessons returns up to n lessons of the course, and at times one that is not among them.
func (p *modelProgram) pickLessons(c *modelCourse, n int) (ids []string, all bool) {
	all, ids = true, []string{}
	for range p.r.IntN(n + 1) {
		id := p.lessonOf(c)
		all = all && c.lesson(id) != nil
		ids = append(ids, id)
	}
	return ids, all
}

// lessonOf chooses a lesson, now and then one that is gone, of another course, or of none.
func (p *modelProgram) lessonOf(c *modelCourse) string {
	if p.chance(20) || len(c.lessons) == 0 {
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

// changeLesson puts one random change into a lesson and a body. It returns whether the change is allowed.
func (p *modelProgram) changeLesson(c *modelCourse, l *modelLesson, body object) (valid bool) {
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
		ids, all := p.pickLessons(c, 2)
		valid = all && !c.isCircular(l.id, ids)
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

func (p *modelProgram) addLesson(c *modelCourse) {
	a, l := p.editor(), &modelLesson{title: fmt.Sprint("title ", p.r.IntN(1000)), after: -1}
	body := object{"title": l.title, "content": "**text**"}
	if p.chance(2) {
		l.asset, body["asset_key"] = p.asset, p.asset
	}
	valid := p.chance(3) || p.changeLesson(c, l, body)
	if body["prerequisite_ids"] == nil {
		delete(body, "prerequisite_ids")
	}
	want := created(c.editStatus(a), http.StatusCreated)
	if want == http.StatusCreated && !valid {
		want = http.StatusUnprocessableEntity
	}
	got := p.call(want, "", a, "POST", "/courses/"+c.id+"/lessons", body)
	if want != http.StatusCreated {
		return
	}
	l.id = got.Text("id")
	c.lessons = append(c.lessons, l)
	p.nameLesson(l.id)
	p.checkLesson(a, c, l, len(c.lessons), got.JSON)
}

func (p *modelProgram) patchLesson(c *modelCourse) {
	a, id, body := p.editor(), p.lessonOf(c), object{}
	l, want := c.lesson(id), c.editStatus(a)
	if l == nil {
		p.call(missing(want), "", a, "PATCH", "/courses/"+c.id+"/lessons/"+id, object{"title": "x"})
		return
	}
	next := *l
	if !p.changeLesson(c, &next, body) && want == http.StatusOK {
		want = http.StatusUnprocessableEntity
	}
	got := p.call(want, "", a, "PATCH", "/courses/"+c.id+"/lessons/"+id, body)
	if want == http.StatusOK {
		*l = next
		p.checkLesson(a, c, l, slices.Index(c.lessons, l)+1, got.JSON)
	}
}

// missing returns the answer to a caller who would be allowed to read the lesson if it existed.
func missing(status int) int { return created(status, http.StatusNotFound) }

func (p *modelProgram) deleteLesson(c *modelCourse) {
	a, id := p.editor(), p.lessonOf(c)
	want := created(c.editStatus(a), http.StatusNoContent)
	if want == http.StatusNoContent && c.lesson(id) == nil {
		want = http.StatusNotFound
	}
	if p.call(want, "", a, "DELETE", "/courses/"+c.id+"/lessons/"+id, nil); want == http.StatusNoContent {
		p.gone = append(p.gone, id)
		c.removeLesson(id)
	}
}

// reorder gives the lessons another order, at times with one too few or twice the same.
func (p *modelProgram) reorder(c *modelCourse) {
	a, order := p.editor(), slices.Clone(c.lessons)
	p.r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	ids := []string{}
	for _, l := range order {
		ids = append(ids, l.id)
	}
	want := c.editStatus(a)
	if len(ids) > 0 && p.chance(4) {
		ids[0] = p.pick(ids[len(ids)-1], sitetest.UnknownID)
		if want == http.StatusOK && ids[0] != order[0].id {
			want = http.StatusUnprocessableEntity
		}
	}
	got := p.call(want, "", a, "PUT", "/courses/"+c.id+"/lessons/order", object{"lesson_ids": ids})
	if want != http.StatusOK {
		return
	}
	c.lessons = order
	for i, l := range c.lessons {
		p.checkLesson(a, c, l, i+1, got.Items()[i].(object))
	}
}
