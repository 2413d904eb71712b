package courses_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// object is a JSON object of an answer.
type object = map[string]any

// checkView compares all that a caller is shown of the program's courses with the model.
func (p *modelProgram) checkView(a sitetest.Account) {
	p.checkState(a)
	listed := p.listCourses(a)
	for _, c := range p.courses {
		p.checkCourseDetail(a, c, listed[c.id])
		p.checkProgress(a, c)
		p.checkLearners(a, c)
	}
	status, code := p.signStatus(a)
	p.call(status, code, a, "GET", "/storage/sign?key="+p.asset, nil)
}

// listCourses collects the program's courses from the lists of every status.
func (p *modelProgram) listCourses(a sitetest.Account) map[string]object {
	filter := p.pick("tag="+p.word, "q="+p.word, "q="+p.word+"&tag="+p.word, "owner="+p.owner.ID+"&q="+p.word)
	all := map[string]object{}
	for _, status := range []string{"published", "draft", "archived", "deleted"} {
		path := "/courses?limit=100&sort=" + p.pick("newest", "title", "updated") + "&status=" + status + "&" + filter
		if a.Role == "anonymous" && status != "published" {
			p.call(http.StatusUnauthorized, "unauthenticated", a, "GET", path, nil)
			continue
		}
		var want, got []string
		for _, c := range p.courses {
			if c.listedIn(status, a) && (c.owner == p.owner || filter[0] != 'o') {
				want = append(want, c.id)
			}
		}
		for _, item := range p.call(http.StatusOK, "", a, "GET", path, nil).Items() {
			i := item.(object)
			got = append(got, i["id"].(string))
			all[i["id"].(string)] = i
			require.Equal(p.t, status == "deleted", i["deleted_at"] != nil)
		}
		require.ElementsMatch(p.t, want, got, "%s of %s", path, a.Role)
	}
	return all
}

func (c *modelCourse) listedIn(status string, a sitetest.Account) bool {
	if c.deleted || status == "deleted" {
		return c.deleted && status == "deleted" && c.isManager(a)
	}
	return c.status == status && c.readStatus(a) == http.StatusOK
}

// checkCourseDetail compares a course with the model, and its item in a list with the course.
func (p *modelProgram) checkCourseDetail(a sitetest.Account, c *modelCourse, item object) {
	detail := p.call(c.readStatus(a), "", a, "GET", "/courses/"+c.id, nil)
	lessons := p.call(c.readStatus(a), "", a, "GET", "/courses/"+c.id+"/lessons?limit=100", nil)
	if detail.Status != http.StatusOK {
		return
	}
	p.checkCourse(a, c, detail)
	require.Equal(p.t, detail.Get("lessons"), lessons.JSON["items"])
	for i, l := range c.lessons {
		p.checkLessonDetail(a, c, l, lessons.Items()[i].(object))
	}
	require.Equal(p.t, detail.JSON, p.call(http.StatusOK, "", a, "GET", "/courses/"+detail.Text("slug"), nil).JSON)
	if item != nil { // else it is left out by the filter, as listed has checked
		short := maps.Clone(detail.JSON)
		delete(short, "description")
		delete(short, "lessons")
		require.Equal(p.t, short, item, "list and detail of %s", a.Role)
	}
}

// checkCourse compares an answer with a course of the model.
func (p *modelProgram) checkCourse(a sitetest.Account, c *modelCourse, got sitetest.Answer) {
	want := object{
		"id": c.id, "title": c.title, "visibility": c.visibility, "status": c.status, "cover_key": orNull(c.cover),
		"lesson_count": float64(len(c.lessons)), "published_at": c.published, "tags": anys(c.tags),
		"progress": any(p.progress(a, c, got.Get("progress.completed_at"))),
	}
	if a.Role == "anonymous" {
		want["progress"] = nil
	}
	for field, v := range want {
		require.Equal(p.t, v, got.Get(field), "%s as seen by %s", field, a.Role)
	}
	require.Equal(p.t, c.owner.ID, got.Text("owner.id"))
	require.Len(p.t, got.Get("lessons"), len(c.lessons))
	for i, l := range c.lessons {
		p.checkLesson(a, c, l, i+1, got.Get("lessons").([]any)[i].(object))
	}
}

// progress returns a caller's progress by the model. completed_at is known once it was shown.
func (p *modelProgram) progress(a sitetest.Account, c *modelCourse, completedAt any) object {
	l := c.of(a)
	require.Equal(p.t, l.completed, completedAt != nil, "completed_at of %s", a.Role)
	if l.completedAt == nil {
		l.completedAt = completedAt
	}
	return object{
		"percent": float64(c.meanPercent(a)), "completed_lessons": float64(l.complete()),
		"total_lessons": float64(len(c.lessons)), "completed_at": l.completedAt,
	}
}

// checkLesson compares a lesson, or its item in the outline, with the model.
func (p *modelProgram) checkLesson(a sitetest.Account, c *modelCourse, l *modelLesson, position int, got object) {
	k := c.lock(a, l)
	want := object{
		"id": l.id, "course_id": c.id, "position": float64(position), "title": l.title,
		"asset_key":        orNull(l.asset),
		"duration_seconds": float64(l.duration), "prerequisite_ids": anys(c.inOrder(l.needs)),
		"available_from":       orNull(l.from),
		"available_after_days": nil, "locked": k.locked, "locked_by": anys(k.by), "available_at": k.at,
	}
	if l.after >= 0 {
		want["available_after_days"] = float64(l.after)
	}
	for field, v := range want {
		require.Equal(p.t, v, got[field], "%s of lesson %s as seen by %s", field, l.title, a.Role)
	}
}

// checkLessonDetail reads one lesson: its item in the outline with the content, or lesson-locked with the
// same members.
func (p *modelProgram) checkLessonDetail(a sitetest.Account, c *modelCourse, l *modelLesson, line object) {
	path := "/courses/" + c.id + "/lessons/" + l.id
	if k := c.lock(a, l); k.locked {
		p.checkLocked(k, p.call(http.StatusForbidden, "lesson-locked", a, "GET", path, nil))
		return
	}
	got := p.call(http.StatusOK, "", a, "GET", path, nil).JSON
	require.Contains(p.t, got, "content")
	delete(got, "content")
	delete(got, "content_html")
	require.Equal(p.t, line, got)
}

func (p *modelProgram) checkLocked(k modelLock, got sitetest.Answer) {
	require.Equal(p.t, true, got.Get("locked"), "%s", got.Raw)
	require.Equal(p.t, anys(k.by), got.Get("locked_by"), "%s", got.Raw)
	require.Equal(p.t, k.at, got.Get("available_at"), "%s", got.Raw)
}

// checkProgress compares a caller's own progress with the model, in every answer that has it.
func (p *modelProgram) checkProgress(a sitetest.Account, c *modelCourse) {
	path, l := "/courses/"+c.id+"/progress", c.of(a)
	got := p.call(c.learnStatus(a), "", a, "GET", path, nil)
	if a.Role == "anonymous" {
		return
	}
	item := itemWith(p.call(http.StatusOK, "", a, "GET", "/users/me/progress?limit=100", nil), "course_id", c.id)
	require.Equal(p.t, l.begun && got.Status == http.StatusOK, item != nil, "in /users/me/progress of %s", a.Role)
	if got.Status != http.StatusOK {
		return
	}
	whole := p.progress(a, c, got.Get("completed_at"))
	for field, v := range whole {
		require.Equal(p.t, v, got.Get(field), "%s of %s: %s", field, a.Role, got.Raw)
		require.True(p.t, item == nil || item[field] == v, "%s of %s in %v", field, a.Role, item)
	}
	begun := got.Get("lessons").([]any)
	require.Equal(p.t, anys(c.inOrder(slices.Collect(maps.Keys(l.percent)))), fields(begun, "lesson_id"))
	for _, b := range begun {
		p.checkReport(l.percent[b.(object)["lesson_id"].(string)], b.(object))
	}
}

func (p *modelProgram) checkReport(percent int, got object) {
	require.EqualValues(p.t, percent, got["percent"])
	require.Equal(p.t, percent == 100, got["completed"])
	require.Equal(p.t, percent == 100, got["completed_at"] != nil)
}

// checkLearners compares the list of learners with the model.
func (p *modelProgram) checkLearners(a sitetest.Account, c *modelCourse) {
	got := p.call(c.editStatus(a), "", a, "GET", "/courses/"+c.id+"/learners?limit=100", nil)
	if got.Status != http.StatusOK {
		return
	}
	n := 0
	for who, l := range c.learners {
		item := itemWith(got, "user.id", who.ID)
		require.Equal(p.t, l.enrolled, item != nil, "%s among the learners", who.Role)
		if item == nil {
			continue
		}
		n++
		require.Equal(p.t,
			object{
				"percent": float64(c.meanPercent(who)), "completed_lessons": float64(l.complete()), "email": who.Email,
				"begun": l.begun, "completed": l.completed,
			},
			object{
				"percent": item["percent"], "completed_lessons": item["completed_lessons"],
				"email": item["user"].(object)["email"],
				"begun": item["last_activity_at"] != nil, "completed": item["completed_at"] != nil,
			})
		require.True(p.t, l.enrolledAt == "" || l.enrolledAt == item["enrolled_at"])
	}
	require.Len(p.t, got.Items(), n)
}

// checkState looks up the time of a caller's enrollment, which only the server knows.
func (p *modelProgram) checkState(a sitetest.Account) {
	if a.Role == "anonymous" {
		return
	}
	all := p.call(http.StatusOK, "", a, "GET", "/users/me/enrollments?limit=100", nil)
	for _, c := range p.courses {
		l, item := c.of(a), itemWith(all, "course.id", c.id)
		require.Equal(p.t, l.enrolled && c.readStatus(a) == http.StatusOK, item != nil,
			"in /users/me/enrollments of %s", a.Role)
		if item == nil {
			continue
		}
		if l.enrolledAt == "" {
			l.enrolledAt = item["enrolled_at"].(string)
		}
		require.Equal(p.t, l.enrolledAt, item["enrolled_at"])
		require.EqualValues(p.t, c.meanPercent(a), item["percent"])
		require.Equal(p.t, c.title, item["course"].(object)["title"])
	}
}

// itemWith returns the item of a page that has an id in a field.
func itemWith(page sitetest.Answer, field, id string) object {
	for _, item := range page.Items() {
		if (sitetest.Answer{JSON: item.(object)}).Text(field) == id {
			return item.(object)
		}
	}
	return nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i := range list {
		out[i] = list[i]
	}
	return out
}

func fields(items []any, name string) []any {
	out := make([]any, len(items))
	for i := range items {
		out[i] = items[i].(object)[name]
	}
	return out
}

// encodeJSON returns a value as JSON.
func encodeJSON(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}
