package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
)

// The main job, from outside: register, be invited, learn, attach a file, talk, read the mail.
func TestTheMainJob(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, id, user := s.NewAccount("learner")

		course := s.Want(201, "POST", "/courses", admin,
			map[string]any{"title": "Walk", "visibility": "member", "status": "published"})
		courseID := course.Text("id")
		require.Equal(t, "/courses/"+courseID, course.Header.Get("Location"))
		lesson := s.Want(201, "POST", "/courses/"+courseID+"/lessons", admin,
			map[string]any{"title": "One", "content": "# Hi\n<script>alert(1)</script>"})
		require.NotContains(t, lesson.Text("content_html"), "<script")
		require.Contains(t, lesson.Text("content_html"), "&lt;script&gt;", "what is not rendered is shown as typed")
		require.Contains(t, lesson.Text("content_html"), "<h1")

		s.WantProblem(403, "forbidden", "GET", "/courses?visibility=member", user, nil)
		s.WantProblem(403, "forbidden", "GET", "/courses/"+courseID, user, nil)
		s.WantProblem(401, "unauthenticated", "GET", "/courses/"+courseID, "", nil)
		code := s.Want(201, "POST", "/admin/invites", admin, map[string]any{"role_to_grant": "member"}).Text("code")
		redeemed := s.Want(200, "POST", "/invites/redeem", user, map[string]string{"code": strings.ToLower(code)})
		require.Equal(t, "member", redeemed.Text("role"))
		require.Equal(t, true, redeemed.Get("granted"))
		// The new role works with the very next request, by the token from before.
		require.Len(t, s.Want(200, "GET", "/courses?visibility=member&q=walk", user, nil).Items(), 1)

		progress := "/courses/" + courseID + "/lessons/" + lesson.Text("id") + "/progress"
		first := s.Want(200, "PUT", progress, user, map[string]any{"percent": 100})
		again := s.Want(200, "PUT", progress, user, map[string]any{"percent": 100})
		require.Equal(t, first.JSON, again.JSON)
		require.EqualValues(t, 100, s.Want(200, "GET", "/courses/"+courseID+"/progress", user, nil).Get("percent"))

		storeAndSign(s, admin, user, courseID, lesson.Text("id"))
		talkInChat(s, admin, user)

		entries := s.Want(200, "GET", "/admin/audit-logs?action=invite.redeemed", admin, nil)
		require.Equal(t, id, entries.Text("items.0.actor.id"))
		require.Equal(t, email, entries.Text("items.0.actor.email"))
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
		s.WaitForMail(email)
	})
}

// storeAndSign uploads a file, attaches it and reads a part of it by a signed URL.
func storeAndSign(s *sitetest.Site, admin, user, courseID, lessonID string) {
	t := s.T
	t.Helper()
	up := s.Want(201, "POST", "/storage/uploads", admin,
		map[string]any{"key": "lessons/walk.txt", "content_type": "text/plain", "size": 12})
	s.Upload(up, "hello lyceum")
	s.Want(200, "POST", "/storage/uploads/"+up.Text("id")+"/complete", admin, map[string]any{})
	s.WantProblem(403, "forbidden", "GET", "/storage/sign?key=lessons/walk.txt", user, nil)
	s.Want(200, "PATCH", "/courses/"+courseID+"/lessons/"+lessonID, admin, map[string]any{"asset_key": "lessons/walk.txt"})
	url := s.Want(200, "GET", "/storage/sign?key=lessons/walk.txt", user, nil).Text("url")
	part := s.Want(206, "GET", url, "", nil, sitetest.Header{"Range": "bytes=6-11"})
	require.Equal(t, "lyceum", string(part.Raw))
	require.Equal(t, 403, s.Call("GET", url[:len(url)-4]+"aaaa", "", nil).Status)
}

func talkInChat(s *sitetest.Site, admin, user string) {
	t := s.T
	t.Helper()
	require.Equal(t, 401, s.Dial("/ws/channels/hq", nil).Status)
	a, b := s.Dial("/ws/channels/hq?token="+user, nil), s.Dial("/ws/channels/hq?token="+admin, nil)
	require.Equal(t, http.StatusSwitchingProtocols, a.Status)
	a.Until("welcome")
	b.Until("welcome")
	a.Send(map[string]any{"type": "message", "body": "hello", "client_id": "c1"})
	require.EqualValues(t, 1, a.Until("ack")["seq"])
	require.Equal(t, "hello", b.Until("message")["body"])
	history := s.Want(200, "GET", "/channels/hq/messages", user, nil)
	require.Equal(t, "hello", history.Text("items.0.body"))
}

// The walk that existing clients do, to the letter.
func TestTheSeedWalk(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	s.Want(201, "POST", "/auth/register", "", `{"email":"user@example.com","password":"secretpass"}`)
	user := s.Want(200, "POST", "/auth/login", "", `{"email":"user@example.com","password":"secretpass"}`).Text("access_token")
	code := s.Want(201, "POST", "/admin/invites", s.AdminToken(),
		`{"role_to_grant":"member","expires_at":"2027-12-01T00:00:00Z"}`).Text("code")
	s.Want(200, "POST", "/invites/redeem", user, map[string]string{"code": code})
	require.NotEmpty(t, s.Want(200, "GET", "/courses?visibility=member", user, nil).Items())
	url := s.Want(200, "GET", "/storage/sign?key=lessons/video.mp4", user, nil).Text("url")
	video := s.Want(200, "GET", url, "", nil)
	require.Equal(t, "video/mp4", video.Header.Get("Content-Type"))
	require.Equal(t, seed.DemoVideo, video.Raw)
	c := s.Dial("/ws/channels/hq?token="+user, nil)
	require.Equal(t, 101, c.Status)
	require.Equal(t, "hq", c.Until("welcome")["channel"])
}
