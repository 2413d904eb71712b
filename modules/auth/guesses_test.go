package auth_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// R1: ten failures from one network, then 429 even for the right password, unknown addresses alike;
// a hundred in a row from anywhere lock the account until a reset.
func TestR1LoginsAreLimitedByAccount(t *testing.T) {
	sitetest.OnBoth(t, sitetest.BehindProxy, func(t *testing.T, s *sitetest.Site) {
		email, _, _ := s.NewAccount("limited")
		for _, address := range []string{email, "unknown@example.com"} {
			for i := range 10 {
				// One network: the last number may differ.
				a := s.TryLogin(strings.ToUpper(address), "wrong", sitetest.FromAddress(fmt.Sprint("198.51.100.", i)))
				require.Equal(t, "invalid-credentials", a.Text("code"))
			}
			a := s.TryLogin(address, sitetest.Password, sitetest.FromAddress("198.51.100.77"))
			require.Equal(t, "rate-limited", a.Text("code"), address)
			require.Equal(t, 429, a.Status)
			wait, err := strconv.Atoi(a.Header.Get("Retry-After"))
			require.NoError(t, err)
			require.InDelta(t, 900, wait, 30)
		}
		require.Equal(t, 200, s.TryLogin(email, sitetest.Password, sitetest.FromAddress("203.0.113.1")).Status,
			"another network is another count")

		// A right password begins the row anew.
		fail := func(address string, n, net int) (last sitetest.Answer) {
			for i := range n {
				last = s.TryLogin(address, "wrong", sitetest.FromAddress(fmt.Sprintf("10.%d.%d.1", net, i/9)))
			}
			return last
		}
		fail(email, 60, 1)
		require.Equal(t, 200, s.TryLogin(email, sitetest.Password, sitetest.FromAddress("10.2.0.1")).Status)
		require.Equal(t, "invalid-credentials", fail(email, 99, 3).Text("code"))
		require.Equal(t, 200, s.TryLogin(email, sitetest.Password, sitetest.FromAddress("10.4.0.1")).Status)
		for _, address := range []string{email, "stranger@example.com"} {
			require.Equal(t, "invalid-credentials", fail(address, 100, 5).Text("code"))
			a := s.TryLogin(address, sitetest.Password, sitetest.FromAddress("10.6.0.1"))
			require.Equal(t, "account-locked", a.Text("code"), address)
			require.Equal(t, 429, a.Status)
			require.NotEmpty(t, a.Header.Get("Retry-After"))
		}
		// R2: the owner gets in by a reset, at once and from the same network.
		s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email})
		next := "a phrase after that"
		s.Want(204, "POST", "/auth/password/reset", "",
			map[string]string{"token": s.WaitForLink(email, "/reset#token=", ""), "password": next})
		require.Equal(t, 200, s.TryLogin(email, next, sitetest.FromAddress("10.5.0.1")).Status)
		require.Equal(t, 200, s.TryLogin(email, next, sitetest.FromAddress("198.51.100.5")).Status)
	})
}

// A hundred guesses at once, from as many networks, tell no more than a hundred one after another.
func TestR1GuessesAtOnceAreCountedToo(t *testing.T) {
	sitetest.OnBothAlone(t, sitetest.BehindProxy, func(t *testing.T, s *sitetest.Site) {
		email, _, _ := s.NewAccount("parallel-guesses")
		codes := make([]string, 140)
		var wg sync.WaitGroup
		for i := range codes {
			wg.Go(func() {
				// A server that has too much to do says so, and nothing of the password: the guess is made again.
				for codes[i] == "" || codes[i] == "unavailable" {
					codes[i] = s.TryLogin(email, "wrong", sitetest.FromAddress(fmt.Sprintf("10.%d.0.1", i))).Text("code")
				}
			})
		}
		wg.Wait()
		told := 0
		for _, c := range codes {
			require.Contains(t, []string{"invalid-credentials", "account-locked"}, c)
			if c == "invalid-credentials" {
				told++
			}
		}
		require.Equal(t, 100, told)
		require.Equal(t, "account-locked",
			s.TryLogin(email, sitetest.Password, sitetest.FromAddress("10.200.0.1")).Text("code"))
	})
}

// R2: failures for an account from one network do not keep its owner out of another; and a
// class of forty behind one address signs in undisturbed.
func TestR2AttackersDontLockOwnersOut(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, sitetest.BehindProxy)
	email, _, _ := s.NewAccount("owner")
	for range 15 {
		s.TryLogin(email, "wrong", sitetest.FromAddress("2001:db8:1:200::5"))
	}
	require.Equal(t, 429, s.TryLogin(email, sitetest.Password, sitetest.FromAddress("2001:db8:1:2ff::9")).Status,
		"the same /56")
	require.Equal(t, 200, s.TryLogin(email, sitetest.Password, sitetest.FromAddress("2001:db8:1:300::9")).Status,
		"the next one")
	for i := range 40 {
		pupil := fmt.Sprintf("pupil%d@example.com", i)
		require.Equal(t, 201, s.Register(pupil, sitetest.Password).Status)
	}
	for range 3 {
		for i := range 40 {
			require.Equal(t, 200,
				s.TryLogin(fmt.Sprintf("pupil%d@example.com", i), sitetest.Password,
					sitetest.FromAddress("192.0.2.1")).Status)
		}
	}
}

// R5: nothing tells whether somebody has an account, neither words nor time.
func TestR5NothingTellsWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	samples := testkit.Rounds(200)
	s := sitetest.Start(t,
		map[string]string{"ARGON2_MEMORY_KIB": "19456", "ARGON2_TIME": "2", "RATE_LIMIT_ENABLED": "false"})
	_, _, _ = s.NewAccount("known-0")
	for i := range samples {
		if i > 0 {
			require.Equal(t, 201, s.Register(fmt.Sprintf("known-%d@example.com", i), sitetest.Password).Status)
		}
	}
	s.WaitForMail(fmt.Sprintf("known-%d@example.com", samples-1))
	dice := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	ask := map[string]func(email string) sitetest.Answer{
		"login": func(email string) sitetest.Answer { return s.TryLogin(email, "wrong password") },
		"forgot": func(email string) sitetest.Answer {
			return s.Call("POST", "/auth/password/forgot", "", map[string]string{"email": email})
		},
	}
	for name, call := range ask {
		var times [2][]time.Duration
		var first [2]sitetest.Answer
		for i := range samples {
			for _, kind := range shuffledKinds(dice) {
				email := fmt.Sprintf([]string{"known-%d@example.com", "unkno-%d@example.com"}[kind], i)
				began := time.Now()
				a := call(email)
				times[kind] = append(times[kind], time.Since(began))
				if i == 0 {
					first[kind] = a
				}
			}
		}
		delete(first[0].JSON, "request_id")
		delete(first[1].JSON, "request_id")
		require.Equal(t, first[0].JSON, first[1].JSON, name)
		require.Equal(t, first[0].Status, first[1].Status, name)
		compareTimes(t, name, times)
	}
	// A link that was never made and one that is used take the same time as one another.
	email, _, _ := s.NewAccount("resetting")
	s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email})
	used := s.WaitForLink(email, "/reset#token=", "")
	s.Want(204, "POST", "/auth/password/reset", "", map[string]string{"token": used, "password": "another phrase"})
	var times [2][]time.Duration
	for range samples {
		for _, kind := range shuffledKinds(dice) {
			token := []string{used, "AAAA" + used[4:]}[kind]
			began := time.Now()
			s.WantProblem(422, "invalid-link", "POST", "/auth/password/reset", "",
				map[string]string{"token": token, "password": "another phrase"})
			times[kind] = append(times[kind], time.Since(began))
		}
	}
	compareTimes(t, "reset", times)
}

// R6: every route that mails or checks a code has a budget of its own.
func TestR6MailsAndCodesAreLimited(t *testing.T) {
	sitetest.OnBoth(t, map[string]string{"RATE_LIMIT_LOGIN_IP": "1000/1m", "RATE_LIMIT_REDEEM": "5/1m"},
		func(t *testing.T, s *sitetest.Site) {
			email, _, token := s.NewAccount("mailed")
			first := s.WaitForLink(email, "/verify#token=", "")
			for range 9 {
				s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": " " + strings.ToUpper(email)})
				s.Want(202, "POST", "/auth/verify-email/request", token, nil)
			}
			require.Eventually(t, func() bool { return s.CountMails(email) == 6 }, 15*time.Second,
				100*time.Millisecond, "registration's own and five")
			require.Len(t, mailKinds(s, s.AdminToken(), email), 6, "no other is waiting to be sent")
			require.NotEmpty(t, first)

			for range 5 {
				s.WantProblem(404, "not-found", "POST", "/invites/redeem", token, `{"code":"ABCD-EFGH"}`)
			}
			code := s.Want(201, "POST", "/admin/invites", s.AdminToken(), `{"role_to_grant":"member"}`).Text("code")
			a := s.WantProblem(429, "rate-limited", "POST", "/invites/redeem", token, map[string]string{"code": code})
			require.Contains(t, a.Header.Get("RateLimit"), `"redeem"`)
			_, _, other := s.NewAccount("redeemer")
			for range 8 { // what holds is no guess
				s.Want(200, "POST", "/invites/redeem", other, map[string]string{"code": code})
			}

			secret := s.Want(200, "POST", "/auth/mfa/totp", other, nil).Text("secret")
			for range 10 {
				s.WantProblem(401, "invalid-code", "POST", "/auth/mfa/totp/confirm", other, `{"code":"000000"}`)
			}
			s.WantProblem(429, "rate-limited", "POST", "/auth/mfa/totp/confirm", other,
				map[string]string{"code": sitetest.TOTPCode(t, secret, 0)})
			for range 10 {
				s.WantProblem(403, "wrong-password", "POST", "/auth/password/change", other,
					`{"current_password":"wrong","new_password":"a phrase for that"}`)
			}
			for _, c := range [][3]string{
				{
					"POST", "/auth/password/change",
					`{"current_password":"` + sitetest.Password + `","new_password":"a phrase for that"}`,
				},
				{"DELETE", "/users/me", `{"password":"` + sitetest.Password + `"}`},
				{"DELETE", "/auth/mfa/totp", `{"password":"` + sitetest.Password + `"}`},
			} {
				s.WantProblem(429, "rate-limited", c[0], c[1], other, c[2])
			}
			require.Equal(t, 200, s.TryLogin("redeemer@example.com", sitetest.Password).Status,
				"guesses with a stolen token do not lock its owner out")
		})
}

// R6: wrong second steps count like wrong passwords.
func TestR6SecondStepsAreLimited(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"RATE_LIMIT_LOGIN_ACCOUNT": "6/15m"})
	email, _, token := s.NewAccount("factor")
	secret := s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret")
	s.Want(200, "POST", "/auth/mfa/totp/confirm", token,
		map[string]string{"code": sitetest.TOTPCode(t, secret, -30*time.Second)})
	code := "invalid-code"
	for i := range 7 {
		if i == 6 {
			code = "rate-limited"
		}
		challenge := s.TryLogin(email, sitetest.Password).Text("challenge")
		if challenge == "" { // the password is not even looked at any more
			require.Equal(t, "rate-limited", code)
			return
		}
		require.Equal(t, code,
			s.Call("POST", "/auth/mfa/verify", "", map[string]string{
				"challenge": challenge, "code": "000000",
			}).Text("code"),
			i)
	}
}

// Hashing a password holds no transaction: while many register with keys, others write.
func TestRegistrationsHoldNobodyUp(t *testing.T) {
	sitetest.OnBoth(t,
		map[string]string{"ARGON2_MEMORY_KIB": "19456", "ARGON2_TIME": "2", "RATE_LIMIT_ENABLED": "false"},
		func(t *testing.T, s *sitetest.Site) {
			_, _, token := s.NewAccount("bystander")
			var wg sync.WaitGroup
			for i := range 60 {
				wg.Go(func() {
					s.Call("POST", "/auth/register", "",
						sitetest.Credentials(fmt.Sprintf("many-%d@example.com", i), sitetest.Password),
						sitetest.Header{"Idempotency-Key": fmt.Sprint("k", i)})
				})
			}
			written := 0
			done := make(chan struct{})
			go func() { wg.Wait(); close(done) }()
			for more := true; more; written++ {
				s.Want(200, "PATCH", "/users/me", token, map[string]string{"display_name": fmt.Sprint("Name ", written)})
				select {
				case <-done:
					more = false
				default:
				}
			}
			require.Greater(t, written, 3, "the flood and the writes went side by side")
		})
}

// R2: a person who registers somebody else's address and sets a second factor does not keep its
// owner out.
func TestR2AMailboxOwnsItsAccount(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		reset := func(email, next string) {
			s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email})
			s.Want(204, "POST", "/auth/password/reset", "",
				map[string]string{"token": s.WaitForLink(email, "/reset#token=", ""), "password": next})
		}
		secured := func(name string) (email string) {
			email, _, token := s.NewAccount(name)
			secret := s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret")
			s.Want(200, "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": sitetest.TOTPCode(t, secret, 0)})
			return email
		}
		victim := secured("hijacked")
		reset(victim, "the owner's own phrase")
		in := s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(victim, "the owner's own phrase"))
		require.Equal(t, true, in.Get("user.email_verified"), "the mailbox is the owner's")

		owner := secured("careful-owner")
		s.Want(200, "POST", "/auth/verify-email", "",
			map[string]string{"token": s.WaitForLink(owner, "/verify#token=", "")})
		reset(owner, "another phrase then")
		s.WantProblem(401, "mfa-required", "POST", "/auth/login", "", sitetest.Credentials(owner, "another phrase then"))
	})
}

// shuffledKinds returns both kinds in a random order, which nothing else has the beat of, such as
// the collector of garbage.
func shuffledKinds(dice *rand.Rand) []int {
	first := dice.IntN(2)
	return []int{first, 1 - first}
}

// compareTimes holds medians within a tenth of each other; a few samples say nothing and are only
// shown.
func compareTimes(t *testing.T, name string, times [2][]time.Duration) {
	t.Helper()
	median := func(d []time.Duration) time.Duration { slices.Sort(d); return d[len(d)/2] }
	known, unknown := median(times[0]), median(times[1])
	t.Logf("%s: known %s, unknown %s, of %d each (%.1f %%)", name, known, unknown, len(times[0]),
		100*float64(known-unknown)/float64(unknown))
	if len(times[0]) >= 200 {
		require.InDelta(t, 1, float64(known)/float64(unknown), 0.1, name)
	}
}
