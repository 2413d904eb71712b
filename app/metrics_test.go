package main

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// TestMetricsTellOfWork has a site do some of everything and looks for it in its metrics.
func TestMetricsTellOfWork(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		_, _, token := s.NewAccount("metrics")
		s.Want(200, "GET", "/users/me", token, nil)
		for range 11 {
			s.Call("POST", "/invites/redeem", token, map[string]string{"code": "wrong"})
		}
		wanted := []string{
			`lyceum_build_info\{version="test"\} 1`,
			`lyceum_cache_lookups_total\{result="hit",topic="[^"]+"\} [1-9]`,
			`lyceum_http_request_duration_seconds_count\{method="POST",route="/auth/register",status="201"\} 1`,
			`lyceum_job_duration_seconds_count\{job="mail.send",result="done"\} [1-9]`,
			`lyceum_mails_total\{kind="verify_email",result="sent"\} [1-9]`,
			`lyceum_outbox_dead 0`,
			`lyceum_outbox_lag_seconds \d`,
			`lyceum_outbox_pending \d`,
			`lyceum_rate_limit_refusals_total\{budget="redeem"\} [1-9]`,
			`go_sql_open_connections\{db_name="primary"\} [1-9]`,
		}
		require.Eventually(t, func() bool {
			metrics := s.Want(200, "GET", "/metrics", "", nil).Raw
			for i := len(wanted) - 1; i >= 0; i-- {
				if regexp.MustCompile(`(?m)^` + wanted[i]).Match(metrics) {
					wanted = append(wanted[:i], wanted[i+1:]...)
				}
			}
			return len(wanted) == 0
		}, 15*time.Second, 200*time.Millisecond, "%q", &wanted)
	})
}
