package users_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// Nobody raises their own role (A7).
func TestNobodyRaisesTheirRole(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		c := s.NewCast()
		accountOf := func(token string) sitetest.Answer { return s.Want(200, "GET", "/users/me", token, nil) }
		for role, token := range map[string]string{"user": c.User, "member": c.Member, "instructor": c.Instructor} {
			t.Run("by fields, invites and headers of a caller: "+role, func(t *testing.T) {
				id := accountOf(token).Text("id")
				for _, body := range []string{
					`{"role":"admin"}`, `{"role":"` + role + `"}`, `{"display_name":"x","role":"admin"}`,
					`{"status":"active"}`, `{"email_verified":true}`,
				} {
					s.WantProblem(422, "validation-failed", "PATCH", "/users/me", token, body)
					s.WantProblem(403, "forbidden", "PATCH", "/admin/users/"+id, token, body)
				}
				for _, grant := range []string{"admin", "instructor", "member"} {
					s.WantProblem(403, "forbidden", "POST", "/admin/invites", token,
						map[string]string{"role_to_grant": grant})
				}
				claims := sitetest.Header{
					"X-Role": "admin", "X-User-Role": "admin", "X-Original-URL": "/users/me", "X-Rewrite-URL": "/users/me",
				}
				s.WantProblem(403, "forbidden", "GET", "/admin/users?role=admin&as=admin", token, nil, claims)
				require.Equal(t, role, accountOf(token).Text("role"))
			})
		}
		t.Run("by registering", func(t *testing.T) {
			s.WantProblem(422, "validation-failed", "POST", "/auth/register", "",
				sitetest.With(map[string]any{"email": "born-admin@example.com"}, "password", sitetest.Password,
					"role", "admin"))
		})
		t.Run("to a role that does not exist", func(t *testing.T) {
			id := accountOf(c.User).Text("id")
			for _, role := range []string{
				"owner", "root", "superadmin", "ADMIN", "Admin", "admin ", "user", "", "admin,member",
			} {
				s.WantProblem(422, "validation-failed", "POST", "/admin/invites", c.Admin,
					map[string]string{"role_to_grant": role})
				s.WantProblem(422, "validation-failed", "PATCH", "/admin/users/"+id, c.Admin,
					map[string]string{"role": role + "!"})
			}
			require.Empty(t, s.Want(200, "GET", "/admin/invites", c.Admin, nil).Items(), "a refused invite exists")
		})
		t.Run("by one code many times", func(t *testing.T) { redeemManyTimes(s.For(t), c.Admin) })
		t.Run("by the token of another account on an open socket", func(t *testing.T) {
			socket := s.Dial("/ws/channels/hq?token="+c.User, nil)
			socket.Until("welcome")
			socket.Send(map[string]any{"type": "auth", "token": c.Admin})
			socket.Until("error")
			socket.Send(map[string]any{"type": "message", "body": "who am I", "client_id": "who"})
			sender := socket.Until("message")["user"].(map[string]any)["id"]
			require.Equal(t, accountOf(c.User).Text("id"), sender)
		})
	})
}

// redeemManyTimes redeems one code at once and again after a demotion: it raises an account once.
func redeemManyTimes(s *sitetest.Site, admin string) {
	s.T.Helper()
	invite := s.Invite(admin, map[string]any{"role_to_grant": "member", "max_uses": 3})
	_, id, token := s.NewAccount("twice")
	granted := make([]any, 8)
	sitetest.CallAtOnce([]*sitetest.Site{s}, len(granted), func(s *sitetest.Site, i int) {
		granted[i] = s.Redeem(token, invite.Text("code")).Get("granted")
	})
	raised := 0
	for _, g := range granted {
		require.NotNil(s.T, g)
		if g == true {
			raised++
		}
	}
	require.Equal(s.T, 1, raised, "%v", granted)
	wantOneUse := func() {
		s.T.Helper()
		got := s.Want(200, "GET", "/admin/invites/"+invite.Text("id"), admin, nil)
		require.EqualValues(s.T, 1, got.Get("uses"))
	}
	wantOneUse()

	// After a demotion the account can't raise itself with the code that it used before.
	s.SetRole(admin, id, "user")
	again := s.Redeem(token, invite.Text("code"))
	require.Equal(s.T, []any{200, false, "user"}, []any{again.Status, again.Get("granted"), again.Get("role")})
	require.Equal(s.T, "user", s.Want(200, "GET", "/users/me", token, nil).Text("role"))
	wantOneUse()
}
