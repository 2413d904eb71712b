package main

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// askForEmail asks for another address and returns the token of its link.
func (s *site) askForEmail(token, newEmail, after string) string {
	s.t.Helper()
	s.want(202, "POST", "/users/me/email", token, map[string]string{"new_email": newEmail, "password": password})
	return s.linkFrom(strings.ToLower(strings.TrimSpace(newEmail)), "/email#token=", after)
}

// mailKinds are the kinds of the mails to an address.
func (s *site) mailKinds(admin, email string) (kinds []string) {
	s.t.Helper()
	for _, item := range s.want(200, "GET", "/admin/emails?limit=100", admin, nil).items() {
		if mail := item.(map[string]any); mail["to"] == email {
			kinds = append(kinds, mail["kind"].(string))
		}
	}
	return kinds
}

func TestChangeOfEmail(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		old, id, token := s.newcomer("before")
		verify := s.linkFrom(old, "/verify#token=", "")
		other := s.login(old, password)
		s.want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": old})
		reset := s.linkFrom(old, "/reset#token=", "")

		ask := func(email, word string) answer {
			return s.call("POST", "/users/me/email", token, map[string]string{"new_email": email, "password": word})
		}
		require.Equal(t, "wrong-password", ask("after@example.com", "not that").str("code"))
		for _, bad := range []string{"", "nonsense", "a\u200bb@example.com", old, " BEFORE@example.com "} {
			a := ask(bad, password)
			require.Equal(t, []any{422, "body.new_email"}, []any{a.Status, a.get("errors.0.location")}, "%q: %s", bad, a.Raw)
		}
		first := s.askForEmail(token, "first@example.com", "")
		link := s.askForEmail(token, " After@Example.com", "")
		require.Equal(t, old, s.want(200, "GET", "/users/me", token, nil).str("email"), "nothing has changed yet")
		require.Contains(t, s.mailKinds(admin, old), "email_change_requested")

		for _, dead := range []string{first, verify, "", "forged"} {
			s.refused(422, "invalid-link", "POST", "/users/me/email/confirm", "", map[string]string{"token": dead})
		}
		done := s.want(200, "POST", "/users/me/email/confirm", "", map[string]string{"token": link})
		require.Equal(t, []any{id, "after@example.com", true}, []any{done.get("id"), done.get("email"), done.get("email_verified")})
		require.Equal(t, "after@example.com", s.want(200, "GET", "/users/me", token, nil).str("email"), "the session that asked stays")
		s.refused(401, "invalid-token", "GET", "/users/me", other, nil)
		s.refused(422, "invalid-link", "POST", "/auth/verify-email", "", map[string]string{"token": verify})
		s.refused(422, "invalid-link", "POST", "/auth/password/reset", "", map[string]string{"token": reset, "password": "another fine phrase"})
		s.refused(401, "invalid-credentials", "POST", "/auth/login", "", creds(old, password))
		s.login("after@example.com", password)
		require.Contains(t, s.mailKinds(admin, old), "email_changed")
		require.Equal(t, id, s.want(200, "GET", "/admin/audit-logs?action=user.email_changed", admin, nil).str("items.0.actor.id"))
		// A link that a mail scanner opened first says that it is done.
		again := s.refused(422, "invalid-link", "POST", "/users/me/email/confirm", "", map[string]string{"token": link})
		require.Equal(t, true, again.get("done"))
		// The old address is free again.
		s.want(201, "POST", "/auth/register", "", creds(old, password))

		// An administrator's change is not verified, and everybody signs in again.
		s.refused(409, "email-taken", "PATCH", "/admin/users/"+id, admin, map[string]string{"email": old})
		bad := s.refused(422, "validation-failed", "PATCH", "/admin/users/"+id, admin, map[string]string{"email": "nonsense"})
		require.Equal(t, "body.email", bad.str("errors.0.location"))
		changed := s.want(200, "PATCH", "/admin/users/"+id, admin, map[string]any{"email": "Third@example.com", "display_name": nil})
		require.Equal(t, []any{"third@example.com", "third", false}, []any{changed.get("email"), changed.get("display_name"), changed.get("email_verified")})
		s.refused(401, "invalid-token", "GET", "/users/me", token, nil)
		s.login("third@example.com", password)
		s.linkFrom("third@example.com", "/verify#token=", "")
		s.refused(422, "invalid-link", "POST", "/users/me/email/confirm", "", map[string]string{"token": link})
	})
}

// A taken address looks like a free one to whoever asks; its owner is told, and nothing can be confirmed.
func TestChangeToATakenEmail(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		taken, _, _ := s.newcomer("taken")
		_, _, token := s.newcomer("asking")
		free := s.want(202, "POST", "/users/me/email", token, map[string]string{"new_email": "free@example.com", "password": password})
		same := s.want(202, "POST", "/users/me/email", token, map[string]string{"new_email": taken, "password": password})
		require.Equal(t, free.Raw, same.Raw)
		require.Contains(t, s.mailKinds(admin, taken), "email_in_use")
		require.NotContains(t, s.mailKinds(admin, taken), "change_email")

		// Taken between asking and confirming.
		link := s.askForEmail(token, "raced@example.com", "")
		s.newcomer("raced")
		s.refused(409, "email-taken", "POST", "/users/me/email/confirm", "", map[string]string{"token": link})

		// Of two accounts that confirm one address at once, one gets it.
		_, _, rival := s.newcomer("rival")
		mine := s.askForEmail(token, "wanted@example.com", "")
		theirs := s.askForEmail(rival, "wanted@example.com", mine)
		statuses := make([]int, 2)
		var wg sync.WaitGroup
		for i, link := range []string{mine, theirs} {
			wg.Go(func() {
				statuses[i] = s.call("POST", "/users/me/email/confirm", "", map[string]string{"token": link}).Status
			})
		}
		wg.Wait()
		require.ElementsMatch(t, []int{200, 409}, statuses)
		require.Equal(t, true, s.want(200, "GET", "/admin/audit-logs/verify", admin, nil).get("ok"))
	})
}

// RATE_LIMIT_MAIL counts requests for another address: beyond it the answer is the same and no mail goes.
func TestChangeOfEmailIsLimited(t *testing.T) {
	kindsWith(t, map[string]string{"RATE_LIMIT_MAIL": "2/1h"}, func(t *testing.T, s *site) {
		admin := s.admin()
		_, _, token := s.newcomer("limited")
		for _, email := range []string{"one@example.com", "two@example.com", "three@example.com"} {
			s.want(202, "POST", "/users/me/email", token, map[string]string{"new_email": email, "password": password})
		}
		require.Len(t, s.mailKinds(admin, "two@example.com"), 1)
		require.Empty(t, s.mailKinds(admin, "three@example.com"))
	})
}

// A new password ends a pending change: whoever asked for it may know the old one only.
func TestANewPasswordEndsAPendingChangeOfEmail(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		_, _, token := s.newcomer("pending")
		link := s.askForEmail(token, "elsewhere@example.com", "")
		s.want(204, "POST", "/auth/password/change", token, map[string]string{"current_password": password, "new_password": "another fine phrase"})
		s.refused(422, "invalid-link", "POST", "/users/me/email/confirm", "", map[string]string{"token": link})
	})
}

func TestRenewedRecoveryCodes(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		email, _, token := s.newcomer("renewing")
		body := map[string]string{"password": password}
		s.refused(404, "not-found", "POST", "/auth/mfa/recovery-codes", token, body)
		secret := s.want(200, "POST", "/auth/mfa/totp", token, nil).str("secret")
		s.refused(404, "not-found", "POST", "/auth/mfa/recovery-codes", token, body)
		before := s.want(200, "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": totpCode(t, secret, 0)}).get("recovery_codes").([]any)
		s.refused(403, "wrong-password", "POST", "/auth/mfa/recovery-codes", token, map[string]string{"password": "not that"})
		after := s.want(200, "POST", "/auth/mfa/recovery-codes", token, body).get("recovery_codes").([]any)
		require.Len(t, after, 10)
		challenge := s.refused(401, "mfa-required", "POST", "/auth/login", "", creds(email, password)).str("challenge")
		s.refused(401, "invalid-code", "POST", "/auth/mfa/verify", "", map[string]any{"challenge": challenge, "code": before[0]})
		s.want(200, "POST", "/auth/mfa/verify", "", map[string]any{"challenge": challenge, "code": after[0]})
	})
}

// The right password that waits for a second factor is no failure.
func TestASignInThatWaitsForItsSecondFactorIsNoFailure(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		email, id, token := s.newcomer("waiting")
		secret := s.want(200, "POST", "/auth/mfa/totp", token, nil).str("secret")
		s.want(200, "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": totpCode(t, secret, 0)})
		s.refused(401, "mfa-required", "POST", "/auth/login", "", creds(email, password))
		require.Empty(t, s.want(200, "GET", "/admin/audit-logs?action=auth.login_failed&actor_id="+id, admin, nil).items())
		require.Len(t, s.want(200, "GET", "/admin/audit-logs?action=auth.mfa_required&actor_id="+id, admin, nil).items(), 1)
	})
}

// A new sign-in is one from another family of browsers, another system or another network, whatever the versions.
func TestNewSignInMails(t *testing.T) {
	kindsWith(t, map[string]string{"TRUSTED_PROXIES": "127.0.0.0/8"}, func(t *testing.T, s *site) {
		admin := s.admin()
		email, _, _ := s.newcomer("mailed")
		signIn := func(agent, ip string) {
			s.want(200, "POST", "/auth/login", "", creds(email, password), header{"User-Agent": agent, "X-Forwarded-For": ip})
		}
		told := func() (n int) {
			for _, kind := range s.mailKinds(admin, email) {
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
			{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36", "192.0.2.1", 1},
			{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6778.86 Safari/537.36", "192.0.2.77", 1},
			{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0", "192.0.2.1", 2},
			{"Mozilla/5.0 (X11; Linux x86_64; rv:134.0) Gecko/20100101 Firefox/134.0", "192.0.2.1", 3},
			{"Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0", "198.51.100.1", 4},
			{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36", "192.0.2.9", 4},
			{"Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0", "2001:db8:1:100::1", 5},
			{"Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0", "2001:db8:1:f00::9", 5},
			{"Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0", "2001:db8:2::1", 6},
		} {
			signIn(c.agent, c.ip)
			require.Eventually(t, func() bool {
				var waiting int
				err := s.run.Parts.DB.QueryRow(t.Context(), "SELECT count(*) FROM outbox_deliveries WHERE event = 'auth.new_sign_in'", nil, &waiting)
				return err == nil && waiting == 0
			}, 15*time.Second, 20*time.Millisecond)
			require.Equal(t, c.want, told(), "%s from %s", c.agent, c.ip)
		}
	})
}
