package main

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/platform/testkit"
)

// behindProxy lets a test choose the address that a request comes from.
var behindProxy = map[string]string{"TRUSTED_PROXIES": "127.0.0.0/8"}

func from(ip string) header { return header{"X-Forwarded-For": ip} }

func (s *site) tryLogin(email, password string, headers ...header) answer {
	s.t.Helper()
	return s.call("POST", "/auth/login", "", creds(email, password), headers...)
}

// R1: ten failures from one network, then 429 even for the right password, unknown addresses alike; a hundred
// in a row from anywhere lock the account until a reset.
func TestR1LoginsAreLimitedByAccount(t *testing.T) {
	kindsWith(t, behindProxy, func(t *testing.T, s *site) {
		email, _, _ := s.newcomer("limited")
		for _, address := range []string{email, "unknown@example.com"} {
			for i := range 10 {
				// One network: the last number may differ.
				a := s.tryLogin(strings.ToUpper(address), "wrong", from(fmt.Sprint("198.51.100.", i)))
				require.Equal(t, "invalid-credentials", a.str("code"))
			}
			a := s.tryLogin(address, password, from("198.51.100.77"))
			require.Equal(t, "rate-limited", a.str("code"), address)
			require.Equal(t, 429, a.Status)
			wait, err := strconv.Atoi(a.Header.Get("Retry-After"))
			require.NoError(t, err)
			require.InDelta(t, 900, wait, 30)
		}
		require.Equal(t, 200, s.tryLogin(email, password, from("203.0.113.1")).Status, "another network is another count")

		// A right password begins the row anew.
		fail := func(address string, n, net int) (last answer) {
			for i := range n {
				last = s.tryLogin(address, "wrong", from(fmt.Sprintf("10.%d.%d.1", net, i/9)))
			}
			return last
		}
		fail(email, 60, 1)
		require.Equal(t, 200, s.tryLogin(email, password, from("10.2.0.1")).Status)
		require.Equal(t, "invalid-credentials", fail(email, 99, 3).str("code"))
		require.Equal(t, 200, s.tryLogin(email, password, from("10.4.0.1")).Status)
		for _, address := range []string{email, "stranger@example.com"} {
			require.Equal(t, "invalid-credentials", fail(address, 100, 5).str("code"))
			a := s.tryLogin(address, password, from("10.6.0.1"))
			require.Equal(t, "account-locked", a.str("code"), address)
			require.Equal(t, 429, a.Status)
			require.NotEmpty(t, a.Header.Get("Retry-After"))
		}
		// R2: the owner gets in by a reset, at once and from the same network.
		s.want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email})
		next := "a phrase after that"
		s.want(204, "POST", "/auth/password/reset", "", map[string]string{"token": s.linkFrom(email, "/reset#token=", ""), "password": next})
		require.Equal(t, 200, s.tryLogin(email, next, from("10.5.0.1")).Status)
		require.Equal(t, 200, s.tryLogin(email, next, from("198.51.100.5")).Status)
	})
}

// A hundred guesses at once, from as many networks, tell no more than a hundred one after another.
func TestR1GuessesAtOnceAreCountedToo(t *testing.T) {
	kindsWith(t, behindProxy, func(t *testing.T, s *site) {
		email, _, _ := s.newcomer("parallel-guesses")
		codes := make([]string, 140)
		var wg sync.WaitGroup
		for i := range codes {
			wg.Go(func() { codes[i] = s.tryLogin(email, "wrong", from(fmt.Sprintf("10.%d.0.1", i))).str("code") })
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
		require.Equal(t, "account-locked", s.tryLogin(email, password, from("10.200.0.1")).str("code"))
	})
}

// R2: whoever fails for an account from one network does not keep its owner out of another; and a class of forty
// behind one address signs in undisturbed.
func TestR2AttackersDontLockOwnersOut(t *testing.T) {
	t.Parallel()
	s := serveSite(t, behindProxy)
	email, _, _ := s.newcomer("owner")
	for range 15 {
		s.tryLogin(email, "wrong", from("2001:db8:1:200::5"))
	}
	require.Equal(t, 429, s.tryLogin(email, password, from("2001:db8:1:2ff::9")).Status, "the same /56")
	require.Equal(t, 200, s.tryLogin(email, password, from("2001:db8:1:300::9")).Status, "the next one")
	for i := range 40 {
		pupil := fmt.Sprintf("pupil%d@example.com", i)
		require.Equal(t, 201, s.register(pupil, password).Status)
	}
	for range 3 {
		for i := range 40 {
			require.Equal(t, 200, s.tryLogin(fmt.Sprintf("pupil%d@example.com", i), password, from("192.0.2.1")).Status)
		}
	}
}

// R3: a client can't choose its address.
func TestR3OnlyTrustedProxiesNameTheAddress(t *testing.T) {
	t.Parallel()
	s := serveSite(t, map[string]string{"RATE_LIMIT_LOGIN_IP": "20/1m"})
	passed := 0
	for i := range 30 {
		a := s.tryLogin(fmt.Sprintf("r3-%d@example.com", i), "wrong", header{"X-Forwarded-For": fmt.Sprint("203.0.113.", i), "X-Real-IP": fmt.Sprint("203.0.113.", i), "Forwarded": fmt.Sprint("for=203.0.113.", i)})
		if a.Status == 401 {
			passed++
			continue
		}
		require.Equal(t, "rate-limited", a.str("code"))
	}
	require.Equal(t, 20, passed)
	// Behind a trusted proxy the right-most strange address counts, not what the client wrote in front of it.
	p := serveSite(t, map[string]string{"RATE_LIMIT_LOGIN_IP": "20/1m", "TRUSTED_PROXIES": "127.0.0.0/8,10.0.0.0/8"})
	passed = 0
	for i := range 30 {
		if p.tryLogin(fmt.Sprintf("r3-%d@example.com", i), "wrong", from(fmt.Sprintf("203.0.113.%d, 198.51.100.7, 10.0.0.2", i))).Status == 401 {
			passed++
		}
	}
	require.Equal(t, 20, passed)
}

// R4: over replicas exactly as many pass as the rate says.
func TestR4LimitsAreExactOverReplicas(t *testing.T) {
	t.Parallel()
	sites := replicas(t, 3, "RATE_LIMIT_API=30/1m", "RATE_LIMIT_LOGIN_IP=25/1m")
	token := sites[0].admin() // one of the 25
	statuses := make([]int, 60)
	both(sites, 60, func(s *site, i int) { statuses[i] = s.call("GET", "/courses", "", nil).Status })
	require.Equal(t, 30, countOf(statuses, 200), "%v", statuses)
	require.Equal(t, 30, countOf(statuses, 429))
	both(sites, 60, func(s *site, i int) { statuses[i] = s.tryLogin(fmt.Sprintf("r4-%d@example.com", i), "wrong").Status })
	require.Equal(t, 24, countOf(statuses, 401), "%v", statuses)
	// Signed-in callers have a budget each, wherever they come from.
	both(sites, 60, func(s *site, i int) { statuses[i] = s.call("GET", "/users/me", token, nil).Status })
	require.Equal(t, 30, countOf(statuses, 200), "%v", statuses)
}

// R5: nothing tells whether somebody has an account, neither words nor time.
func TestR5NothingTellsWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	samples := testkit.Rounds(200)
	s := serveSite(t, map[string]string{"ARGON2_MEMORY_KIB": "19456", "ARGON2_TIME": "2", "RATE_LIMIT_ENABLED": "false"})
	_, _, _ = s.newcomer("known-0")
	for i := range samples {
		if i > 0 {
			require.Equal(t, 201, s.register(fmt.Sprintf("known-%d@example.com", i), password).Status)
		}
	}
	s.mailArrives(fmt.Sprintf("known-%d@example.com", samples-1))
	dice := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	ask := map[string]func(email string) answer{
		"login": func(email string) answer { return s.tryLogin(email, "wrong password") },
		"forgot": func(email string) answer {
			return s.call("POST", "/auth/password/forgot", "", map[string]string{"email": email})
		},
	}
	for name, call := range ask {
		var times [2][]time.Duration
		var first [2]answer
		for i := range samples {
			for _, kind := range pair(dice) {
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
	email, _, _ := s.newcomer("resetting")
	s.want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email})
	used := s.linkFrom(email, "/reset#token=", "")
	s.want(204, "POST", "/auth/password/reset", "", map[string]string{"token": used, "password": "another phrase"})
	var times [2][]time.Duration
	for range samples {
		for _, kind := range pair(dice) {
			token := []string{used, "AAAA" + used[4:]}[kind]
			began := time.Now()
			s.refused(422, "invalid-link", "POST", "/auth/password/reset", "", map[string]string{"token": token, "password": "another phrase"})
			times[kind] = append(times[kind], time.Since(began))
		}
	}
	compareTimes(t, "reset", times)
}

// pair is both kinds in an order that nothing else has the beat of, such as the collector of garbage.
func pair(dice *rand.Rand) []int {
	first := dice.IntN(2)
	return []int{first, 1 - first}
}

// compareTimes holds medians within a tenth of each other; a few samples say nothing and are only shown.
func compareTimes(t *testing.T, name string, times [2][]time.Duration) {
	t.Helper()
	median := func(d []time.Duration) time.Duration { slices.Sort(d); return d[len(d)/2] }
	known, unknown := median(times[0]), median(times[1])
	t.Logf("%s: known %s, unknown %s, of %d each (%.1f %%)", name, known, unknown, len(times[0]), 100*float64(known-unknown)/float64(unknown))
	if len(times[0]) >= 200 {
		require.InDelta(t, 1, float64(known)/float64(unknown), 0.1, name)
	}
}

// R6: every route that mails or checks a code has a budget of its own.
func TestR6MailsAndCodesAreLimited(t *testing.T) {
	kindsWith(t, map[string]string{"RATE_LIMIT_LOGIN_IP": "1000/1m", "RATE_LIMIT_REDEEM": "5/1m"}, func(t *testing.T, s *site) {
		email, _, token := s.newcomer("mailed")
		first := s.linkFrom(email, "/verify#token=", "")
		for range 9 {
			s.want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": " " + strings.ToUpper(email)})
			s.want(202, "POST", "/auth/verify-email/request", token, nil)
		}
		require.Eventually(t, func() bool { return s.mailsTo(email) == 6 }, 15*time.Second, 100*time.Millisecond, "registration's own and five")
		time.Sleep(3 * time.Second) // and no more follow
		require.Equal(t, 6, s.mailsTo(email))
		require.NotEmpty(t, first)

		for range 5 {
			s.refused(404, "not-found", "POST", "/invites/redeem", token, `{"code":"ABCD-EFGH"}`)
		}
		code := s.want(201, "POST", "/admin/invites", s.admin(), `{"role_to_grant":"member"}`).str("code")
		a := s.refused(429, "rate-limited", "POST", "/invites/redeem", token, map[string]string{"code": code})
		require.Contains(t, a.Header.Get("RateLimit"), `"redeem"`)
		_, _, other := s.newcomer("redeemer")
		for range 8 { // what holds is no guess
			s.want(200, "POST", "/invites/redeem", other, map[string]string{"code": code})
		}

		secret := s.want(200, "POST", "/auth/mfa/totp", other, nil).str("secret")
		for range 10 {
			s.refused(401, "invalid-code", "POST", "/auth/mfa/totp/confirm", other, `{"code":"000000"}`)
		}
		s.refused(429, "rate-limited", "POST", "/auth/mfa/totp/confirm", other, map[string]string{"code": totpCode(t, secret, 0)})
		for range 10 {
			s.refused(403, "wrong-password", "POST", "/auth/password/change", other, `{"current_password":"wrong","new_password":"a phrase for that"}`)
		}
		for _, c := range [][3]string{{"POST", "/auth/password/change", `{"current_password":"` + password + `","new_password":"a phrase for that"}`},
			{"DELETE", "/users/me", `{"password":"` + password + `"}`}, {"DELETE", "/auth/mfa/totp", `{"password":"` + password + `"}`}} {
			s.refused(429, "rate-limited", c[0], c[1], other, c[2])
		}
		require.Equal(t, 200, s.tryLogin("redeemer@example.com", password).Status, "guesses with a stolen token do not lock its owner out")
	})
	t.Run("second factor", func(t *testing.T) {
		t.Parallel()
		s := serveSite(t, map[string]string{"RATE_LIMIT_LOGIN_ACCOUNT": "6/15m"})
		email, _, token := s.newcomer("factor")
		secret := s.want(200, "POST", "/auth/mfa/totp", token, nil).str("secret")
		s.want(200, "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": totpCode(t, secret, -30*time.Second)})
		code := "invalid-code"
		for i := range 7 {
			if i == 6 {
				code = "rate-limited"
			}
			challenge := s.tryLogin(email, password).str("challenge")
			if challenge == "" { // the password is not even looked at any more
				require.Equal(t, "rate-limited", code)
				return
			}
			require.Equal(t, code, s.call("POST", "/auth/mfa/verify", "", map[string]string{"challenge": challenge, "code": "000000"}).str("code"), i)
		}
	})
}

func (s *site) mailsTo(email string) (n int) {
	s.t.Helper()
	for _, m := range s.mailed() {
		if m.(map[string]any)["to"].([]any)[0] == email {
			n++
		}
	}
	return n
}

var (
	rateLimit  = regexp.MustCompile(`^"([a-z-]+)";r=(\d+);t=(\d+)$`)
	ratePolicy = regexp.MustCompile(`^"([a-z-]+)";q=(\d+);w=(\d+)$`)
)

// R7: limited routes say how their budget stands, as structured fields; static files and probes say nothing.
func TestR7LimitsAreTold(t *testing.T) {
	kindsWith(t, map[string]string{"RATE_LIMIT_API": "12/1m"}, func(t *testing.T, s *site) {
		token := s.admin()
		for i := range 12 {
			a := s.want(200, "GET", "/users/me", token, nil)
			state, policy := rateLimit.FindStringSubmatch(a.Header.Get("RateLimit")), ratePolicy.FindStringSubmatch(a.Header.Get("RateLimit-Policy"))
			require.NotNil(t, state, a.Header.Get("RateLimit"))
			require.Equal(t, []string{"api", strconv.Itoa(11 - i)}, state[1:3])
			require.Equal(t, []string{"api", "12", "60"}, policy[1:])
		}
		a := s.refused(429, "rate-limited", "GET", "/users/me", token, nil)
		require.Equal(t, "0", rateLimit.FindStringSubmatch(a.Header.Get("RateLimit"))[2])
		wait, err := strconv.Atoi(a.Header.Get("Retry-After"))
		require.NoError(t, err)
		require.InDelta(t, 58, wait, 5)
		// The caller's budget is the caller's: others, and those without a token, have their own.
		s.want(200, "GET", "/courses", "", nil)
		for range 50 {
			for _, path := range []string{"/healthz", "/readyz", "/", "/docs", "/openapi.json", "/console/app.js", "/metrics"} {
				a := s.want(200, "GET", path, "", nil)
				require.Empty(t, a.Header.Get("RateLimit"), path)
			}
		}
		// Bad tokens count against the address that sends them.
		last := 0
		for range 20 {
			last = s.call("GET", "/users/me", "x.y.z", nil).Status
		}
		require.Equal(t, 429, last)
	})
}

// R8: without Redis a limit holds, too.
func TestR8WithoutRedisALimitHolds(t *testing.T) {
	t.Parallel()
	redis := testkit.OwnRedis(t)
	vars := services(t)
	vars["REDIS_URL"] = redis.URL
	s := serveSite(t, vars)
	email, _, _ := s.newcomer("no-redis")
	for range 4 {
		require.Equal(t, 401, s.tryLogin(email, "wrong").Status)
	}
	redis.Kill()
	statuses := make([]int, 200)
	for i := range statuses {
		statuses[i] = s.tryLogin(email, "wrong").Status
	}
	require.Equal(t, 6, countOf(statuses, 401), "it goes on from the four")
	require.Equal(t, 194, countOf(statuses, 429))
	require.Equal(t, 200, s.tryLogin("admin@lyceum.local", seed.DemoPassword).Status)
}

// RATE_LIMIT_CHAT: ten messages a second in one channel, over the socket and the route together.
func TestChatIsPaced(t *testing.T) {
	kindsWith(t, map[string]string{"RATE_LIMIT_CHAT": "10/1m"}, func(t *testing.T, s *site) {
		_, _, token := s.newcomer("talkative")
		c := s.dial("/ws/channels/hq?token="+token, nil)
		c.until("welcome")
		for range 5 {
			s.want(201, "POST", "/channels/hq/messages", token, `{"body":"one"}`)
			c.send(map[string]any{"type": "message", "body": "two", "client_id": "x" + fmt.Sprint(time.Now().UnixNano())})
			c.until("ack")
		}
		s.refused(429, "rate-limited", "POST", "/channels/hq/messages", token, `{"body":"too much"}`)
		c.send(map[string]any{"type": "message", "body": "too much"})
		require.Equal(t, "rate-limited", c.until("error")["code"])
		require.EqualValues(t, 10, s.want(200, "GET", "/channels/hq", token, nil).get("last_seq"))
	})
}
