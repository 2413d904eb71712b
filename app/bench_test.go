package main

import (
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"lyceum/app/sitetest"
	"lyceum/platform/passwords"
)

// caller is a client that costs little beside the server that it drives.
type caller struct {
	b      *testing.B
	client *fasthttp.HostClient
}

func newCaller(s *sitetest.Site, b *testing.B) *caller {
	addr := s.Running.Addr.String()
	return &caller{b, &fasthttp.HostClient{Addr: addr, MaxConns: 256}}
}

// post sends JSON and gives the answer's.
func (c *caller) post(path string, body any) map[string]any {
	raw, err := json.Marshal(body)
	if err != nil {
		c.b.Error(err)
	}
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.SetRequestURI("http://" + c.client.Addr + path)
	req.Header.SetMethod("POST")
	req.Header.SetContentType("application/json")
	req.SetBody(raw)
	if err := c.client.DoTimeout(req, res, 10*time.Second); err != nil {
		c.b.Error(err)
		return nil
	}
	out := map[string]any{}
	if res.StatusCode() != 200 || json.Unmarshal(res.Body(), &out) != nil {
		c.b.Errorf("%s: %d %s", path, res.StatusCode(), res.Body())
	}
	return out
}

// busy runs work n times, as many at once as keep a server busy, and gives how many a second.
func busy(n, workers int, work func(i int)) float64 {
	var next atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				work(i)
			}
		})
	}
	wg.Wait()
	return float64(n) / time.Since(began).Seconds()
}

// benchSite is a site on real services with the cost of a hash that operators get.
func benchSite(b *testing.B, accounts int) (*sitetest.Site, []string) {
	vars := sitetest.Services(b)
	vars["ARGON2_MEMORY_KIB"], vars["ARGON2_TIME"] = "19456", "2"
	vars["RATE_LIMIT_LOGIN_IP"], vars["RATE_LIMIT_API"] = "1000000/1m", "1000000/1m"
	s := sitetest.Start(b, vars)
	emails := make([]string, accounts)
	for i := range emails {
		emails[i] = fmt.Sprintf("bench-%d@example.com", i)
		s.Want(201, "POST", "/auth/register", "", sitetest.Credentials(emails[i], sitetest.Password))
	}
	return s, emails
}

// Logins may take a tenth more than their hashes alone allow on these cores. Both are measured in turns
// within one run; the server, its client and PostgreSQL share the machine.
func BenchmarkLoginBesideItsHash(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent)) // as serve does
	s, emails := benchSite(b, 40)
	c := newCaller(s, b)
	h := passwords.NewHasher(passwords.Argon2{Memory: 19456, Time: 2, Parallel: 1})
	hash, err := h.HashPassword(b.Context(), sitetest.Password)
	require.NoError(b, err)
	const turn = 250
	var hashes, logins []float64
	b.ResetTimer()
	for done := 0; done < max(b.N, turn); done += turn {
		hashes = append(hashes, busy(turn, 8, func(int) { _, _, _ = h.CheckPassword(b.Context(), hash, sitetest.Password) }))
		logins = append(logins, busy(turn, 16, func(i int) { c.post("/auth/login", sitetest.Credentials(emails[i%len(emails)], sitetest.Password)) }))
	}
	b.ReportMetric(mean(hashes), "hashes/s")
	b.ReportMetric(mean(logins), "logins/s")
	ratios := make([]float64, len(hashes))
	for i := range ratios {
		ratios[i] = 100 * logins[i] / hashes[i]
	}
	b.ReportMetric(median(ratios), "%-of-hash")
	b.ReportMetric(0, "ns/op")
}

// median of turns, as neighbours disturb some.
func median(xs []float64) float64 {
	slices.Sort(xs)
	return xs[len(xs)/2]
}

func mean(xs []float64) (sum float64) {
	for _, x := range xs {
		sum += x / float64(len(xs))
	}
	return sum
}

// Refreshes a second on PostgreSQL, over all cores that server, client and database share.
func BenchmarkRefresh(b *testing.B) {
	s, emails := benchSite(b, 64)
	c := newCaller(s, b)
	tokens := make([]string, len(emails))
	for i, email := range emails {
		tokens[i] = c.post("/auth/login", sitetest.Credentials(email, sitetest.Password))["refresh_token"].(string)
	}
	b.ResetTimer()
	n := max(b.N, len(tokens)) / len(tokens)
	rate := busy(len(tokens), len(tokens), func(i int) {
		token := tokens[i-1]
		for range n {
			token, _ = c.post("/auth/refresh", map[string]string{"refresh_token": token})["refresh_token"].(string)
		}
	})
	b.ReportMetric(rate*float64(n), "refreshes/s")
	b.ReportMetric(0, "ns/op")
}
