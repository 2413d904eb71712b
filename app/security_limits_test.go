package main

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// R3: a client can't choose its address.
func TestR3OnlyTrustedProxiesNameTheAddress(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"RATE_LIMIT_LOGIN_IP": "20/1m"})
	passed := 0
	for i := range 30 {
		a := s.TryLogin(fmt.Sprintf("r3-%d@example.com", i), "wrong",
			sitetest.Header{
				"X-Forwarded-For": fmt.Sprint("203.0.113.", i), "X-Real-IP": fmt.Sprint("203.0.113.", i),
				"Forwarded": fmt.Sprint("for=203.0.113.", i),
			})
		if a.Status == 401 {
			passed++
			continue
		}
		require.Equal(t, "rate-limited", a.Text("code"))
	}
	require.Equal(t, 20, passed)
	// Behind a trusted proxy the right-most strange address counts, not what the client wrote in front of it.
	p := sitetest.Start(t, map[string]string{"RATE_LIMIT_LOGIN_IP": "20/1m", "TRUSTED_PROXIES": "127.0.0.0/8,10.0.0.0/8"})
	passed = 0
	for i := range 30 {
		if p.TryLogin(fmt.Sprintf("r3-%d@example.com", i), "wrong",
			sitetest.FromAddress(fmt.Sprintf("203.0.113.%d, 198.51.100.7, 10.0.0.2", i))).Status == 401 {
			passed++
		}
	}
	require.Equal(t, 20, passed)
}

// R4: over replicas exactly as many pass as the rate says.
func TestR4LimitsAreExactOverReplicas(t *testing.T) {
	t.Parallel()
	sites := sitetest.StartReplicas(t, 3, "RATE_LIMIT_API=30/1m", "RATE_LIMIT_LOGIN_IP=25/1m")
	token := sites[0].AdminToken() // one of the 25
	statuses := make([]int, 60)
	sitetest.CallAtOnce(sites, 60,
		func(s *sitetest.Site, i int) { statuses[i] = s.Call("GET", "/courses", "", nil).Status })
	require.Equal(t, 30, sitetest.CountOf(statuses, 200), "%v", statuses)
	require.Equal(t, 30, sitetest.CountOf(statuses, 429))
	sitetest.CallAtOnce(sites, 60, func(s *sitetest.Site, i int) {
		statuses[i] = s.TryLogin(fmt.Sprintf("r4-%d@example.com", i), "wrong").Status
	})
	require.Equal(t, 24, sitetest.CountOf(statuses, 401), "%v", statuses)
	// Signed-in callers have a budget each, wherever they come from.
	sitetest.CallAtOnce(sites, 60,
		func(s *sitetest.Site, i int) { statuses[i] = s.Call("GET", "/users/me", token, nil).Status })
	require.Equal(t, 30, sitetest.CountOf(statuses, 200), "%v", statuses)
}

var (
	rateLimit  = regexp.MustCompile(`^"([a-z-]+)";r=(\d+);t=(\d+)$`)
	ratePolicy = regexp.MustCompile(`^"([a-z-]+)";q=(\d+);w=(\d+)$`)
)

// R7: limited routes say how their budget stands, as structured fields; static files and probes say nothing.
func TestR7LimitsAreTold(t *testing.T) {
	sitetest.OnBoth(t, map[string]string{"RATE_LIMIT_API": "12/1m"}, func(t *testing.T, s *sitetest.Site) {
		token := s.AdminToken()
		for i := range 12 {
			a := s.Want(200, "GET", "/users/me", token, nil)
			state, policy := rateLimit.FindStringSubmatch(a.Header.Get("RateLimit")), ratePolicy.FindStringSubmatch(a.Header.Get("RateLimit-Policy"))
			require.NotNil(t, state, a.Header.Get("RateLimit"))
			require.Equal(t, []string{"api", strconv.Itoa(11 - i)}, state[1:3])
			require.Equal(t, []string{"api", "12", "60"}, policy[1:])
		}
		a := s.WantProblem(429, "rate-limited", "GET", "/users/me", token, nil)
		require.Equal(t, "0", rateLimit.FindStringSubmatch(a.Header.Get("RateLimit"))[2])
		wait, err := strconv.Atoi(a.Header.Get("Retry-After"))
		require.NoError(t, err)
		require.InDelta(t, 58, wait, 5)
		// The caller's budget is the caller's: others, and those without a token, have their own.
		s.Want(200, "GET", "/courses", "", nil)
		for range 50 {
			for _, path := range []string{
				"/healthz", "/readyz", "/", "/docs", "/openapi.json", "/console/app.js", "/metrics",
			} {
				a := s.Want(200, "GET", path, "", nil)
				require.Empty(t, a.Header.Get("RateLimit"), path)
			}
		}
		// Bad tokens count against the address that sends them.
		last := 0
		for range 20 {
			last = s.Call("GET", "/users/me", "x.y.z", nil).Status
		}
		require.Equal(t, 429, last)
	})
}

// R8: without Redis a limit holds, too.
func TestR8WithoutRedisALimitHolds(t *testing.T) {
	t.Parallel()
	redis := testkit.OwnRedis(t)
	vars := sitetest.Services(t)
	vars["REDIS_URL"] = redis.URL
	s := sitetest.Start(t, vars)
	email, _, _ := s.NewAccount("no-redis")
	for range 4 {
		require.Equal(t, 401, s.TryLogin(email, "wrong").Status)
	}
	redis.Kill()
	statuses := make([]int, 200)
	for i := range statuses {
		statuses[i] = s.TryLogin(email, "wrong").Status
	}
	require.Equal(t, 6, sitetest.CountOf(statuses, 401), "it goes on from the four")
	require.Equal(t, 194, sitetest.CountOf(statuses, 429))
	require.Equal(t, 200, s.TryLogin("admin@lyceum.local", seed.DemoPassword).Status)
}
