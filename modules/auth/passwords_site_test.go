package auth_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// P6: a forgotten password is set anew by mail, and every session ends.
func TestP6PasswordReset(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		email, id, token := s.NewAccount("forgetful")
		c := s.Dial("/ws/channels/hq?token="+token, nil)
		c.Until("welcome")
		s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": strings.ToUpper(email)})
		s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": "nobody@example.com"})
		first := s.WaitForLink(email, "/reset#token=", "")
		s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email})
		second := s.WaitForLink(email, "/reset#token=", first)
		reset := func(token, password string) sitetest.Answer {
			return s.Call("POST", "/auth/password/reset", "", map[string]string{"token": token, "password": password})
		}
		next := "another long phrase"
		for _, bad := range []string{first, "forged", "", strings.Repeat("x", 1000)} {
			require.Equal(t, "invalid-link", reset(bad, next).Text("code"), "%.20s", bad)
		}
		// A password that breaks a rule leaves the link as it is.
		for _, bad := range []string{"short", "password", email, strings.Repeat("x", 129)} {
			a := reset(second, bad)
			require.Equal(t, "validation-failed", a.Text("code"), bad)
			require.Equal(t, "body.password", a.Text("errors.0.location"))
			require.NotContains(t, string(a.Raw), `"`+bad)
		}
		// P6: of many uses at once one holds.
		var wg sync.WaitGroup
		statuses := make([]int, 8)
		for i := range statuses {
			wg.Go(func() { statuses[i] = reset(second, next).Status })
		}
		wg.Wait()
		won := 0
		for _, status := range statuses {
			if status == 204 {
				won++
			}
		}
		require.Equal(t, 1, won, "%v", statuses)
		require.Equal(t, 4401, c.CloseCode())
		s.WantProblem(401, "invalid-token", "GET", "/users/me", token, nil)
		s.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		s.Login(email, next)
		admin := s.AdminToken()
		for _, action := range []string{"auth.reset_requested", "auth.password_reset"} {
			require.Equal(t, id,
				s.Want(200, "GET", "/admin/audit-logs?action="+action, admin, nil).Text("items.0.target.id"),
				action)
		}
		require.Nil(t, s.Want(200, "GET", "/admin/audit-logs?action=auth.reset_requested", admin, nil).Get("items.0.actor"))
		s.WaitForText(email, "password was changed")
	})
}

// P5: a change needs the current password and ends every other session.
func TestP5PasswordChange(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		email, _, here := s.NewAccount("changer")
		there := s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		next := "a phrase from today"
		change := func(current, next string) sitetest.Answer {
			return s.Call("POST", "/auth/password/change", here,
				map[string]string{"current_password": current, "new_password": next})
		}
		require.Equal(t, "wrong-password", change("not this one", next).Text("code"))
		require.Equal(t, "body.new_password", change(sitetest.Password, "password").Text("errors.0.location"))
		require.Equal(t, 204, change(sitetest.Password, next).Status)
		s.Want(200, "GET", "/users/me", here, nil)
		s.WantProblem(401, "invalid-token", "GET", "/users/me", there.Text("access_token"), nil)
		require.Equal(t, "invalid-token", s.Refresh(there.Text("refresh_token")).Text("code"))
		s.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		s.Login(email, next)
		s.WaitForText(email, "password was changed")
	})
}
