package chat

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/courses/coursestest"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

func TestHQExistsOnceAndStays(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		var starting sync.WaitGroup
		for range 8 {
			starting.Go(func() { require.NoError(t, r.service.ensureHQ(t.Context())) })
		}
		starting.Wait()
		user, admin := s.user("Uli"), s.admin("Ada")
		list := items(r.want(200, user, "GET", "/channels", nil))
		require.Len(t, list, 1)
		want := object{"slug": "hq", "title": hqTitle, "visibility": "public", "last_seq": 0.0, "unread": 0.0}
		require.Equal(t, want, list[0])
		r.want(403, admin, "DELETE", "/channels/hq", nil)
		r.want(403, admin, "PATCH", "/channels/hq", object{"visibility": "private"})
		r.want(200, admin, "PATCH", "/channels/hq", object{"title": "Agora"})
	})
}

func TestCreateChannel(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		ivo := s.instructor("Ivo")
		t.Run("for instructors only", func(t *testing.T) {
			r.want(401, person{}, "POST", "/channels", object{"title": "x", "visibility": "public"})
			r.want(403, s.user("Uli"), "POST", "/channels", object{"title": "x", "visibility": "public"})
		})
		t.Run("with a slug from its title", func(t *testing.T) {
			title := object{"title": "Über uns & andere!", "visibility": "public"}
			created := r.want(201, ivo, "POST", "/channels", title)
			require.Equal(t, "uber-uns-andere", created.body["slug"])
			require.Equal(t, "/channels/uber-uns-andere", created.header.Get("Location"))
			require.Equal(t, "uber-uns-andere-2", r.want(201, ivo, "POST", "/channels", title).body["slug"])
			nameless := r.want(201, ivo, "POST", "/channels", object{"title": "!?", "visibility": "public"})
			require.Equal(t, "channel", nameless.body["slug"])
		})
		t.Run("not with the slug of another", func(t *testing.T) {
			taken := r.want(409, ivo, "POST", "/channels", object{"title": "x", "slug": "hq", "visibility": "public"})
			require.Equal(t, "slug-taken", taken.code())
		})
		for name, bad := range map[string]object{
			"a slug in upper case":         {"title": "x", "visibility": "public", "slug": "A"},
			"an empty slug":                {"title": "x", "visibility": "public", "slug": ""},
			"an empty title":               {"title": " ", "visibility": "public"},
			"no title":                     {"visibility": "public"},
			"a long title":                 {"title": strings.Repeat("x", 201), "visibility": "public"},
			"a title that turns text":      {"title": "a\u202eb", "visibility": "public"},
			"an unknown visibility":        {"title": "x", "visibility": "secret"},
			"a course without its channel": {"title": "x", "visibility": "public", "course_id": ids.New()},
			"an unknown course":            {"title": "x", "visibility": "course", "course_id": ids.New()},
		} {
			t.Run("not with "+name, func(t *testing.T) { r.want(422, ivo, "POST", "/channels", bad) })
		}
		created := "channel.created"
		require.Equal(t, []string{created, created, created}, r.audit.actions())
	})
}

func TestUpdateAndDeleteChannel(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		ivo, other, admin, user := s.instructor("Ivo"), s.instructor("Olga"), s.admin("Ada"), s.user("Uli")
		const path = "/channels/room"
		r.want(201, ivo, "POST", "/channels", object{"title": "Room", "visibility": "public"})
		etag := r.want(200, ivo, "GET", path, nil).header.Get("ETag")

		r.want(403, other, "PATCH", path, object{"title": "y"})
		r.want(403, user, "PATCH", path, object{"title": "y"})
		r.want(404, ivo, "PATCH", "/channels/none", object{"title": "y"})
		r.want(404, ivo, "GET", "/channels/NONE", nil)
		changed := r.want(200, ivo, "PATCH", path, object{"title": "y", "visibility": "member"}, "If-Match", etag)
		require.Equal(t, "member", changed.body["visibility"])
		r.want(412, ivo, "PATCH", path, object{"title": "z"}, "If-Match", etag)
		same := r.want(200, ivo, "PATCH", path, object{"title": "y"})
		require.Equal(t, changed.header.Get("ETag"), same.header.Get("ETag"))

		r.want(403, other, "DELETE", path, nil)
		r.want(412, ivo, "DELETE", path, nil, "If-Match", etag)
		r.want(204, admin, "DELETE", path, nil)
		r.want(404, ivo, "GET", path, nil)
		r.want(404, ivo, "GET", path+"/messages", nil)
		r.want(201, ivo, "POST", "/channels", object{"title": "free again", "slug": "room", "visibility": "public"})
		want := []string{"channel.created", "channel.updated", "channel.deleted", "channel.created"}
		require.Equal(t, want, r.audit.actions())
	})
}

func TestRepeatedRequestsAreAnsweredOnce(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	ivo := s.instructor("Ivo")
	create := func() reply {
		return r.want(201, ivo, "POST", "/channels", object{"title": "x", "visibility": "public"}, "Idempotency-Key", "k")
	}
	first, second := create(), create()
	require.Equal(t, first.body, second.body)
	require.Equal(t, "true", second.header.Get("Idempotency-Replayed"))
	post := func() reply {
		return r.want(201, ivo, "POST", "/channels/x/messages", object{"body": "once"}, "Idempotency-Key", "m")
	}
	require.Equal(t, post().body, post().body)
	require.Equal(t, 1.0, r.want(200, ivo, "GET", "/channels/x", nil).body["last_seq"])
}

// classOf returns the courses of a server with one course.
func classOf(courseID string, owner, learner person) *coursestest.Reader {
	return &coursestest.Reader{
		FindFunc: func(id string) (coursesapi.Course, bool) {
			return coursesapi.Course{ID: id, OwnerID: owner.id}, id == courseID
		},
		CanReadFunc:  func(c identity.Caller, _ string) bool { return c.HasRole(usersapi.RoleMember) },
		EnrolledFunc: func(user, id string) bool { return user == learner.id && id == courseID },
		EnrolledCoursesFunc: func(user string) []string {
			if user == learner.id || user == owner.id {
				return []string{courseID}
			}
			return nil
		},
	}
}

// A3, A6: each route, the socket and the list show a channel to its readers and to nobody else.
func TestReadersOfChannels(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		owner, learner := s.instructor("Owner"), s.user("Learner")
		courseID := ids.New()
		courses := classOf(courseID, owner, learner)
		s.courses = courses
		r := s.replica()
		admin, creator, invited := s.admin("Admin"), s.instructor("Creator"), s.user("Invited")
		member, user := s.member("Member"), s.user("User")
		for slug, v := range map[string]string{"open": "public", "club": "member", "secret": "private"} {
			r.want(201, creator, "POST", "/channels", object{"title": slug, "slug": slug, "visibility": v})
		}
		r.want(403, creator, "POST", "/channels", object{"title": "x", "visibility": "course", "course_id": courseID})
		r.want(422, owner, "POST", "/channels", object{"title": "x", "visibility": "course", "course_id": ids.New()})
		r.want(422, owner, "POST", "/channels", object{"title": "x", "visibility": "course", "course_id": "x"})
		r.want(422, owner, "POST", "/channels", object{"title": "x", "visibility": "course"})
		class := object{"title": "class", "slug": "class", "visibility": "course", "course_id": courseID}
		require.Equal(t, courseID, r.want(201, owner, "POST", "/channels", class).body["course_id"])
		r.want(200, creator, "PUT", "/channels/secret/members/"+invited.id, nil)

		everybody := []person{admin, creator, invited, member, user, owner, learner}
		for slug, readers := range map[string][]person{
			"open": everybody, "club": {admin, creator, member, owner},
			"secret": {admin, creator, invited}, "class": {admin, owner, learner},
		} {
			for _, p := range everybody {
				t.Run(slug+" for "+p.name, func(t *testing.T) {
					r.checkAccess(t, p, slug, slices.Contains(readers, p))
				})
			}
		}
		t.Run("only administrators read the channel of a deleted course", func(t *testing.T) {
			courses.FindFunc = func(string) (coursesapi.Course, bool) { return coursesapi.Course{}, false }
			courses.EnrolledCoursesFunc = func(string) []string { return nil }
			r.publish(owner, coursesapi.CourseDeleted{CourseID: courseID})
			r.want(403, learner, "GET", "/channels/class", nil)
			r.want(200, admin, "GET", "/channels/class", nil)
		})
	})
}

// checkAccess checks that p may use a channel in every way, or in none.
func (r *replica) checkAccess(t *testing.T, p person, slug string, canRead bool) {
	t.Helper()
	read, created, upgraded := 403, 403, 403
	if canRead {
		read, created, upgraded = 200, 201, 101
	}
	for _, path := range []string{"", "/messages", "/presence"} {
		require.Equal(t, read, r.call(p, "GET", "/channels/"+slug+path, nil).status, path)
	}
	require.Equal(t, created, r.call(p, "POST", "/channels/"+slug+"/messages", object{"body": "hi"}).status)
	_, status := r.dial(p, "/ws/channels/"+slug)
	require.Equal(t, upgraded, status)
	isListed := slices.ContainsFunc(items(r.want(200, p, "GET", "/channels", nil)), func(c object) bool {
		return c["slug"] == slug
	})
	require.Equal(t, canRead, isListed)
}

func TestWithoutCoursesThereAreNoCourseChannels(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	ivo := s.instructor("Ivo")
	a := r.want(422, ivo, "POST", "/channels", object{"title": "x", "visibility": "course", "course_id": ids.New()})
	require.Equal(t, "validation-failed", a.code())
}

func TestMembersOfPrivateChannels(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		ivo, uli, olga := s.instructor("Ivo"), s.user("Uli"), s.instructor("Olga")
		r.want(201, ivo, "POST", "/channels", object{"title": "Staff", "slug": "staff", "visibility": "private"})
		path := "/channels/staff/members/" + uli.id
		r.want(404, ivo, "GET", path, nil)
		r.want(403, olga, "PUT", path, nil)
		r.want(403, uli, "PUT", path, nil)
		r.want(404, ivo, "PUT", "/channels/staff/members/"+ids.New(), nil)
		r.want(404, ivo, "PUT", "/channels/staff/members/x", nil)
		put := r.want(200, ivo, "PUT", path, nil)
		require.Equal(t, object{"id": uli.id, "display_name": "Uli"}, put.body["user"])
		require.Equal(t, put.body, r.want(200, ivo, "PUT", path, nil).body)
		require.Equal(t, put.body, r.want(200, ivo, "GET", path, nil).body)
		r.want(200, uli, "GET", "/channels/staff", nil)
		socket := r.enter(uli, "/ws/channels/staff")
		r.want(204, ivo, "DELETE", path, nil)
		require.Equal(t, 4403, socket.closeCode())
		r.want(404, ivo, "DELETE", path, nil)
		r.want(404, ivo, "DELETE", "/channels/staff/members/x", nil)
		r.want(404, ivo, "GET", "/channels/staff/members/x", nil)
		r.want(403, uli, "GET", "/channels/staff", nil)
		r.want(201, ivo, "POST", "/channels", object{"title": "Open", "slug": "open", "visibility": "public"})
		r.want(422, ivo, "PUT", "/channels/open/members/"+uli.id, nil)
		want := []string{"channel.created", "channel.updated", "channel.updated", "channel.created"}
		require.Equal(t, want, r.audit.actions())
	})
}

func TestListPagesWithCursors(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		ivo := s.instructor("Ivo")
		for range 5 {
			r.want(201, ivo, "POST", "/channels", object{"title": "Room", "visibility": "public"})
		}
		var seen []string
		for path := "/channels?limit=2"; path != ""; {
			a := r.want(200, ivo, "GET", path, nil)
			for _, c := range items(a) {
				seen = append(seen, c["slug"].(string))
			}
			path = ""
			if next, ok := a.body["next_cursor"].(string); ok {
				path = "/channels?limit=2&cursor=" + next
				require.NotEmpty(t, a.header.Get("Link"))
			}
		}
		require.Equal(t, []string{"hq", "room", "room-2", "room-3", "room-4", "room-5"}, seen)
		r.want(422, ivo, "GET", "/channels?cursor=forged", nil)
	})
}

func TestUnreadCountsMessagesOfOthersSinceAccess(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		ivo, early := s.instructor("Ivo"), s.user("Early")
		r.want(201, ivo, "POST", "/channels", object{"title": "club", "visibility": "member"})
		unread := func(p person, slug string) any {
			return r.want(200, p, "GET", "/channels/"+slug, nil).body["unread"]
		}
		say := func(p person, slug, body string) reply {
			return r.want(201, p, "POST", "/channels/"+slug+"/messages", object{"body": body})
		}
		for range 3 {
			say(ivo, "hq", "hello")
			say(ivo, "club", "members only")
		}
		say(early, "hq", "my own")
		require.Equal(t, 3.0, unread(early, "hq"))
		require.Equal(t, 1.0, unread(ivo, "hq"))

		late := s.user("Late")
		r.publish(late, usersapi.Registered{UserID: late.id, Role: "user"})
		require.Equal(t, 0.0, unread(late, "hq"))
		deleted := say(ivo, "hq", "one more")
		require.Equal(t, 1.0, unread(late, "hq"))
		r.want(204, ivo, "DELETE", "/channels/hq/messages/"+deleted.body["id"].(string), nil)
		require.Equal(t, 0.0, unread(late, "hq"))

		r.changeAccount(late, func(a *usersapi.Account) { a.Role = usersapi.RoleMember })
		r.publish(late, usersapi.RoleGranted{UserID: late.id, Role: "member"})
		require.Equal(t, 0.0, unread(late, "club"))
	})
}

func TestReadMarkersOnlyRise(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		ivo, early := s.instructor("Ivo"), s.user("Early")
		unread := func() any { return r.want(200, early, "GET", "/channels/hq", nil).body["unread"] }
		for range 3 {
			r.want(201, ivo, "POST", "/channels/hq/messages", object{"body": "hello"})
		}
		socket := r.enter(early, "/ws/channels/hq")
		for _, mark := range []int{2, 1, 99} {
			socket.send(object{"type": "read", "seq": mark})
			socket.send(object{"type": "ping"})
			socket.until("pong")
			if mark < 99 {
				require.Equal(t, 1.0, unread(), mark)
			}
		}
		require.Equal(t, 0.0, unread())
		r.want(201, ivo, "POST", "/channels/hq/messages", object{"body": "after a mark beyond the end"})
		require.Equal(t, 1.0, unread())
		socket.send(object{"type": "read", "seq": -1})
		require.Equal(t, "validation-failed", socket.until("error")["code"])
	})
}

func TestNewReadersOfAChannelStartAtItsEnd(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	ivo, uli := s.instructor("Ivo"), s.user("Uli")
	r.want(201, ivo, "POST", "/channels", object{"title": "x", "visibility": "private"})
	r.want(201, ivo, "POST", "/channels/x/messages", object{"body": "among us"})
	r.want(200, ivo, "PATCH", "/channels/x", object{"visibility": "public"})
	require.Equal(t, 0.0, r.want(200, uli, "GET", "/channels/x", nil).body["unread"])
	require.Equal(t, http.StatusOK, r.call(uli, "GET", "/channels/x/messages", nil).status)
}

func TestEnrollmentOpensCourseChannels(t *testing.T) {
	s := onSQLite(t)
	owner, uli := s.instructor("Owner"), s.user("Uli")
	courseID, enrolled := ids.New(), false
	var mu sync.Mutex
	is := func() bool { mu.Lock(); defer mu.Unlock(); return enrolled }
	s.courses = &coursestest.Reader{
		FindFunc:            func(id string) (coursesapi.Course, bool) { return coursesapi.Course{ID: id, OwnerID: owner.id}, true },
		EnrolledFunc:        func(user, _ string) bool { return user == uli.id && is() },
		EnrolledCoursesFunc: func(string) []string { return nil },
	}
	r := s.replica()
	r.want(201, owner, "POST", "/channels", object{"title": "class", "visibility": "course", "course_id": courseID})
	r.want(201, owner, "POST", "/channels/class/messages", object{"body": "before"})
	r.want(403, uli, "GET", "/channels/class", nil)
	change := func(to bool) {
		mu.Lock()
		enrolled = to
		mu.Unlock()
		r.publish(owner, coursesapi.EnrollmentChanged{CourseID: courseID, UserIDs: []string{uli.id}, Enrolled: to})
	}
	change(true)
	require.Equal(t, 0.0, r.want(200, uli, "GET", "/channels/class", nil).body["unread"])
	socket := r.enter(uli, "/ws/channels/class")
	change(false)
	require.Equal(t, 4403, socket.closeCode())
	// Taken from its course, the channel is its creator's again.
	r.want(200, owner, "PATCH", "/channels/class", object{"visibility": "private"})
	r.want(422, owner, "PATCH", "/channels/class", object{"visibility": "course"})
	r.want(200, owner, "PATCH", "/channels/class", object{"visibility": "course", "course_id": courseID})
}
