package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// I5: killed in the middle of redemptions, what is there is whole: each use has its role, its entries and its notice, and
// none that was answered is missing.
func TestRedemptionsSurviveKill(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, env map[string]string) {
		dir := t.TempDir()
		env["RATE_LIMIT_ENABLED"], env["HTTP_ADDR"] = "false", "127.0.0.1:"+testkit.FreePort(t)
		env["PUBLIC_URL"] = "http://" + env["HTTP_ADDR"] // tokens name it: they hold over all the starts
		random := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 1))
		var tokens []string
		acked := 0
		for round := range testkit.Rounds(100) {
			p := launch(t, dir, env)
			s := p.Site()
			admin := s.AdminToken()
			code := s.Invite(admin, map[string]any{"role_to_grant": "member", "max_uses": 10000}).Text("code")
			var fresh []string
			for i := range 12 {
				_, _, token := s.NewAccount(fmt.Sprintf("killed-%d-%d", round, i))
				fresh = append(fresh, token)
			}
			var done atomic.Int64
			var wg sync.WaitGroup
			for _, token := range fresh {
				wg.Go(func() {
					if s.TryRedeem(token, code) {
						done.Add(1)
					}
				})
			}
			for some := random.Int64N(10); done.Load() < some; {
				time.Sleep(100 * time.Microsecond)
			}
			p.Kill()
			wg.Wait()
			acked += int(done.Load())
			tokens = append(tokens, fresh...)
		}
		s := launch(t, dir, env).Site()
		admin := s.AdminToken()
		uses := 0
		for _, i := range s.Want(200, "GET", "/admin/invites?limit=100", admin, nil).Items() {
			uses += int(i.(map[string]any)["uses"].(float64))
		}
		members := 0
		for _, token := range tokens {
			if s.Want(200, "GET", "/users/me", token, nil).Text("role") == "member" {
				members++
			}
		}
		t.Logf("%d answered, %d there, of %d", acked, uses, len(tokens))
		require.GreaterOrEqual(t, uses, acked)
		require.Equal(t, uses, members)
		for _, action := range []string{"invite.redeemed", "user.role_changed"} {
			require.Equal(t, uses, s.CountAll("/admin/audit-logs?action="+action, admin), action)
		}
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
		require.Eventually(t, func() bool { return s.CountNotifications(tokens, "role.granted") == uses },
			90*time.Second, 500*time.Millisecond)
	})
}
