package auth_test

import (
	"strings"
	"sync"
	"testing"

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
		t.Run("an administrator's change", func(t *testing.T) { changeByAdministrator(s.For(t), admin, old, id, token, link) })
	})
}

// changeByAdministrator changes the address of an account, which is not verified then. Everybody signs in again.
func changeByAdministrator(s *sitetest.Site, admin, taken, id, token, link string) {
	s.T.Helper()
	s.WantProblem(409, "email-taken", "PATCH", "/admin/users/"+id, admin, map[string]string{"email": taken})
	bad := s.WantProblem(422, "validation-failed", "PATCH", "/admin/users/"+id, admin,
		map[string]string{"email": "nonsense"})
	require.Equal(s.T, "body.email", bad.Text("errors.0.location"))
	changed := s.Want(200, "PATCH", "/admin/users/"+id, admin,
		map[string]any{"email": "Third@example.com", "display_name": nil})
	require.Equal(s.T, []any{"third@example.com", "third", false},
		[]any{changed.Get("email"), changed.Get("display_name"), changed.Get("email_verified")})
	s.WantProblem(401, "invalid-token", "GET", "/users/me", token, nil)
	s.Login("third@example.com", sitetest.Password)
	s.WaitForLink("third@example.com", "/verify#token=", "")
	s.WantProblem(422, "invalid-link", "POST", "/users/me/email/confirm", "", map[string]string{"token": link})
}

// A taken address looks like a free one to the caller; its owner is told, and nothing can be
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

// A new password ends a pending change, as the person who asked for it may know the old one only.
func TestANewPasswordEndsAPendingChangeOfEmail(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		_, _, token := s.NewAccount("pending")
		link := askForEmail(s, token, "elsewhere@example.com", "")
		s.Want(204, "POST", "/auth/password/change", token,
			map[string]string{"current_password": sitetest.Password, "new_password": "another fine phrase"})
		s.WantProblem(422, "invalid-link", "POST", "/users/me/email/confirm", "", map[string]string{"token": link})
	})
}
