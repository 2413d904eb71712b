package main

import (
	"fmt"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/passwords"
)

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
	c := s.NewLoadClient(b)
	h := passwords.NewHasher(passwords.Argon2{Memory: 19456, Time: 2, Parallel: 1})
	hash, err := h.HashPassword(b.Context(), sitetest.Password)
	require.NoError(b, err)
	const turn = 250
	var hashes, logins []float64
	b.ResetTimer()
	for done := 0; done < max(b.N, turn); done += turn {
		hashes = append(hashes,
			sitetest.MeasureRate(turn, 8, func(int) { _, _, _ = h.CheckPassword(b.Context(), hash, sitetest.Password) }))
		logins = append(logins,
			sitetest.MeasureRate(turn, 16,
				func(i int) { c.Post("/auth/login", sitetest.Credentials(emails[i%len(emails)], sitetest.Password)) }))
	}
	b.ReportMetric(sitetest.Mean(hashes), "hashes/s")
	b.ReportMetric(sitetest.Mean(logins), "logins/s")
	ratios := make([]float64, len(hashes))
	for i := range ratios {
		ratios[i] = 100 * logins[i] / hashes[i]
	}
	b.ReportMetric(sitetest.Median(ratios), "%-of-hash")
	b.ReportMetric(0, "ns/op")
}

// Refreshes a second on PostgreSQL, over all cores that server, client and database share.
func BenchmarkRefresh(b *testing.B) {
	s, emails := benchSite(b, 64)
	c := s.NewLoadClient(b)
	tokens := make([]string, len(emails))
	for i, email := range emails {
		tokens[i] = c.Post("/auth/login", sitetest.Credentials(email, sitetest.Password))["refresh_token"].(string)
	}
	b.ResetTimer()
	n := max(b.N, len(tokens)) / len(tokens)
	rate := sitetest.MeasureRate(len(tokens), len(tokens), func(i int) {
		token := tokens[i-1]
		for range n {
			token, _ = c.Post("/auth/refresh", map[string]string{"refresh_token": token})["refresh_token"].(string)
		}
	})
	b.ReportMetric(rate*float64(n), "refreshes/s")
	b.ReportMetric(0, "ns/op")
}
