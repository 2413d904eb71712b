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

func TestParallelRegistrationsMakeOneAccount(t *testing.T) {
	sitetest.OnBoth(t, map[string]string{"RATE_LIMIT_ENABLED": "false"}, func(t *testing.T, s *sitetest.Site) {
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
	require.Equal(t, true, again.Get("done"), "it says that the address is verified")
	require.Equal(t, true, s.Want(200, "GET", "/users/me", token, nil).Get("email_verified"))

	mails := s.Want(200, "GET", "/admin/emails?status=sent", s.AdminToken(), nil)
	require.NotEmpty(t, mails.Items())
	require.NotContains(t, string(mails.Raw), second)
	s.WantProblem(409, "email-sent", "POST", "/admin/emails/"+mails.Text("items.0.id")+"/retry", s.AdminToken(), nil)
	s.WantProblem(404, "not-found", "POST", "/admin/emails/nonsense/retry", s.AdminToken(), nil)
}

// An address has one form, also where its lower case composes anew.
func TestOneFormOfAnAddress(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, sitetest.Unlimited)
	for i, local := range []string{"J\u030cane", "\u03aa\u0301x", "H\u0331q"} {
		address := fmt.Sprintf("%s%d@example.com", local, i)
		require.Equal(t, 201, s.Register(address, sitetest.Password).Status)
		s.Login(address, sitetest.Password)
		require.Equal(t, 409, s.Register(strings.ToLower(address), sitetest.Password).Status)
	}
}

// Failures of an address that nobody had are not its new owner's.
func TestRegistrationBeginsANewCountOfFailures(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, sitetest.Unlimited)
	for range 101 {
		s.TryLogin("newborn@example.com", "wrong")
	}
	require.Equal(t, "account-locked", s.TryLogin("newborn@example.com", "wrong").Text("code"))
	s.NewAccount("newborn")
}

// An account that deletes itself leaves nothing that would work for the next owner of its address.
func TestRegistrationAfterADeletion(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		email, id, token := s.NewAccount("again")
		login := s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		verify := s.WaitForLink(email, "/verify#token=", "")
		s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email})
		reset := s.WaitForLink(email, "/reset#token=", "")
		change := askForEmail(s, token, "next@example.com", "")
		secret := s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret")
		recovery := s.Want(200, "POST", "/auth/mfa/totp/confirm", token,
			map[string]string{"code": sitetest.TOTPCode(t, secret, 0)}).Text("recovery_codes.0")
		challenge := s.TryLogin(email, sitetest.Password).Text("challenge")
		s.WantProblem(403, "wrong-password", "DELETE", "/users/me", token, map[string]string{"password": "wrong"})
		s.Want(204, "DELETE", "/users/me", token, map[string]string{"password": sitetest.Password})

		_, next, _ := s.NewAccount("again")
		require.NotEqual(t, id, next, "another account, which signs in without a second step")
		s.WantProblem(401, "invalid-token", "GET", "/users/me", token, nil)
		require.Equal(t, "invalid-token", s.Refresh(login.Text("refresh_token")).Text("code"))
		s.WantProblem(401, "invalid-token", "POST", "/auth/mfa/verify", "",
			map[string]string{"challenge": challenge, "code": recovery})
		s.WantProblem(422, "invalid-link", "POST", "/auth/verify-email", "", map[string]string{"token": verify})
		s.WantProblem(422, "invalid-link", "POST", "/auth/password/reset", "",
			map[string]string{"token": reset, "password": "another fine phrase"})
		s.WantProblem(422, "invalid-link", "POST", "/users/me/email/confirm", "", map[string]string{"token": change})
		require.Equal(t, false, s.Want(200, "GET", "/users/me", s.Login(email, sitetest.Password), nil).Get("email_verified"))
	})
}
