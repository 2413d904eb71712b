package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/testkit"
)

func (s *site) refresh(token string) answer {
	s.t.Helper()
	return s.call("POST", "/auth/refresh", "", map[string]string{"refresh_token": token})
}

// S2, S4, S6: sessions are renewed, listed and ended.
func TestS6SessionsAreListedAndEnded(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		email, _, _ := s.newcomer("sessions")
		body := map[string]string{"email": strings.ToUpper(email), "password": password}
		one := s.want(200, "POST", "/auth/login", "", body)
		require.EqualValues(t, 900, one.get("expires_in"))
		require.Equal(t, "Bearer", one.str("token_type"))
		require.NotContains(t, one.str("refresh_token"), ".")
		s.refused(401, "invalid-credentials", "POST", "/auth/login", "", map[string]string{"email": email, "password": "wrong"})
		s.refused(401, "invalid-credentials", "POST", "/auth/login", "", map[string]string{"email": "nobody@example.com", "password": "wrong"})

		// S3, S4: the parent of the newest token gets that newest one again.
		first := one.str("refresh_token")
		second := s.refresh(first)
		require.Equal(t, 200, second.Status)
		require.Equal(t, second.str("refresh_token"), s.refresh(first).str("refresh_token"))
		third := s.refresh(second.str("refresh_token"))
		require.Equal(t, 200, third.Status)
		// S2: an older one ends the whole session.
		require.Equal(t, "refresh-token-reused", s.refresh(first).str("code"))
		require.Equal(t, "invalid-token", s.refresh(third.str("refresh_token")).str("code"))
		s.refused(401, "invalid-token", "GET", "/users/me", third.str("access_token"), nil)
		for _, forged := range []string{"", "x", strings.Repeat("A", 75), first[:len(first)-1] + "A", first + "A"} {
			require.Equal(t, "invalid-token", s.refresh(forged).str("code"), forged)
		}

		// S6: listed, ended one by one, or all.
		a, b := s.want(200, "POST", "/auth/login", "", body), s.want(200, "POST", "/auth/login", "", body)
		list := s.want(200, "GET", "/auth/sessions", a.str("access_token"), nil).items()
		require.Len(t, list, 3, "the newcomer's own login and these two")
		current := 0
		for _, x := range list {
			if x.(map[string]any)["current"] == true {
				current++
			}
		}
		require.Equal(t, 1, current)
		var other string
		for _, x := range s.want(200, "GET", "/auth/sessions", b.str("access_token"), nil).items() {
			if m := x.(map[string]any); m["current"] == true {
				other = m["id"].(string)
			}
		}
		s.want(204, "DELETE", "/auth/sessions/"+other, a.str("access_token"), nil)
		s.refused(401, "invalid-token", "GET", "/users/me", b.str("access_token"), nil)
		s.refused(404, "not-found", "DELETE", "/auth/sessions/"+other, a.str("access_token"), nil)
		s.refused(404, "not-found", "DELETE", "/auth/sessions/nonsense", a.str("access_token"), nil)
		s.want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": "any string"})
		s.want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": a.str("refresh_token")})
		s.refused(401, "invalid-token", "GET", "/users/me", a.str("access_token"), nil)
		c := s.want(200, "POST", "/auth/login", "", body).str("access_token")
		s.want(204, "POST", "/auth/logout-all", c, nil)
		s.refused(401, "invalid-token", "GET", "/users/me", c, nil)
	})
}

// S3: however many uses at once, one generation follows.
func TestS3ParallelRefreshesGiveOneSuccessor(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		email, _, _ := s.newcomer("parallel")
		for range testkit.Rounds(100) {
			token := s.want(200, "POST", "/auth/login", "", map[string]string{"email": email, "password": password}).str("refresh_token")
			next := make([]string, 20)
			var wg sync.WaitGroup
			for i := range next {
				wg.Go(func() { next[i] = s.refresh(token).str("refresh_token") })
			}
			wg.Wait()
			for _, n := range next {
				require.NotEmpty(t, n)
				require.Equal(t, next[0], n)
			}
		}
	})
}

func TestParallelRegistrationsMakeOneAccount(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		for round := range testkit.Rounds(100) {
			statuses := make([]int, 8)
			var wg sync.WaitGroup
			for i := range statuses {
				email := fmt.Sprintf("Race%d@Example.com", round)
				if i%2 == 0 {
					email = strings.ToLower(email)
				}
				wg.Go(func() {
					statuses[i] = s.call("POST", "/auth/register", "", map[string]string{"email": email, "password": password}).Status
				})
			}
			wg.Wait()
			made := 0
			for _, status := range statuses {
				require.Contains(t, []int{201, 409}, status)
				if status == 201 {
					made++
				}
			}
			require.Equal(t, 1, made)
		}
	})
}

func TestVerificationByMail(t *testing.T) {
	t.Parallel()
	s := serveSite(t, nil)
	email, _, token := s.newcomer("verify")
	first := s.linkFrom(email, "/verify#token=", "")
	s.want(202, "POST", "/auth/verify-email/request", token, nil)
	second := s.linkFrom(email, "/verify#token=", first)
	s.refused(422, "invalid-link", "POST", "/auth/verify-email", "", map[string]string{"token": first})
	s.refused(422, "invalid-link", "POST", "/auth/verify-email", "", map[string]string{"token": "forged"})
	require.Equal(t, true, s.want(200, "POST", "/auth/verify-email", "", map[string]string{"token": second}).get("email_verified"))
	again := s.refused(422, "invalid-link", "POST", "/auth/verify-email", "", map[string]string{"token": second})
	require.Equal(t, true, again.get("done"), "it says that the address is confirmed")
	require.Equal(t, true, s.want(200, "GET", "/users/me", token, nil).get("email_verified"))

	mails := s.want(200, "GET", "/admin/emails?status=sent", s.admin(), nil)
	require.NotEmpty(t, mails.items())
	require.NotContains(t, string(mails.Raw), second)
	s.refused(409, "email-sent", "POST", "/admin/emails/"+mails.str("items.0.id")+"/retry", s.admin(), nil)
	s.refused(404, "not-found", "POST", "/admin/emails/nonsense/retry", s.admin(), nil)
}

// linkFrom waits for a mail with such a link, other than one, and gives the secret behind it.
func (s *site) linkFrom(email, mark, other string) (secret string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		for _, m := range s.mailed() {
			mail := m.(map[string]any)
			_, after, found := strings.Cut(mail["text"].(string), mark)
			if !found || mail["to"].([]any)[0] != email {
				continue
			}
			if secret = strings.Fields(after)[0]; secret != other {
				return true
			}
		}
		return false
	}, 20*time.Second, 100*time.Millisecond, "no mail with %s", mark)
	return secret
}

// J8: what an administrator changes holds for the very next request.
func TestJ8RolesAndStatusTakeEffectAtOnce(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		email, id, token := s.newcomer("managed")
		s.refused(403, "forbidden", "GET", "/admin/users", token, nil)
		s.promote(admin, id, "admin")
		s.want(200, "GET", "/admin/users?q=MANAGED&role=admin&status=active", token, nil)
		s.promote(admin, id, "user")
		s.refused(403, "forbidden", "GET", "/admin/users", token, nil)
		s.want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"disabled"}`)
		s.refused(401, "invalid-token", "GET", "/users/me", token, nil)
		s.refused(403, "account-disabled", "POST", "/auth/login", "", map[string]string{"email": email, "password": password})
		s.refused(401, "invalid-credentials", "POST", "/auth/login", "", map[string]string{"email": email, "password": "wrong"})
		s.want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"active"}`)
		s.refused(401, "invalid-token", "GET", "/users/me", token, nil) // what was open then is ended for good
		token = s.login(email, password)
		s.want(200, "PATCH", "/users/me", token, `{"display_name":"Neu"}`)
		for _, bad := range []string{`{"display_name":""}`, `{"display_name":" "}`, `{"display_name":"a\u202eb"}`, `{"role":"admin"}`, `{"display_name":"` + strings.Repeat("x", 101) + `"}`} {
			s.refused(422, "validation-failed", "PATCH", "/users/me", token, bad)
		}
		cleared := s.want(200, "PATCH", "/users/me", token, `{"display_name":null}`)
		require.Equal(t, "managed", cleared.str("display_name"), "the local part of the address")
		s.want(200, "PATCH", "/users/me", token, `{"display_name":"Neu"}`)
		require.Equal(t, "Neu", s.want(200, "GET", "/admin/users/"+id, admin, nil).str("display_name"))
		s.refused(404, "not-found", "GET", "/admin/users/nonsense", admin, nil)
	})
}

// A7: of administrators who demote one another at once, one stays.
func TestA7TheLastAdministratorStays(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		me := s.want(200, "GET", "/users/me", admin, nil).str("id")
		s.refused(409, "last-admin", "PATCH", "/admin/users/"+me, admin, `{"role":"user"}`)
		s.refused(409, "last-admin", "PATCH", "/admin/users/"+me, admin, `{"status":"disabled"}`)
		_, other, token := s.newcomer("second-admin")
		for range testkit.Rounds(100) {
			s.promote(admin, other, "admin")
			var wg sync.WaitGroup
			statuses := make([]int, 2)
			wg.Go(func() { statuses[0] = s.call("PATCH", "/admin/users/"+other, admin, `{"role":"user"}`).Status })
			wg.Go(func() { statuses[1] = s.call("PATCH", "/admin/users/"+me, token, `{"role":"user"}`).Status })
			wg.Wait()
			require.NotEqual(t, []int{200, 200}, statuses)
			if statuses[1] == 200 { // the other one stayed: he makes both administrators again
				s.promote(token, me, "admin")
			}
		}
	})
}

func TestTheKeySetVerifiesTokens(t *testing.T) {
	t.Parallel()
	s := serveSite(t, nil)
	set := s.want(200, "GET", "/.well-known/jwks.json", "", nil)
	require.Equal(t, "OKP", set.str("keys.0.kty"))
	require.Equal(t, "EdDSA", set.str("keys.0.alg"))
	require.NotEmpty(t, set.str("keys.0.x"))
	require.Nil(t, set.get("keys.0.d"))
}
