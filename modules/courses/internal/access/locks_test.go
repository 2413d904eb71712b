package access_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
)

// classroom is a course with locked lessons.
type classroom struct {
	*sitetest.Site
	teacher, path string
	lessons       map[string]string
}

func (c *classroom) addLesson(name string, more map[string]any) {
	c.T.Helper()
	key := fmt.Sprintf("locks/%s.txt", name)
	up := c.Want(201, "POST", "/storage/uploads", c.teacher,
		map[string]any{"key": key, "content_type": "text/plain", "size": 1})
	c.Upload(up, "x")
	c.Want(200, "POST", "/storage/uploads/"+up.Text("id")+"/complete", c.teacher, nil)
	body := map[string]any{"title": name, "content": "secret of " + name, "asset_key": key}
	for k, v := range more {
		body[k] = v
	}
	c.lessons[name] = c.Want(201, "POST", c.path+"/lessons", c.teacher, body).Text("id")
}

// requireLock checks that outline, lesson, progress and signed URL agree: locked or not, by what, until
// when.
func (c *classroom) requireLock(token, name string, locked bool, by []any, until any) {
	c.T.Helper()
	var found bool
	for _, list := range []sitetest.Answer{
		c.Want(200, "GET", c.path, token, nil), c.Want(200, "GET", c.path+"/lessons", token, nil),
	} {
		lessons, _ := list.Get("lessons").([]any)
		for _, item := range append(lessons, list.Items()...) {
			l := item.(map[string]any)
			require.NotContains(c.T, l, "content")
			if l["id"] != c.lessons[name] {
				continue
			}
			found = true
			require.Equal(c.T, []any{locked, by, until}, []any{l["locked"], l["locked_by"], l["available_at"]}, name)
		}
	}
	require.True(c.T, found, name)
	lesson := c.path + "/lessons/" + c.lessons[name]
	asked := []sitetest.Answer{c.Call("GET", lesson, token, nil), c.Call("HEAD", lesson, token, nil)}
	if token != "" {
		asked = append(asked, c.Call("GET", "/storage/sign?key=locks/"+name+".txt", token, nil),
			c.Call("PUT", lesson+"/progress", token, `{"percent":0}`))
	}
	for i, a := range asked {
		if !locked {
			require.Equal(c.T, 200, a.Status, "%s: %d: %s", name, i, a.Raw)
			continue
		}
		require.Equal(c.T, 403, a.Status, "%s: %d: %s", name, i, a.Raw)
		require.NotContains(c.T, string(a.Raw), "secret")
		if i != 1 {
			require.Equal(c.T, []any{"lesson-locked", by, until},
				[]any{a.Get("code"), a.Get("locked_by"), a.Get("available_at")}, name)
		}
	}
}

func TestLocks(t *testing.T) {
	sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
		cast := s.NewCast()
		c := &classroom{s, cast.Instructor, "", map[string]string{}}
		c.path = "/courses/" + s.Want(201, "POST", "/courses", c.teacher, `{"title":"Locks","status":"published"}`).Text("id")
		c.addLesson("first", nil)
		c.addLesson("second", map[string]any{"prerequisite_ids": []string{c.lessons["first"]}})
		c.addLesson("third", map[string]any{"prerequisite_ids": []string{c.lessons["second"], c.lessons["first"]}})
		c.addLesson("later", map[string]any{"available_from": "2999-01-01T00:00:00Z"})
		c.addLesson("drip", map[string]any{"available_after_days": 7})
		c.addLesson("open", map[string]any{"available_from": "2001-01-01T00:00:00Z", "available_after_days": 0})
		first, second := c.lessons["first"], c.lessons["second"]
		none := []any{}

		c.requireLock("", "second", true, []any{first}, nil)
		c.requireLock("", "drip", true, none, nil)
		c.requireLock(cast.User, "open", true, none, nil) // days after an enrollment that is not there
		c.requireLock(cast.User, "third", true, []any{first, second}, nil)
		c.requireLock(cast.User, "later", true, none, "2999-01-01T00:00:00.000Z")
		c.requireLock(cast.User, "first", false, none, nil) // which enrolls
		c.requireLock(cast.User, "open", false, none, nil)
		enrolled, err := time.Parse(time.RFC3339,
			s.Want(200, "GET", "/users/me/enrollments", cast.User, nil).Text("items.0.enrolled_at"))
		require.NoError(t, err)
		c.requireLock(cast.User, "drip", true, none, enrolled.Add(7*24*time.Hour).Format("2006-01-02T15:04:05.000Z"))
		for _, manager := range []string{c.teacher, cast.Admin} {
			for name := range c.lessons {
				c.requireLock(manager, name, false, none, nil)
			}
		}

		done := func(name string) {
			s.Want(200, "PUT", c.path+"/lessons/"+c.lessons[name]+"/progress", cast.User, `{"percent":100}`)
		}
		done("first")
		c.requireLock(cast.User, "second", false, none, nil)
		c.requireLock(cast.User, "third", true, []any{second}, nil)
		done("second")
		c.requireLock(cast.User, "third", false, none, nil)
		s.Want(200, "PUT", c.path+"/lessons/"+first+"/progress", cast.User, `{"percent":10,"reset":true}`)
		c.requireLock(cast.User, "third", true, []any{first}, nil)
		s.Want(204, "DELETE", c.path+"/lessons/"+first, c.teacher, nil)
		delete(c.lessons, "first")
		c.requireLock(cast.User, "third", false, none, nil)

		_, err = d.Exec(t.Context(), "UPDATE enrollments SET created_at = created_at - ?",
			(7 * 24 * time.Hour).Milliseconds())
		require.NoError(t, err)
		c.requireLock(cast.User, "drip", false, none, nil)
		s.Want(200, "PATCH", c.path+"/lessons/"+c.lessons["later"], c.teacher, `{"available_from":null}`)
		c.requireLock(cast.User, "later", false, none, nil)
	})
}

// A lesson that a learner has completed stays open to them, whatever the teacher adds to it afterwards and whether they
// are enrolled or not. What they have not completed is locked as before; a reset makes a lesson one of these.
func TestCompletedLessonsStayOpen(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		cast := s.NewCast()
		c := &classroom{s, cast.Instructor, "", map[string]string{}}
		c.path = "/courses/" + s.Want(201, "POST", "/courses", c.teacher, `{"title":"Stay","status":"published"}`).Text("id")
		for _, name := range []string{"before", "done", "begun"} {
			c.addLesson(name, nil)
		}
		c.addLesson("after", map[string]any{"prerequisite_ids": []string{c.lessons["done"]}})
		path := func(name string) string { return c.path + "/lessons/" + c.lessons[name] }
		s.Want(200, "PUT", path("done")+"/progress", cast.User, `{"percent":100}`)
		s.Want(200, "PUT", path("begun")+"/progress", cast.User, `{"percent":99}`)
		none, before := []any{}, []any{c.lessons["before"]}
		for _, locks := range []string{
			`{"available_from":"2999-01-01T00:00:00Z"}`, `{"available_from":null,"available_after_days":30}`,
			`{"available_after_days":null,"prerequisite_ids":["` + c.lessons["before"] + `"]}`,
			`{"available_from":"2999-01-01T00:00:00Z","available_after_days":30}`,
		} {
			s.Want(200, "PATCH", path("done"), c.teacher, locks)
			s.Want(200, "PATCH", path("begun"), c.teacher, locks)
			c.requireLock(cast.User, "done", false, none, nil)
			require.Equal(t, 403, s.Call("GET", path("begun"), cast.User, nil).Status, locks)
			require.Equal(t, 403, s.Call("GET", path("done"), cast.Member, nil).Status,
				"it stays open to who has completed it alone")
			c.requireLock(cast.User, "after", false, none, nil)
			s.Want(200, "PUT", path("done")+"/progress", cast.User, `{"percent":100,"position_seconds":5}`)
		}
		c.requireLock(cast.User, "begun", true, before, "2999-01-01T00:00:00.000Z")
		s.Want(204, "DELETE", c.path+"/enrollment", cast.User, nil)
		require.Equal(t, 200, s.Call("GET", path("done"), cast.User, nil).Status,
			"not enrolled any more, completed all the same")
		require.Equal(t, 200, s.Call("GET", "/storage/sign?key=locks/done.txt", cast.User, nil).Status)
		s.Want(200, "PUT", path("done")+"/progress", cast.User, `{"percent":10,"reset":true}`)
		c.requireLock(cast.User, "done", true, before, "2999-01-01T00:00:00.000Z")
	})
}

// Days count from the first enrollment, by whatever way a learner leaves and comes back.
func TestDaysCountFromTheFirstEnrollment(t *testing.T) {
	sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
		teacher := s.NewCast().Instructor
		admin := s.AdminToken()
		email, id, learner := s.NewAccount("returner")
		c := &classroom{s, teacher, "", map[string]string{}}
		course := s.Want(201, "POST", "/courses", teacher, `{"title":"Days","status":"published"}`).Text("id")
		c.path = "/courses/" + course
		c.addLesson("week", map[string]any{"available_after_days": 7})
		c.addLesson("month", map[string]any{"available_after_days": 30})
		c.addLesson("free", nil)
		s.Want(201, "POST", c.path+"/enrollment", learner, nil)
		for _, table := range []string{"enrollments.created_at", "enrollment_starts.started_at"} {
			name, column, _ := strings.Cut(table, ".")
			_, err := d.Exec(t.Context(), "UPDATE "+name+" SET "+column+" = "+column+" - ? WHERE user_id = ?",
				(8 * 24 * time.Hour).Milliseconds(), id)
			require.NoError(t, err)
		}
		first := s.Want(200, "GET", "/users/me/enrollments", learner, nil).Text("items.0.enrolled_at")
		started, err := time.Parse(time.RFC3339, first)
		require.NoError(t, err)
		month := started.Add(30 * 24 * time.Hour).Format("2006-01-02T15:04:05.000Z")
		leave := func() { s.Want(204, "DELETE", c.path+"/enrollment", learner, nil) }
		for way, back := range map[string]func(){
			"enrolls again": func() { s.Want(201, "POST", c.path+"/enrollment", learner, nil) },
			"reports": func() {
				s.Want(200, "PUT", c.path+"/lessons/"+c.lessons["free"]+"/progress", learner,
					`{"percent":0}`)
			},
			"by batch": func() {
				s.Want(200, "POST", c.path+"/enrollments/batch", teacher, sitetest.Batch(email))
			},
			"by invite": func() {
				code := s.Want(201, "POST", "/admin/invites", admin,
					map[string]any{"role_to_grant": "member", "course_ids": []string{course}}).Text("code")
				s.Want(200, "POST", "/invites/redeem", learner, map[string]any{"code": code})
			},
			"after the trash": func() {
				s.Want(201, "POST", c.path+"/enrollment", learner, nil)
				s.Want(204, "DELETE", c.path, teacher, nil)
				s.Want(200, "POST", c.path+"/restore", teacher, nil)
			},
		} {
			leave()
			c.requireLock(learner, "week", true, []any{}, nil)
			back()
			require.Equal(t, first,
				s.Want(200, "GET", "/users/me/enrollments", learner, nil).Text("items.0.enrolled_at"), way)
			c.requireLock(learner, "week", false, []any{}, nil)
			c.requireLock(learner, "month", true, []any{}, month)
		}
	})
}

func TestPrerequisites(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		make := func() (string, []string) {
			path := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Graph","status":"published"}`).Text("id") + "/lessons"
			ids := []string{}
			for i := range 4 {
				ids = append(ids, s.Want(201, "POST", path, admin, map[string]any{"title": fmt.Sprint(i)}).Text("id"))
			}
			return path, ids
		}
		path, ids := make()
		_, others := make()
		set := func(i int, before ...string) sitetest.Answer {
			return s.Call("PATCH", path+"/"+ids[i], admin, map[string]any{"prerequisite_ids": before})
		}
		require.Equal(t, []any{ids[1], ids[2]}, set(3, ids[2], ids[1], ids[2]).Get("prerequisite_ids"),
			"each once, in the course's order")
		require.Equal(t, 200, set(2, ids[1]).Status)
		require.Equal(t, 200, set(1, ids[0]).Status)
		for _, bad := range [][]string{{ids[0]}, {ids[3]}, {others[0]}, {"nonsense"}, {""}, {strings.ToUpper(ids[1])}} {
			a := set(0, bad...)
			require.Equal(t, 422, a.Status, "%v: %s", bad, a.Raw)
		}
		require.Equal(t, 422,
			s.Call("POST", path, admin, map[string]any{"title": "x", "prerequisite_ids": []string{others[0]}}).Status)
		etag := s.Want(200, "GET", path+"/"+ids[3], admin, nil).Header.Get("ETag")
		require.Equal(t, etag, set(3, ids[1], ids[2]).Header.Get("ETag"), "nothing new, no new version")
		require.Equal(t, []any{},
			s.Want(200, "PATCH", path+"/"+ids[3], admin, `{"prerequisite_ids":null}`).Get("prerequisite_ids"))
		for _, bad := range []string{
			`{"available_from":"soon"}`, `{"available_from":"1969-12-31T23:59:59Z"}`, `{"available_from":5}`,
			`{"available_after_days":-1}`,
			`{"available_after_days":36501}`, `{"available_after_days":1.5}`, `{"prerequisite_ids":"x"}`,
			`{"prerequisite_ids":[1]}`, `{"prerequisite_ids":[null]}`,
		} {
			a := s.Call("PATCH", path+"/"+ids[3], admin, bad)
			require.Equal(t, 422, a.Status, "%s: %s", bad, a.Raw)
		}
	})
}
