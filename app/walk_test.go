package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
)

// The main job, from outside: register, be invited, learn, attach a file, talk, read the mail.
func TestTheMainJob(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		email, id, user := s.newcomer("learner")

		course := s.want(201, "POST", "/courses", admin, map[string]any{"title": "Walk", "visibility": "member", "status": "published"})
		courseID := course.str("id")
		require.Equal(t, "/courses/"+courseID, course.Header.Get("Location"))
		lesson := s.want(201, "POST", "/courses/"+courseID+"/lessons", admin, map[string]any{"title": "One", "content": "# Hi\n<script>alert(1)</script>"})
		require.NotContains(t, lesson.str("content_html"), "<script")
		require.Contains(t, lesson.str("content_html"), "&lt;script&gt;", "what is not rendered is shown as typed")
		require.Contains(t, lesson.str("content_html"), "<h1")

		s.refused(403, "forbidden", "GET", "/courses?visibility=member", user, nil)
		s.refused(403, "forbidden", "GET", "/courses/"+courseID, user, nil)
		s.refused(401, "unauthenticated", "GET", "/courses/"+courseID, "", nil)
		code := s.want(201, "POST", "/admin/invites", admin, map[string]any{"role_to_grant": "member"}).str("code")
		redeemed := s.want(200, "POST", "/invites/redeem", user, map[string]string{"code": strings.ToLower(code)})
		require.Equal(t, "member", redeemed.str("role"))
		require.Equal(t, true, redeemed.get("granted"))
		// The new role works with the very next request, by the token from before.
		require.Len(t, s.want(200, "GET", "/courses?visibility=member&q=walk", user, nil).items(), 1)

		progress := "/courses/" + courseID + "/lessons/" + lesson.str("id") + "/progress"
		first := s.want(200, "PUT", progress, user, map[string]any{"percent": 100})
		again := s.want(200, "PUT", progress, user, map[string]any{"percent": 100})
		require.Equal(t, first.JSON, again.JSON)
		require.EqualValues(t, 100, s.want(200, "GET", "/courses/"+courseID+"/progress", user, nil).get("percent"))

		s.storeAndSign(admin, user, courseID, lesson.str("id"))
		s.talk(admin, user)

		entries := s.want(200, "GET", "/admin/audit-logs?action=invite.redeemed", admin, nil)
		require.Equal(t, id, entries.str("items.0.actor.id"))
		require.Equal(t, email, entries.str("items.0.actor.email"))
		require.Equal(t, true, s.want(200, "GET", "/admin/audit-logs/verify", admin, nil).get("ok"))
		s.mailArrives(email)
	})
}

// storeAndSign uploads a file, attaches it and reads a part of it by a signed URL.
func (s *site) storeAndSign(admin, user, courseID, lessonID string) {
	t := s.t
	t.Helper()
	up := s.want(201, "POST", "/storage/uploads", admin, map[string]any{"key": "lessons/walk.txt", "content_type": "text/plain", "size": 12})
	s.put(up, "hello lyceum")
	s.want(200, "POST", "/storage/uploads/"+up.str("id")+"/complete", admin, map[string]any{})
	s.refused(403, "forbidden", "GET", "/storage/sign?key=lessons/walk.txt", user, nil)
	s.want(200, "PATCH", "/courses/"+courseID+"/lessons/"+lessonID, admin, map[string]any{"asset_key": "lessons/walk.txt"})
	url := s.want(200, "GET", "/storage/sign?key=lessons/walk.txt", user, nil).str("url")
	part := s.want(206, "GET", url, "", nil, header{"Range": "bytes=6-11"})
	require.Equal(t, "lyceum", string(part.Raw))
	require.Equal(t, 403, s.call("GET", url[:len(url)-4]+"aaaa", "", nil).Status)
}

// put sends the bytes of an upload as the answer told.
func (s *site) put(up answer, content string) {
	s.t.Helper()
	headers := header{}
	for k, v := range up.get("upload.headers").(map[string]any) {
		headers[k] = v.(string)
	}
	a := s.call(up.str("upload.method"), up.str("upload.url"), "", content, headers)
	require.Less(s.t, a.Status, 300, "%s", a.Raw)
}

func (s *site) talk(admin, user string) {
	t := s.t
	t.Helper()
	require.Equal(t, 401, s.dial("/ws/channels/hq", nil).status)
	a, b := s.dial("/ws/channels/hq?token="+user, nil), s.dial("/ws/channels/hq?token="+admin, nil)
	require.Equal(t, http.StatusSwitchingProtocols, a.status)
	a.until("welcome")
	b.until("welcome")
	a.send(map[string]any{"type": "message", "body": "hello", "client_id": "c1"})
	require.EqualValues(t, 1, a.until("ack")["seq"])
	require.Equal(t, "hello", b.until("message")["body"])
	history := s.want(200, "GET", "/channels/hq/messages", user, nil)
	require.Equal(t, "hello", history.str("items.0.body"))
}

func (s *site) mailArrives(email string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		for _, m := range s.want(200, "GET", "/dev/mailbox/messages?limit=500", "", nil).items() {
			if m.(map[string]any)["to"].([]any)[0] == email {
				return true
			}
		}
		return false
	}, 20*time.Second, 100*time.Millisecond, "no mail reached %s", email)
}

// Fifty refused messages within ten seconds are no mistake any more.
func TestAFloodedSocketIsClosed(t *testing.T) {
	t.Parallel()
	s := serveSite(t, nil)
	c := s.dial("/ws/channels/hq?token="+s.admin(), nil)
	c.until("welcome")
	for range 50 {
		c.send(map[string]any{"type": "message", "body": ""})
	}
	require.Equal(t, 4429, c.closed())
}

// The walk that existing clients do, to the letter.
func TestTheSeedWalk(t *testing.T) {
	t.Parallel()
	s := serveSite(t, nil)
	s.want(201, "POST", "/auth/register", "", `{"email":"user@example.com","password":"secretpass"}`)
	user := s.want(200, "POST", "/auth/login", "", `{"email":"user@example.com","password":"secretpass"}`).str("access_token")
	code := s.want(201, "POST", "/admin/invites", s.admin(), `{"role_to_grant":"member","expires_at":"2027-12-01T00:00:00Z"}`).str("code")
	s.want(200, "POST", "/invites/redeem", user, map[string]string{"code": code})
	require.NotEmpty(t, s.want(200, "GET", "/courses?visibility=member", user, nil).items())
	url := s.want(200, "GET", "/storage/sign?key=lessons/video.mp4", user, nil).str("url")
	video := s.want(200, "GET", url, "", nil)
	require.Equal(t, "video/mp4", video.Header.Get("Content-Type"))
	require.Equal(t, seed.DemoVideo, video.Raw)
	c := s.dial("/ws/channels/hq?token="+user, nil)
	require.Equal(t, 101, c.status)
	require.Equal(t, "hq", c.until("welcome")["channel"])
}
