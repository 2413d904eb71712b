package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// The right password that waits for a second factor is no failure.
func TestASignInThatWaitsForItsSecondFactorIsNoFailure(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, id, token := s.NewAccount("waiting")
		secret := s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret")
		s.Want(200, "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": sitetest.TOTPCode(t, secret, 0)})
		s.WantProblem(401, "mfa-required", "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		require.Empty(t, s.Want(200, "GET", "/admin/audit-logs?action=auth.login_failed&actor_id="+id, admin, nil).Items())
		require.Len(t, s.Want(200, "GET", "/admin/audit-logs?action=auth.mfa_required&actor_id="+id, admin, nil).Items(), 1)
	})
}

// A new sign-in is one from another family of browsers, another system or another network, whatever
// the versions.
func TestNewSignInMails(t *testing.T) {
	sitetest.OnBoth(t, map[string]string{"TRUSTED_PROXIES": "127.0.0.0/8"}, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, _, _ := s.NewAccount("mailed")
		signIn := func(agent, ip string) {
			s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password),
				sitetest.Header{"User-Agent": agent, "X-Forwarded-For": ip})
		}
		told := func() (n int) {
			for _, kind := range mailKinds(s, admin, email) {
				if kind == "new_sign_in" {
					n++
				}
			}
			return n
		}
		// The first sign-in, with Go's own client, is the harness's.
		for _, c := range []struct {
			agent, ip string
			want      int
		}{
			{
				"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
				"192.0.2.1", 1,
			},
			{
				"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6778.86 Safari/537.36",
				"192.0.2.77", 1,
			},
			{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0", "192.0.2.1", 2},
			{"Mozilla/5.0 (X11; Linux x86_64; rv:134.0) Gecko/20100101 Firefox/134.0", "192.0.2.1", 3},
			{"Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0", "198.51.100.1", 4},
			{
				"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36",
				"192.0.2.9", 4,
			},
			{"Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0", "2001:db8:1:100::1", 5},
			{"Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0", "2001:db8:1:f00::9", 5},
			{"Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0", "2001:db8:2::1", 6},
		} {
			signIn(c.agent, c.ip)
			require.Eventually(t, func() bool {
				var waiting int
				err := s.Running.Parts.DB.QueryRow(t.Context(),
					"SELECT count(*) FROM outbox_deliveries WHERE event = 'auth.device_added'", nil, &waiting)
				return err == nil && waiting == 0
			}, 15*time.Second, 20*time.Millisecond)
			require.Equal(t, c.want, told(), "%s from %s", c.agent, c.ip)
		}
	})
}

// A half-done sign-in ends with all sessions of its account, and with the password that it proved.
func TestHalfDoneSignInsEnd(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, sitetest.Unlimited)
	email, _, token := s.NewAccount("halfway")
	secret := s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret")
	s.Want(200, "POST", "/auth/mfa/totp/confirm", token,
		map[string]string{"code": sitetest.TOTPCode(t, secret, -30*time.Second)})
	challenge := s.TryLogin(email, sitetest.Password).Text("challenge")
	s.Want(204, "POST", "/auth/logout-all", token, nil)
	verify := func(challenge string) sitetest.Answer {
		return s.Call("POST", "/auth/mfa/verify", "",
			map[string]string{"challenge": challenge, "code": sitetest.TOTPCode(t, secret, 0)})
	}
	require.Equal(t, "invalid-token", verify(challenge).Text("code"))
	// One that is written just after a new password was set proves the old one.
	challenge = s.TryLogin(email, sitetest.Password).Text("challenge")
	_, err := s.Running.Parts.DB.Exec(t.Context(), "UPDATE auth_challenges SET password_at = password_at - 1")
	require.NoError(t, err)
	require.Equal(t, "invalid-token", verify(challenge).Text("code"))
	require.Equal(t, 200, verify(s.TryLogin(email, sitetest.Password).Text("challenge")).Status)
}

// A disabled account is closed on every way in, and its owner is told so only with the password.
func TestDisabledAccounts(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, id, token := s.NewAccount("disabled")
		login := s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		verify := s.WaitForLink(email, "/verify#token=", "")
		s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email})
		reset := s.WaitForLink(email, "/reset#token=", "")
		change := askForEmail(s, token, "elsewhere@example.com", "")
		secret := s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret")
		s.Want(200, "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": sitetest.TOTPCode(t, secret, 0)})
		challenge := s.TryLogin(email, sitetest.Password).Text("challenge")
		s.Want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"disabled"}`)

		s.WantProblem(401, "invalid-token", "GET", "/users/me", token, nil)
		require.Equal(t, "invalid-token", s.Refresh(login.Text("refresh_token")).Text("code"))
		s.WantProblem(401, "invalid-token", "POST", "/auth/mfa/verify", "",
			map[string]string{"challenge": challenge, "code": sitetest.TOTPCode(t, secret, 30*time.Second)})
		require.Equal(t, "invalid-credentials", s.TryLogin(email, "wrong").Text("code"))
		s.WantProblem(403, "account-disabled", "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		s.WantProblem(422, "invalid-link", "POST", "/auth/password/reset", "",
			map[string]string{"token": reset, "password": "another fine phrase"})
		s.WantProblem(422, "invalid-link", "POST", "/users/me/email/confirm", "", map[string]string{"token": change})
		for i, reason := range []string{"account-disabled", "wrong-password"} {
			entries := s.Want(200, "GET", "/admin/audit-logs?action=auth.login_failed&actor_id="+id, admin, nil)
			require.Equal(t, reason, entries.Text(fmt.Sprintf("items.%d.data.reason", i)))
		}

		// An account that is active again signs in anew, and its verification link still works.
		s.Want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"active"}`)
		require.Equal(t, "invalid-token", s.Refresh(login.Text("refresh_token")).Text("code"), "ended for good")
		s.Want(200, "POST", "/auth/verify-email", "", map[string]string{"token": verify})
		s.WantProblem(401, "mfa-required", "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
	})
}

// A sign-in answers with the account as it is now, in whatever spelling its address is typed.
func TestLoginAnswersWithTheAccount(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, id, _ := s.NewAccount("answered")
		s.SetRole(admin, id, "instructor")
		for _, typed := range []string{email, " " + email + " ", "ANSWERED@Example.COM", "ａnswered@example.com"} {
			in := s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(typed, sitetest.Password))
			require.Equal(t, []any{id, email, "instructor", false},
				[]any{in.Get("user.id"), in.Get("user.email"), in.Get("user.role"), in.Get("user.email_verified")}, typed)
			require.Equal(t, "no-store", in.Header.Get("Cache-Control"))
			me := s.Want(200, "GET", "/users/me", in.Text("access_token"), nil)
			require.Equal(t, id, me.Text("id"))
		}
		for _, typed := range []string{
			"answered", "answered@example.org", "answered@@example.com", "", "a,answered@example.com",
		} {
			require.Equal(t, "invalid-credentials", s.TryLogin(typed, sitetest.Password).Text("code"), "%q", typed)
		}
		entries := s.Want(200, "GET", "/admin/audit-logs?action=auth.login_succeeded&actor_id="+id, admin, nil)
		require.Len(t, entries.Items(), 5, "the harness's own and four")
		require.Equal(t, "session", entries.Text("items.0.target.type"))
	})
}
