package auth_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

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

// A one-time code and a recovery code each complete one sign-in.
func TestSignInsWithASecondFactor(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		email, _, token := s.NewAccount("careful")
		secret := s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret")
		now := sitetest.TOTPCode(t, secret, -30*time.Second)
		codes := s.Want(200, "POST", "/auth/mfa/totp/confirm", token,
			map[string]string{"code": now}).Get("recovery_codes").([]any)

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
		s.Want(204, "DELETE", "/auth/mfa/totp", token, map[string]string{"password": sitetest.Password})
		log := string(s.Want(200, "GET", "/admin/audit-logs?limit=100", s.AdminToken(), nil).Raw)
		for _, used := range []any{secret, codes[0], codes[1], recovery, c} {
			require.NotContains(t, log, used)
		}
	})
}

func TestRenewedRecoveryCodes(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		email, _, token := s.NewAccount("renewing")
		body := map[string]string{"password": sitetest.Password}
		s.WantProblem(404, "not-found", "POST", "/auth/mfa/recovery-codes", token, body)
		secret := s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret")
		s.WantProblem(404, "not-found", "POST", "/auth/mfa/recovery-codes", token, body)
		before := s.Want(200, "POST", "/auth/mfa/totp/confirm", token,
			map[string]string{"code": sitetest.TOTPCode(t, secret, 0)}).Get("recovery_codes").([]any)
		s.WantProblem(403, "wrong-password", "POST", "/auth/mfa/recovery-codes", token,
			map[string]string{"password": "not that"})
		after := s.Want(200, "POST", "/auth/mfa/recovery-codes", token, body).Get("recovery_codes").([]any)
		require.Len(t, after, 10)
		challenge := s.WantProblem(401, "mfa-required", "POST", "/auth/login", "",
			sitetest.Credentials(email, sitetest.Password)).Text("challenge")
		s.WantProblem(401, "invalid-code", "POST", "/auth/mfa/verify", "",
			map[string]any{"challenge": challenge, "code": before[0]})
		s.Want(200, "POST", "/auth/mfa/verify", "", map[string]any{"challenge": challenge, "code": after[0]})
	})
}

// An operator who knows its owner may remove a lost second factor, and only so.
func TestALostSecondFactorIsRemovedByTheOperator(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		remove := func(args ...string) (status int, output string) {
			return sitetest.RunCommand(t, s.CommandVars(), append([]string{"admin", "remove-factor"}, args...)...)
		}
		email, _, token := s.NewAccount("lost")
		secret := s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret")
		s.Want(200, "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": sitetest.TOTPCode(t, secret, 0)})
		s.WantProblem(401, "mfa-required", "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		for _, args := range [][]string{{}, {"--email", ""}, {"--email"}, {email}, {"--email", email, "--force"}} {
			status, out := remove(args...)
			require.Equal(t, 2, status, "%q: %s", args, out)
		}
		status, out := remove("--email", strings.ToUpper(email[:1])+email[1:])
		require.Equal(t, 0, status, out)
		require.Contains(t, out, "removed the second factor of")
		s.Login(email, sitetest.Password)
		entry := s.Want(200, "GET", "/admin/audit-logs?action=auth.mfa_disabled", s.AdminToken(), nil)
		require.Equal(t, "cli", entry.Text("items.0.data.via"))
		require.Nil(t, entry.Get("items.0.actor"))
		for _, other := range []string{email, "nobody@example.com"} {
			status, out = remove("--email", other)
			require.Equal(t, 1, status, out)
			require.Contains(t, out, "No second factor is set")
		}
	})
}

// A second factor does not end the sessions that are open, and its owner signs in with it from then
// on.
func TestSessionsBesideASecondFactor(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		email, id, token := s.NewAccount("second")
		other := s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		secret := s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret")
		s.Want(200, "POST", "/auth/mfa/totp/confirm", token,
			map[string]string{"code": sitetest.TOTPCode(t, secret, -30*time.Second)})
		require.Equal(t, 200, s.Refresh(other.Text("refresh_token")).Status)

		challenge := s.TryLogin(email, sitetest.Password).Text("challenge")
		s.WantProblem(401, "invalid-token", "GET", "/users/me", challenge, nil)
		require.Equal(t, "invalid-token", s.Refresh(challenge).Text("code"), "half a sign-in is none")
		in := s.Want(200, "POST", "/auth/mfa/verify", "",
			map[string]string{"challenge": challenge, "code": sitetest.TOTPCode(t, secret, 0)})
		require.Equal(t, id, in.Text("user.id"))
		require.Equal(t, 200, s.Refresh(in.Text("refresh_token")).Status)
		require.Len(t, s.Want(200, "GET", "/auth/sessions", in.Text("access_token"), nil).Items(), 3)
		s.WantProblem(401, "invalid-token", "POST", "/auth/mfa/verify", "",
			map[string]string{"challenge": challenge, "code": sitetest.TOTPCode(t, secret, 30*time.Second)})
	})
}
