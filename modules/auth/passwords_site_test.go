package auth_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// P6: a forgotten password is set anew by mail; whoever had a session has none any more.
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

func TestSecondFactor(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		email, id, token := s.NewAccount("careful")
		begin := func() string { return s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret") }
		confirm := func(code string) sitetest.Answer {
			return s.Call("POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": code})
		}
		s.WantProblem(404, "not-found", "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": "123456"})
		old := begin()
		secret := begin()
		require.NotEqual(t, old, secret)
		require.Equal(t, "invalid-code", confirm("000000").Text("code"))
		require.Equal(t, "invalid-code", confirm(sitetest.TOTPCode(t, old, 0)).Text("code"))
		s.Login(email, sitetest.Password) // nothing is on before it is confirmed
		now := sitetest.TOTPCode(t, secret, -30*time.Second)
		on := confirm(now)
		require.Equal(t, 200, on.Status, "%s", on.Raw)
		codes := on.Get("recovery_codes").([]any)
		require.Len(t, codes, 10)
		s.WantProblem(409, "mfa-already-set", "POST", "/auth/mfa/totp", token, nil)
		require.Equal(t, "mfa-already-set", confirm(now).Text("code"))

		challenge := func() string {
			a := s.WantProblem(401, "mfa-required", "POST", "/auth/login", "",
				sitetest.Credentials(email, sitetest.Password))
			require.EqualValues(t, 300, a.Get("expires_in"))
			require.NotContains(t, a.Text("challenge"), ".")
			return a.Text("challenge")
		}
		verify := func(challenge, code string) sitetest.Answer {
			return s.Call("POST", "/auth/mfa/verify", "", map[string]string{"challenge": challenge, "code": code})
		}
		s.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "", sitetest.Credentials(email, "wrong"))
		c := challenge()
		require.Equal(t, "invalid-token", verify("forged", "123456").Text("code"))
		require.Equal(t, "invalid-code", verify(c, "000000").Text("code"))
		require.Equal(t, "invalid-code", verify(c, now).Text("code"), "a code holds once, at confirmation too")

		// Of many uses of one code at once, one opens a session.
		code := sitetest.TOTPCode(t, secret, 0)
		other := challenge()
		var wg sync.WaitGroup
		statuses := make([]int, 4)
		for i, with := range []string{c, other, c, other} {
			wg.Go(func() { statuses[i] = verify(with, code).Status })
		}
		wg.Wait()
		won := 0
		for _, status := range statuses {
			if status == 200 {
				won++
			}
		}
		require.Equal(t, 1, won, "%v", statuses)

		// Recovery codes: typed as people type, once each.
		recovery := strings.ToLower(strings.ReplaceAll(codes[0].(string), "-", " "))
		require.Equal(t, 200, verify(challenge(), recovery).Status)
		require.Equal(t, "invalid-code", verify(challenge(), recovery).Text("code"))
		c = challenge()
		for range 5 {
			verify(c, "000000")
		}
		require.Equal(t, "invalid-token", verify(c, codes[1].(string)).Text("code"), "a challenge takes five tries")

		s.WantProblem(403, "wrong-password", "DELETE", "/auth/mfa/totp", token, `{"password":"wrong"}`)
		s.Want(204, "DELETE", "/auth/mfa/totp", token, map[string]string{"password": sitetest.Password})
		s.WantProblem(404, "not-found", "DELETE", "/auth/mfa/totp", token, map[string]string{"password": sitetest.Password})
		admin := s.AdminToken()
		for _, action := range []string{"auth.mfa_enabled", "auth.mfa_disabled"} {
			require.Equal(t, id,
				s.Want(200, "GET", "/admin/audit-logs?action="+action, admin, nil).Text("items.0.target.id"),
				action)
		}
		log := string(s.Want(200, "GET", "/admin/audit-logs?limit=100", admin, nil).Raw)
		require.NotContains(t, log, secret)
		require.NotContains(t, log, codes[1].(string))
	})
}
