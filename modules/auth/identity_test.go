package auth_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// S2, S4, S6: sessions are renewed, listed and ended.
func TestS6SessionsAreListedAndEnded(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		email, _, _ := s.NewAccount("sessions")
		body := map[string]string{"email": strings.ToUpper(email), "password": sitetest.Password}
		one := s.Want(200, "POST", "/auth/login", "", body)
		require.EqualValues(t, 900, one.Get("expires_in"))
		require.Equal(t, "Bearer", one.Text("token_type"))
		require.NotContains(t, one.Text("refresh_token"), ".")
		s.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "",
			map[string]string{"email": email, "password": "wrong"})
		s.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "",
			map[string]string{"email": "nobody@example.com", "password": "wrong"})

		// S3, S4: the parent of the newest token gets that newest one again.
		first := one.Text("refresh_token")
		second := s.Refresh(first)
		require.Equal(t, 200, second.Status)
		require.Equal(t, second.Text("refresh_token"), s.Refresh(first).Text("refresh_token"))
		third := s.Refresh(second.Text("refresh_token"))
		require.Equal(t, 200, third.Status)
		// S2: an older one ends the whole session.
		require.Equal(t, "refresh-token-reused", s.Refresh(first).Text("code"))
		require.Equal(t, "invalid-token", s.Refresh(third.Text("refresh_token")).Text("code"))
		s.WantProblem(401, "invalid-token", "GET", "/users/me", third.Text("access_token"), nil)
		for _, forged := range []string{"", "x", strings.Repeat("A", 75), first[:len(first)-1] + "A", first + "A"} {
			require.Equal(t, "invalid-token", s.Refresh(forged).Text("code"), forged)
		}

		// S6: listed, ended one by one, or all.
		a, b := s.Want(200, "POST", "/auth/login", "", body), s.Want(200, "POST", "/auth/login", "", body)
		list := s.Want(200, "GET", "/auth/sessions", a.Text("access_token"), nil).Items()
		require.Len(t, list, 3, "the newcomer's own login and these two")
		current := 0
		for _, x := range list {
			if x.(map[string]any)["current"] == true {
				current++
			}
		}
		require.Equal(t, 1, current)
		var other string
		for _, x := range s.Want(200, "GET", "/auth/sessions", b.Text("access_token"), nil).Items() {
			if m := x.(map[string]any); m["current"] == true {
				other = m["id"].(string)
			}
		}
		s.Want(204, "DELETE", "/auth/sessions/"+other, a.Text("access_token"), nil)
		s.WantProblem(401, "invalid-token", "GET", "/users/me", b.Text("access_token"), nil)
		s.WantProblem(404, "not-found", "DELETE", "/auth/sessions/"+other, a.Text("access_token"), nil)
		s.WantProblem(404, "not-found", "DELETE", "/auth/sessions/nonsense", a.Text("access_token"), nil)
		s.Want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": "any string"})
		s.Want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": a.Text("refresh_token")})
		s.WantProblem(401, "invalid-token", "GET", "/users/me", a.Text("access_token"), nil)
		c := s.Want(200, "POST", "/auth/login", "", body).Text("access_token")
		s.Want(204, "POST", "/auth/logout-all", c, nil)
		s.WantProblem(401, "invalid-token", "GET", "/users/me", c, nil)
	})
}

// S3: however many uses at once, one generation follows.
func TestS3ParallelRefreshesGiveOneSuccessor(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		email, _, _ := s.NewAccount("parallel")
		for range testkit.Rounds(100) {
			token := s.Want(200, "POST", "/auth/login", "",
				map[string]string{"email": email, "password": sitetest.Password}).Text("refresh_token")
			next := make([]string, 20)
			var wg sync.WaitGroup
			for i := range next {
				wg.Go(func() { next[i] = s.Refresh(token).Text("refresh_token") })
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
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		for round := range testkit.Rounds(100) {
			statuses := make([]int, 8)
			var wg sync.WaitGroup
			for i := range statuses {
				email := fmt.Sprintf("Race%d@Example.com", round)
				if i%2 == 0 {
					email = strings.ToLower(email)
				}
				wg.Go(func() {
					statuses[i] = s.Call("POST", "/auth/register", "",
						map[string]string{"email": email, "password": sitetest.Password}).Status
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
	s := sitetest.Start(t, nil)
	email, _, token := s.NewAccount("verify")
	first := s.WaitForLink(email, "/verify#token=", "")
	s.Want(202, "POST", "/auth/verify-email/request", token, nil)
	second := s.WaitForLink(email, "/verify#token=", first)
	s.WantProblem(422, "invalid-link", "POST", "/auth/verify-email", "", map[string]string{"token": first})
	s.WantProblem(422, "invalid-link", "POST", "/auth/verify-email", "", map[string]string{"token": "forged"})
	require.Equal(t, true,
		s.Want(200, "POST", "/auth/verify-email", "", map[string]string{"token": second}).Get("email_verified"))
	again := s.WantProblem(422, "invalid-link", "POST", "/auth/verify-email", "", map[string]string{"token": second})
	require.Equal(t, true, again.Get("done"), "it says that the address is confirmed")
	require.Equal(t, true, s.Want(200, "GET", "/users/me", token, nil).Get("email_verified"))

	mails := s.Want(200, "GET", "/admin/emails?status=sent", s.AdminToken(), nil)
	require.NotEmpty(t, mails.Items())
	require.NotContains(t, string(mails.Raw), second)
	s.WantProblem(409, "email-sent", "POST", "/admin/emails/"+mails.Text("items.0.id")+"/retry", s.AdminToken(), nil)
	s.WantProblem(404, "not-found", "POST", "/admin/emails/nonsense/retry", s.AdminToken(), nil)
}

func TestTheKeySetVerifiesTokens(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	set := s.Want(200, "GET", "/.well-known/jwks.json", "", nil)
	require.Equal(t, "OKP", set.Text("keys.0.kty"))
	require.Equal(t, "EdDSA", set.Text("keys.0.alg"))
	require.NotEmpty(t, set.Text("keys.0.x"))
	require.Nil(t, set.Get("keys.0.d"))
}
