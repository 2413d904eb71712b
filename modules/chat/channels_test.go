package chat

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

func TestHQIsMadeOnceAndStays(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { require.NoError(t, r.service.ensureHQ(t.Context())) })
		}
		wg.Wait()
		user, admin := s.person(usersapi.RoleUser, "Uli"), s.person(usersapi.RoleAdmin, "Ada")
		list := items(r.want(200, user, "GET", "/channels", nil))
		require.Len(t, list, 1)
		require.Equal(t, object{"slug": "hq", "title": hqTitle, "visibility": "public", "last_seq": 0.0, "unread": 0.0}, list[0])
		r.want(403, admin, "DELETE", "/channels/hq", nil)
		r.want(403, admin, "PATCH", "/channels/hq", object{"visibility": "private"})
		r.want(200, admin, "PATCH", "/channels/hq", object{"title": "Agora"})
	})
}

func TestChannelsAreMadeChangedAndDeleted(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		ivo, other, admin, user := s.person(usersapi.RoleInstructor, "Ivo"), s.person(usersapi.RoleInstructor, "Olga"), s.person(usersapi.RoleAdmin, "Ada"), s.person(usersapi.RoleUser, "Uli")
		r.want(401, person{}, "POST", "/channels", object{"title": "x", "visibility": "public"})
		r.want(403, user, "POST", "/channels", object{"title": "x", "visibility": "public"})
		made := r.want(201, ivo, "POST", "/channels", object{"title": "Über uns & andere!", "visibility": "public"})
		require.Equal(t, "uber-uns-andere", made.body["slug"])
		require.Equal(t, "/channels/uber-uns-andere", made.header.Get("Location"))
		again := r.want(201, ivo, "POST", "/channels", object{"title": "Über uns & andere!", "visibility": "public"})
		require.Equal(t, "uber-uns-andere-2", again.body["slug"])
		require.Equal(t, "channel", r.want(201, ivo, "POST", "/channels", object{"title": "!?", "visibility": "public"}).body["slug"])
		require.Equal(t, "slug-taken", r.want(409, ivo, "POST", "/channels", object{"title": "x", "slug": "hq", "visibility": "public"}).code())
		for _, bad := range []object{
			{"title": "x", "visibility": "public", "slug": "A"}, {"title": "x", "visibility": "public", "slug": ""},
			{"title": " ", "visibility": "public"}, {"title": "x", "visibility": "secret"}, {"visibility": "public"},
			{"title": "x", "visibility": "public", "course_id": ids.New()}, {"title": "x", "visibility": "course", "course_id": ids.New()},
			{"title": strings.Repeat("x", 201), "visibility": "public"}, {"title": "a\u202eb", "visibility": "public"},
		} {
			r.want(422, ivo, "POST", "/channels", bad)
		}

		path := "/channels/uber-uns-andere"
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
		r.want(201, ivo, "POST", "/channels", object{"title": "free again", "slug": "uber-uns-andere", "visibility": "public"})
		require.Equal(t, []string{"channel.created", "channel.created", "channel.created", "channel.updated", "channel.deleted", "channel.created"}, r.audit.actions())
	})
}

func TestRepeatedCreationIsAnsweredOnce(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	ivo := s.person(usersapi.RoleInstructor, "Ivo")
	first := r.want(201, ivo, "POST", "/channels", object{"title": "x", "visibility": "public"}, "Idempotency-Key", "k")
	second := r.want(201, ivo, "POST", "/channels", object{"title": "x", "visibility": "public"}, "Idempotency-Key", "k")
	require.Equal(t, first.body, second.body)
	require.Equal(t, "true", second.header.Get("Idempotency-Replayed"))
	said := r.want(201, ivo, "POST", "/channels/x/messages", object{"body": "once"}, "Idempotency-Key", "m")
	require.Equal(t, said.body, r.want(201, ivo, "POST", "/channels/x/messages", object{"body": "once"}, "Idempotency-Key", "m").body)
	require.Equal(t, 1.0, r.want(200, ivo, "GET", "/channels/x", nil).body["last_seq"])
}

// A3, A6: who may read which channel, on every path.
func TestWhoMayRead(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		owner, learner := s.person(usersapi.RoleInstructor, "Owner"), s.person(usersapi.RoleUser, "Learner")
		courseID := ids.New()
		s.courses = &fakeCourses{
			find: func(id string) (coursesapi.Course, bool) {
				return coursesapi.Course{ID: id, OwnerID: owner.id}, id == courseID
			},
			canRead:  func(c identity.Caller, _ string) bool { return c.HasRole(usersapi.RoleMember) },
			enrolled: func(user, id string) bool { return user == learner.id && id == courseID },
			courses: func(user string) []string {
				if user == learner.id || user == owner.id {
					return []string{courseID}
				}
				return nil
			},
		}
		r := s.replica()
		admin, creator, invited := s.person(usersapi.RoleAdmin, "Admin"), s.person(usersapi.RoleInstructor, "Creator"), s.person(usersapi.RoleUser, "Invited")
		member, user := s.person(usersapi.RoleMember, "Member"), s.person(usersapi.RoleUser, "User")
		for slug, v := range map[string]string{"open": "public", "club": "member", "secret": "private"} {
			r.want(201, creator, "POST", "/channels", object{"title": slug, "slug": slug, "visibility": v})
		}
		r.want(403, creator, "POST", "/channels", object{"title": "x", "visibility": "course", "course_id": courseID})
		r.want(422, owner, "POST", "/channels", object{"title": "x", "visibility": "course", "course_id": ids.New()})
		r.want(422, owner, "POST", "/channels", object{"title": "x", "visibility": "course", "course_id": "x"})
		r.want(422, owner, "POST", "/channels", object{"title": "x", "visibility": "course"})
		made := r.want(201, owner, "POST", "/channels", object{"title": "class", "slug": "class", "visibility": "course", "course_id": courseID})
		require.Equal(t, courseID, made.body["course_id"])
		r.want(200, creator, "PUT", "/channels/secret/members/"+invited.id, nil)

		readers := map[string][]person{
			"open": {admin, creator, invited, member, user, owner, learner}, "club": {admin, creator, member, owner},
			"secret": {admin, creator, invited}, "class": {admin, owner, learner},
		}
		for slug, may := range readers {
			for _, p := range []person{admin, creator, invited, member, user, owner, learner} {
				status, upgraded := 403, 403
				for _, m := range may {
					if m == p {
						status, upgraded = 200, 101
					}
				}
				name := slug + " " + s.accounts.accounts[p.id].DisplayName
				for _, path := range []string{"", "/messages", "/presence"} {
					require.Equal(t, status, r.call(p, "GET", "/channels/"+slug+path, nil).status, name+path)
				}
				require.Equal(t, status == 200, r.call(p, "POST", "/channels/"+slug+"/messages", object{"body": "hi"}).status == 201, name)
				_, got := r.dial(p, "/ws/channels/"+slug)
				require.Equal(t, upgraded, got, name)
				var listed bool
				for _, c := range items(r.want(200, p, "GET", "/channels", nil)) {
					listed = listed || c["slug"] == slug
				}
				require.Equal(t, status == 200, listed, name)
			}
		}
		// The course is gone: nobody but administrators reads on.
		s.courses.(*fakeCourses).find = func(string) (coursesapi.Course, bool) { return coursesapi.Course{}, false }
		s.courses.(*fakeCourses).courses = func(string) []string { return nil }
		require.NoError(t, r.db.InTx(r.as(owner), func(ctx ctx) error {
			return r.events.Publish(ctx, coursesapi.CourseDeleted{CourseID: courseID})
		}))
		r.want(403, learner, "GET", "/channels/class", nil)
		r.want(200, admin, "GET", "/channels/class", nil)
	})
}

func TestWithoutCoursesThereAreNoCourseChannels(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	ivo := s.person(usersapi.RoleInstructor, "Ivo")
	a := r.want(422, ivo, "POST", "/channels", object{"title": "x", "visibility": "course", "course_id": ids.New()})
	require.Equal(t, "validation-failed", a.code())
}

func TestMembersOfPrivateChannels(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		ivo, uli, olga := s.person(usersapi.RoleInstructor, "Ivo"), s.person(usersapi.RoleUser, "Uli"), s.person(usersapi.RoleInstructor, "Olga")
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
		require.Equal(t, []string{"channel.created", "channel.updated", "channel.updated", "channel.created"}, r.audit.actions())
	})
}

func TestListPagesWithCursors(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		ivo := s.person(usersapi.RoleInstructor, "Ivo")
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

func TestUnreadCountsWhatOthersSaidSinceOneCouldRead(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		ivo, early := s.person(usersapi.RoleInstructor, "Ivo"), s.person(usersapi.RoleUser, "Early")
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

		late := s.person(usersapi.RoleUser, "Late")
		require.NoError(t, r.db.InTx(r.as(late), func(ctx ctx) error {
			return r.events.Publish(ctx, usersapi.Registered{UserID: late.id, Role: "user"})
		}))
		require.Equal(t, 0.0, unread(late, "hq"))
		gone := say(ivo, "hq", "one more")
		require.Equal(t, 1.0, unread(late, "hq"))
		r.want(204, ivo, "DELETE", "/channels/hq/messages/"+gone.body["id"].(string), nil)
		require.Equal(t, 0.0, unread(late, "hq"))

		s.accounts.mu.Lock()
		promoted := s.accounts.accounts[late.id]
		promoted.Role = usersapi.RoleMember
		s.accounts.accounts[late.id] = promoted
		s.accounts.mu.Unlock()
		r.bus.SendSignal(identity.TopicAccount, late.id)
		require.NoError(t, r.db.InTx(r.as(late), func(ctx ctx) error {
			return r.events.Publish(ctx, usersapi.RoleGranted{UserID: late.id, Role: "member"})
		}))
		require.Equal(t, 0.0, unread(late, "club"))

		socket := r.enter(early, "/ws/channels/hq")
		for _, mark := range []int{2, 1, 99} {
			socket.send(object{"type": "read", "seq": mark})
			socket.send(object{"type": "ping"})
			socket.until("pong")
			if mark < 99 {
				require.Equal(t, 1.0, unread(early, "hq"), mark) // marks only rise
			}
		}
		require.Equal(t, 0.0, unread(early, "hq"))
		say(ivo, "hq", "after a mark beyond the end")
		require.Equal(t, 1.0, unread(early, "hq"))
		socket.send(object{"type": "read", "seq": -1})
		require.Equal(t, "validation-failed", socket.until("error")["code"])
	})
}

func TestOpeningAChannelStartsItsNewReadersAtItsEnd(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	ivo, uli := s.person(usersapi.RoleInstructor, "Ivo"), s.person(usersapi.RoleUser, "Uli")
	r.want(201, ivo, "POST", "/channels", object{"title": "x", "visibility": "private"})
	r.want(201, ivo, "POST", "/channels/x/messages", object{"body": "among us"})
	r.want(200, ivo, "PATCH", "/channels/x", object{"visibility": "public"})
	require.Equal(t, 0.0, r.want(200, uli, "GET", "/channels/x", nil).body["unread"])
	require.Equal(t, http.StatusOK, r.call(uli, "GET", "/channels/x/messages", nil).status)
}

func TestEnrollmentOpensCourseChannels(t *testing.T) {
	s := onSQLite(t)
	owner, uli := s.person(usersapi.RoleInstructor, "Owner"), s.person(usersapi.RoleUser, "Uli")
	courseID, enrolled := ids.New(), false
	var mu sync.Mutex
	is := func() bool { mu.Lock(); defer mu.Unlock(); return enrolled }
	s.courses = &fakeCourses{
		find:     func(id string) (coursesapi.Course, bool) { return coursesapi.Course{ID: id, OwnerID: owner.id}, true },
		enrolled: func(user, _ string) bool { return user == uli.id && is() },
		courses:  func(string) []string { return nil },
	}
	r := s.replica()
	r.want(201, owner, "POST", "/channels", object{"title": "class", "visibility": "course", "course_id": courseID})
	r.want(201, owner, "POST", "/channels/class/messages", object{"body": "before"})
	r.want(403, uli, "GET", "/channels/class", nil)
	change := func(to bool) {
		mu.Lock()
		enrolled = to
		mu.Unlock()
		require.NoError(t, r.db.InTx(r.as(owner), func(ctx ctx) error {
			return r.events.Publish(ctx, coursesapi.EnrollmentChanged{CourseID: courseID, UserIDs: []string{uli.id}, Enrolled: to})
		}))
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
