package users_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

func TestDeletingAnAccount(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, id, token := s.NewAccount("leaver")
		s.Want(201, "POST", "/channels/hq/messages", token, `{"body":"I was here"}`)
		course := s.Want(201, "POST", "/courses", admin, `{"title":"Left behind","status":"published"}`).Text("id")
		s.Want(201, "POST", "/courses/"+course+"/enrollment", token, nil)
		c := s.Dial("/ws/channels/hq?token="+token, nil)
		c.Until("welcome")

		require.Empty(t, s.Want(200, "HEAD", "/users/me/export", token, nil).Raw)
		require.Empty(t, s.Want(200, "GET", "/admin/audit-logs?action=user.exported", admin, nil).Items(),
			"nothing was taken yet")
		out := s.Want(200, "GET", "/users/me/export", token, nil)
		require.Contains(t, out.Header.Get("Content-Disposition"), "attachment")
		require.Equal(t, email, out.Text("account.email"))
		require.Equal(t, "I was here", out.Text("chat.messages.0.body"))
		require.Equal(t, course, out.Text("courses.enrollments.0.course_id"))
		require.NotEmpty(t, out.Text("auth.sessions.0.ip"))
		require.Equal(t, "verify_email", out.Text("mail.messages.0.kind"))
		for _, secret := range []string{"hash", "argon2", "salt", "sealed", "admin@lyceum.local"} {
			require.NotContains(t, string(out.Raw), secret)
		}
		require.Equal(t, id,
			s.Want(200, "GET", "/admin/audit-logs?action=user.exported", admin, nil).Text("items.0.actor.id"))

		s.WantProblem(403, "wrong-password", "DELETE", "/users/me", token, `{"password":"wrong"}`)
		s.Want(204, "DELETE", "/users/me", token, map[string]string{"password": sitetest.Password})
		require.Equal(t, 4401, c.CloseCode())
		s.WantProblem(401, "invalid-token", "GET", "/users/me", token, nil)
		s.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		s.WantProblem(404, "not-found", "GET", "/admin/users/"+id, admin, nil)
		history := s.Want(200, "GET", "/channels/hq/messages", admin, nil)
		require.Equal(t, "Deleted user", history.Text("items.0.user.display_name"))
		require.Equal(t, "I was here", history.Text("items.0.body"))
		gone := s.Want(200, "GET", "/admin/audit-logs?action=user.deleted", admin, nil)
		require.Equal(t, id, gone.Text("items.0.target.id"))
		require.Nil(t, gone.Get("items.0.actor.email"))
		require.NotContains(t, string(s.Want(200, "GET", "/admin/emails?limit=100", admin, nil).Raw), email)

		// The address is free again, for an account that has nothing of the old one.
		_, again, token := s.NewAccount("leaver")
		require.NotEqual(t, id, again)
		require.Empty(t, s.Want(200, "GET", "/users/me/enrollments", token, nil).Items())
		s.WantProblem(404, "not-found", "DELETE", "/admin/users/"+id, admin, nil)
		s.WantProblem(404, "not-found", "DELETE", "/admin/users/nonsense", admin, nil)
		s.Want(204, "DELETE", "/admin/users/"+again, admin, nil)
		s.WantProblem(401, "invalid-token", "GET", "/users/me", token, nil)
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
	})
}

// Of administrators who delete one another at once, one stays (A7).
func TestLastAdminIsNotDeleted(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		me := s.Want(200, "GET", "/users/me", admin, nil).Text("id")
		s.WantProblem(409, "last-admin", "DELETE", "/admin/users/"+me, admin, nil)
		s.WantProblem(409, "last-admin", "DELETE", "/users/me", admin,
			map[string]string{"password": sitetest.AdminPassword})
		for round := range testkit.Rounds(100) {
			_, other, token := s.NewAccount("deleter" + strings.Repeat("x", round))
			s.SetRole(admin, other, "admin")
			var wg sync.WaitGroup
			statuses := make([]int, 2)
			wg.Go(func() { statuses[0] = s.Call("DELETE", "/admin/users/"+other, admin, nil).Status })
			wg.Go(func() { statuses[1] = s.Call("PATCH", "/admin/users/"+me, token, `{"role":"user"}`).Status })
			wg.Wait()
			if statuses[1] == 200 {
				require.NotEqual(t, 204, statuses[0])
				s.SetRole(token, me, "admin")
				s.Want(204, "DELETE", "/admin/users/"+other, admin, nil)
			}
		}
	})
}

// What a request of an account wrote while the account was deleted is erased later.
func TestWritesBesideADeletionAreErased(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		_, id, token := s.NewAccount("racing")
		s.Want(204, "DELETE", "/users/me", token, map[string]string{"password": sitetest.Password})
		d := s.Running.Parts.DB
		_, err := d.Exec(t.Context(),
			"INSERT INTO notification_preferences (user_id, kind, in_app, email) VALUES (?, 'mention', ?, ?)", id,
			true, true)
		require.NoError(t, err)
		n, err := d.Exec(t.Context(), "UPDATE outbox_deliveries SET next_at = 0 WHERE event = 'user.deleted'")
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		require.Eventually(t, func() bool {
			var left int
			return d.QueryRow(t.Context(), "SELECT count(*) FROM notification_preferences WHERE user_id = ?",
				[]any{id}, &left) == nil && left == 0
		}, 10*time.Second, 50*time.Millisecond)
	})
}
