package main

import (
	"strings"
	"sync"
	"testing"
	"time"

	otp "github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/platform/testkit"
)

func creds(email, password string) map[string]string {
	return map[string]string{"email": email, "password": password}
}

// P6: a forgotten password is set anew by mail; whoever had a session has none any more.
func TestP6PasswordReset(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		email, id, token := s.newcomer("forgetful")
		c := s.dial("/ws/channels/hq?token="+token, nil)
		c.until("welcome")
		s.want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": strings.ToUpper(email)})
		s.want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": "nobody@example.com"})
		first := s.linkFrom(email, "/reset#token=", "")
		s.want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email})
		second := s.linkFrom(email, "/reset#token=", first)
		reset := func(token, password string) answer {
			return s.call("POST", "/auth/password/reset", "", map[string]string{"token": token, "password": password})
		}
		next := "another long phrase"
		for _, bad := range []string{first, "forged", "", strings.Repeat("x", 1000)} {
			require.Equal(t, "invalid-link", reset(bad, next).str("code"), "%.20s", bad)
		}
		// A password that breaks a rule leaves the link as it is.
		for _, bad := range []string{"short", "password", email, strings.Repeat("x", 129)} {
			a := reset(second, bad)
			require.Equal(t, "validation-failed", a.str("code"), bad)
			require.Equal(t, "body.password", a.str("errors.0.location"))
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
		require.Equal(t, 4401, c.closed())
		s.refused(401, "invalid-token", "GET", "/users/me", token, nil)
		s.refused(401, "invalid-credentials", "POST", "/auth/login", "", creds(email, password))
		s.login(email, next)
		admin := s.admin()
		for _, action := range []string{"auth.reset_requested", "auth.password_reset"} {
			require.Equal(t, id, s.want(200, "GET", "/admin/audit-logs?action="+action, admin, nil).str("items.0.target.id"), action)
		}
		require.Nil(t, s.want(200, "GET", "/admin/audit-logs?action=auth.reset_requested", admin, nil).get("items.0.actor"))
		s.textFrom(email, "password was changed")
	})
}

// textFrom waits for a mail to an address whose subject or text has such words.
func (s *site) textFrom(email, words string) (text string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		for _, m := range s.mailed() {
			mail := m.(map[string]any)
			text = mail["subject"].(string) + "\n" + mail["text"].(string)
			if mail["to"].([]any)[0] == email && strings.Contains(text, words) {
				return true
			}
		}
		return false
	}, 20*time.Second, 100*time.Millisecond, "no mail says %s", words)
	return text
}

// P5: a change needs the current password and ends every other session.
func TestP5PasswordChange(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		email, _, here := s.newcomer("changer")
		there := s.want(200, "POST", "/auth/login", "", creds(email, password))
		next := "a phrase from today"
		change := func(current, next string) answer {
			return s.call("POST", "/auth/password/change", here, map[string]string{"current_password": current, "new_password": next})
		}
		require.Equal(t, "wrong-password", change("not this one", next).str("code"))
		require.Equal(t, "body.new_password", change(password, "password").str("errors.0.location"))
		require.Equal(t, 204, change(password, next).Status)
		s.want(200, "GET", "/users/me", here, nil)
		s.refused(401, "invalid-token", "GET", "/users/me", there.str("access_token"), nil)
		require.Equal(t, "invalid-token", s.refresh(there.str("refresh_token")).str("code"))
		s.refused(401, "invalid-credentials", "POST", "/auth/login", "", creds(email, password))
		s.login(email, next)
		s.textFrom(email, "password was changed")
	})
}

// totpCode is what the owner's app shows; the server takes no code twice, so offset tells steps apart.
func totpCode(t *testing.T, secret string, offset time.Duration) string {
	t.Helper()
	code, err := otp.GenerateCode(secret, time.Now().Add(offset))
	require.NoError(t, err)
	return code
}

func TestSecondFactor(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		email, id, token := s.newcomer("careful")
		begin := func() string { return s.want(200, "POST", "/auth/mfa/totp", token, nil).str("secret") }
		confirm := func(code string) answer {
			return s.call("POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": code})
		}
		s.refused(404, "not-found", "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": "123456"})
		old := begin()
		secret := begin()
		require.NotEqual(t, old, secret)
		require.Equal(t, "invalid-code", confirm("000000").str("code"))
		require.Equal(t, "invalid-code", confirm(totpCode(t, old, 0)).str("code"))
		s.login(email, password) // nothing is on before it is confirmed
		now := totpCode(t, secret, -30*time.Second)
		on := confirm(now)
		require.Equal(t, 200, on.Status, "%s", on.Raw)
		codes := on.get("recovery_codes").([]any)
		require.Len(t, codes, 10)
		s.refused(409, "mfa-already-set", "POST", "/auth/mfa/totp", token, nil)
		require.Equal(t, "mfa-already-set", confirm(now).str("code"))

		challenge := func() string {
			a := s.refused(401, "mfa-required", "POST", "/auth/login", "", creds(email, password))
			require.EqualValues(t, 300, a.get("expires_in"))
			require.NotContains(t, a.str("challenge"), ".")
			return a.str("challenge")
		}
		verify := func(challenge, code string) answer {
			return s.call("POST", "/auth/mfa/verify", "", map[string]string{"challenge": challenge, "code": code})
		}
		s.refused(401, "invalid-credentials", "POST", "/auth/login", "", creds(email, "wrong"))
		c := challenge()
		require.Equal(t, "invalid-token", verify("forged", "123456").str("code"))
		require.Equal(t, "invalid-code", verify(c, "000000").str("code"))
		require.Equal(t, "invalid-code", verify(c, now).str("code"), "a code holds once, at confirmation too")

		// Of many uses of one code at once, one opens a session.
		code := totpCode(t, secret, 0)
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
		require.Equal(t, "invalid-code", verify(challenge(), recovery).str("code"))
		c = challenge()
		for range 5 {
			verify(c, "000000")
		}
		require.Equal(t, "invalid-token", verify(c, codes[1].(string)).str("code"), "a challenge takes five tries")

		s.refused(403, "wrong-password", "DELETE", "/auth/mfa/totp", token, `{"password":"wrong"}`)
		s.want(204, "DELETE", "/auth/mfa/totp", token, map[string]string{"password": password})
		s.refused(404, "not-found", "DELETE", "/auth/mfa/totp", token, map[string]string{"password": password})
		admin := s.admin()
		for _, action := range []string{"auth.mfa_enabled", "auth.mfa_disabled"} {
			require.Equal(t, id, s.want(200, "GET", "/admin/audit-logs?action="+action, admin, nil).str("items.0.target.id"), action)
		}
		log := string(s.want(200, "GET", "/admin/audit-logs?limit=100", admin, nil).Raw)
		require.NotContains(t, log, secret)
		require.NotContains(t, log, codes[1].(string))
	})
}

func TestDeletingAnAccount(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		email, id, token := s.newcomer("leaver")
		s.want(201, "POST", "/channels/hq/messages", token, `{"body":"I was here"}`)
		course := s.want(201, "POST", "/courses", admin, `{"title":"Left behind","status":"published"}`).str("id")
		s.want(201, "POST", "/courses/"+course+"/enrollment", token, nil)
		c := s.dial("/ws/channels/hq?token="+token, nil)
		c.until("welcome")

		require.Empty(t, s.want(200, "HEAD", "/users/me/export", token, nil).Raw)
		require.Empty(t, s.want(200, "GET", "/admin/audit-logs?action=user.exported", admin, nil).items(), "nothing was taken yet")
		out := s.want(200, "GET", "/users/me/export", token, nil)
		require.Contains(t, out.Header.Get("Content-Disposition"), "attachment")
		require.Equal(t, email, out.str("account.email"))
		require.Equal(t, "I was here", out.str("chat.messages.0.body"))
		require.Equal(t, course, out.str("courses.enrollments.0.course_id"))
		require.NotEmpty(t, out.str("auth.sessions.0.ip"))
		require.Equal(t, "verify_email", out.str("mail.messages.0.kind"))
		for _, secret := range []string{"hash", "argon2", "salt", "sealed", "admin@lyceum.local"} {
			require.NotContains(t, string(out.Raw), secret)
		}
		require.Equal(t, id, s.want(200, "GET", "/admin/audit-logs?action=user.exported", admin, nil).str("items.0.actor.id"))

		s.refused(403, "wrong-password", "DELETE", "/users/me", token, `{"password":"wrong"}`)
		s.want(204, "DELETE", "/users/me", token, map[string]string{"password": password})
		require.Equal(t, 4401, c.closed())
		s.refused(401, "invalid-token", "GET", "/users/me", token, nil)
		s.refused(401, "invalid-credentials", "POST", "/auth/login", "", creds(email, password))
		s.refused(404, "not-found", "GET", "/admin/users/"+id, admin, nil)
		history := s.want(200, "GET", "/channels/hq/messages", admin, nil)
		require.Equal(t, "Deleted user", history.str("items.0.user.display_name"))
		require.Equal(t, "I was here", history.str("items.0.body"))
		gone := s.want(200, "GET", "/admin/audit-logs?action=user.deleted", admin, nil)
		require.Equal(t, id, gone.str("items.0.target.id"))
		require.Nil(t, gone.get("items.0.actor.email"))
		require.NotContains(t, string(s.want(200, "GET", "/admin/emails?limit=100", admin, nil).Raw), email)

		// The address is free again, for an account that has nothing of the old one.
		_, again, token := s.newcomer("leaver")
		require.NotEqual(t, id, again)
		require.Empty(t, s.want(200, "GET", "/users/me/enrollments", token, nil).items())
		s.refused(404, "not-found", "DELETE", "/admin/users/"+id, admin, nil)
		s.refused(404, "not-found", "DELETE", "/admin/users/nonsense", admin, nil)
		s.want(204, "DELETE", "/admin/users/"+again, admin, nil)
		s.refused(401, "invalid-token", "GET", "/users/me", token, nil)
		require.Equal(t, true, s.want(200, "GET", "/admin/audit-logs/verify", admin, nil).get("ok"))
	})
}

// A7: of administrators who delete one another at once, one stays.
func TestA7TheLastAdministratorCantBeDeleted(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		me := s.want(200, "GET", "/users/me", admin, nil).str("id")
		s.refused(409, "last-admin", "DELETE", "/admin/users/"+me, admin, nil)
		s.refused(409, "last-admin", "DELETE", "/users/me", admin, map[string]string{"password": seed.DemoPassword})
		for round := range testkit.Rounds(100) {
			_, other, token := s.newcomer("deleter" + strings.Repeat("x", round))
			s.promote(admin, other, "admin")
			var wg sync.WaitGroup
			statuses := make([]int, 2)
			wg.Go(func() { statuses[0] = s.call("DELETE", "/admin/users/"+other, admin, nil).Status })
			wg.Go(func() { statuses[1] = s.call("PATCH", "/admin/users/"+me, token, `{"role":"user"}`).Status })
			wg.Wait()
			if statuses[1] == 200 {
				require.NotEqual(t, 204, statuses[0])
				s.promote(token, me, "admin")
				s.want(204, "DELETE", "/admin/users/"+other, admin, nil)
			}
		}
	})
}
