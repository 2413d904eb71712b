package auth_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// askForEmail asks for another address and returns the token of its link.
func askForEmail(s *sitetest.Site, token, newEmail, after string) string {
	s.T.Helper()
	s.Want(202, "POST", "/users/me/email", token, map[string]string{"new_email": newEmail, "password": sitetest.Password})
	return s.WaitForLink(strings.ToLower(strings.TrimSpace(newEmail)), "/email#token=", after)
}

// mailKinds are the kinds of the mails to an address.
func mailKinds(s *sitetest.Site, admin, email string) (kinds []string) {
	s.T.Helper()
	for _, item := range s.Want(200, "GET", "/admin/emails?limit=100", admin, nil).Items() {
		if mail := item.(map[string]any); mail["to"] == email {
			kinds = append(kinds, mail["kind"].(string))
		}
	}
	return kinds
}

func TestChangeOfEmail(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		old, id, token := s.NewAccount("before")
		verify := s.WaitForLink(old, "/verify#token=", "")
		other := s.Login(old, sitetest.Password)
		s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": old})
		reset := s.WaitForLink(old, "/reset#token=", "")

		ask := func(email, word string) sitetest.Answer {
			return s.Call("POST", "/users/me/email", token, map[string]string{"new_email": email, "password": word})
		}
		require.Equal(t, "wrong-password", ask("after@example.com", "not that").Text("code"))
		for _, bad := range []string{"", "nonsense", "a\u200bb@example.com", old, " BEFORE@example.com "} {
			a := ask(bad, sitetest.Password)
			require.Equal(t, []any{422, "body.new_email"}, []any{a.Status, a.Get("errors.0.location")}, "%q: %s",
				bad, a.Raw)
		}
		first := askForEmail(s, token, "first@example.com", "")
		link := askForEmail(s, token, " After@Example.com", "")
		require.Equal(t, old, s.Want(200, "GET", "/users/me", token, nil).Text("email"), "nothing has changed yet")
		require.Contains(t, mailKinds(s, admin, old), "email_change_requested")

		for _, dead := range []string{first, verify, "", "forged"} {
			s.WantProblem(422, "invalid-link", "POST", "/users/me/email/confirm", "", map[string]string{"token": dead})
		}
		done := s.Want(200, "POST", "/users/me/email/confirm", "", map[string]string{"token": link})
		require.Equal(t, []any{id, "after@example.com", true},
			[]any{done.Get("id"), done.Get("email"), done.Get("email_verified")})
		require.Equal(t, "after@example.com", s.Want(200, "GET", "/users/me", token, nil).Text("email"),
			"the session that asked stays")
		s.WantProblem(401, "invalid-token", "GET", "/users/me", other, nil)
		s.WantProblem(422, "invalid-link", "POST", "/auth/verify-email", "", map[string]string{"token": verify})
		s.WantProblem(422, "invalid-link", "POST", "/auth/password/reset", "",
			map[string]string{"token": reset, "password": "another fine phrase"})
		s.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "", sitetest.Credentials(old, sitetest.Password))
		s.Login("after@example.com", sitetest.Password)
		require.Contains(t, mailKinds(s, admin, old), "email_changed")
		require.Equal(t, id,
			s.Want(200, "GET", "/admin/audit-logs?action=user.email_changed", admin, nil).Text("items.0.actor.id"))
		// A link that a mail scanner opened first says that it is done.
		again := s.WantProblem(422, "invalid-link", "POST", "/users/me/email/confirm", "", map[string]string{"token": link})
		require.Equal(t, true, again.Get("done"))
		// The old address is free again.
		s.Want(201, "POST", "/auth/register", "", sitetest.Credentials(old, sitetest.Password))

		// An administrator's change is not verified, and everybody signs in again.
		s.WantProblem(409, "email-taken", "PATCH", "/admin/users/"+id, admin, map[string]string{"email": old})
		bad := s.WantProblem(422, "validation-failed", "PATCH", "/admin/users/"+id, admin,
			map[string]string{"email": "nonsense"})
		require.Equal(t, "body.email", bad.Text("errors.0.location"))
		changed := s.Want(200, "PATCH", "/admin/users/"+id, admin,
			map[string]any{"email": "Third@example.com", "display_name": nil})
		require.Equal(t, []any{"third@example.com", "third", false},
			[]any{changed.Get("email"), changed.Get("display_name"), changed.Get("email_verified")})
		s.WantProblem(401, "invalid-token", "GET", "/users/me", token, nil)
		s.Login("third@example.com", sitetest.Password)
		s.WaitForLink("third@example.com", "/verify#token=", "")
		s.WantProblem(422, "invalid-link", "POST", "/users/me/email/confirm", "", map[string]string{"token": link})
	})
}

// A taken address looks like a free one to whoever asks; its owner is told, and nothing can be
// confirmed.
func TestChangeToATakenEmail(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		taken, _, _ := s.NewAccount("taken")
		_, _, token := s.NewAccount("asking")
		free := s.Want(202, "POST", "/users/me/email", token,
			map[string]string{"new_email": "free@example.com", "password": sitetest.Password})
		same := s.Want(202, "POST", "/users/me/email", token,
			map[string]string{"new_email": taken, "password": sitetest.Password})
		require.Equal(t, free.Raw, same.Raw)
		require.Contains(t, mailKinds(s, admin, taken), "email_in_use")
		require.NotContains(t, mailKinds(s, admin, taken), "change_email")

		// Taken between asking and confirming.
		link := askForEmail(s, token, "raced@example.com", "")
		s.NewAccount("raced")
		s.WantProblem(409, "email-taken", "POST", "/users/me/email/confirm", "", map[string]string{"token": link})

		// Of two accounts that confirm one address at once, one gets it.
		_, _, rival := s.NewAccount("rival")
		mine := askForEmail(s, token, "wanted@example.com", "")
		theirs := askForEmail(s, rival, "wanted@example.com", mine)
		statuses := make([]int, 2)
		var wg sync.WaitGroup
		for i, link := range []string{mine, theirs} {
			wg.Go(func() {
				statuses[i] = s.Call("POST", "/users/me/email/confirm", "", map[string]string{"token": link}).Status
			})
		}
		wg.Wait()
		require.ElementsMatch(t, []int{200, 409}, statuses)
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
	})
}

// RATE_LIMIT_MAIL counts requests for another address: beyond it the answer is the same and no mail
// goes.
func TestChangeOfEmailIsLimited(t *testing.T) {
	sitetest.OnBoth(t, map[string]string{"RATE_LIMIT_MAIL": "2/1h"}, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		_, _, token := s.NewAccount("limited")
		for _, email := range []string{"one@example.com", "two@example.com", "three@example.com"} {
			s.Want(202, "POST", "/users/me/email", token,
				map[string]string{"new_email": email, "password": sitetest.Password})
		}
		require.Len(t, mailKinds(s, admin, "two@example.com"), 1)
		require.Empty(t, mailKinds(s, admin, "three@example.com"))
	})
}

// A new password ends a pending change: whoever asked for it may know the old one only.
func TestANewPasswordEndsAPendingChangeOfEmail(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		_, _, token := s.NewAccount("pending")
		link := askForEmail(s, token, "elsewhere@example.com", "")
		s.Want(204, "POST", "/auth/password/change", token,
			map[string]string{"current_password": sitetest.Password, "new_password": "another fine phrase"})
		s.WantProblem(422, "invalid-link", "POST", "/users/me/email/confirm", "", map[string]string{"token": link})
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
					"SELECT count(*) FROM outbox_deliveries WHERE event = 'auth.new_sign_in'", nil, &waiting)
				return err == nil && waiting == 0
			}, 15*time.Second, 20*time.Millisecond)
			require.Equal(t, c.want, told(), "%s from %s", c.agent, c.ip)
		}
	})
}
