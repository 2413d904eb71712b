package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
	"lyceum/platform/testkit"
)

// racers are accounts with their ids.
func racers(s *sitetest.Site, n int) (ids, tokens []string) {
	for i := range n {
		_, id, token := s.NewAccount(fmt.Sprint("racer-", i))
		ids, tokens = append(ids, id), append(tokens, token)
	}
	return ids, tokens
}

// I2: however many race for k uses, exactly k get one, and each has its audit entry.
func TestRacersForOneUse(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		ids, tokens := racers(s, 10)
		wins := 0
		for range testkit.Rounds(100) {
			inv := s.Invite(admin, map[string]any{"role_to_grant": "member", "max_uses": 2})
			statuses := make([]int, len(tokens))
			var wg sync.WaitGroup
			for i, token := range tokens {
				wg.Go(func() { statuses[i] = s.Redeem(token, inv.Text("code")).Status })
			}
			wg.Wait()
			won := 0
			for i, status := range statuses {
				require.Contains(t, []int{200, 410}, status)
				if status == 200 {
					won++
					s.SetRole(admin, ids[i], "user")
				}
			}
			require.Equal(t, 2, won)
			wins += won
			require.EqualValues(t, 2, s.Want(200, "GET", "/admin/invites/"+inv.Text("id"), admin, nil).Get("uses"))
			require.Len(t, s.Want(200, "GET", "/admin/audit-logs?action=invite.redeemed&target_id="+inv.Text("id"), admin, nil).Items(), 2)
		}
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
	})
}

// I2: a hundred callers over two replicas race for one use: one grant and ninety-nine refusals, with their entries, and
// the notice of the grant, which comes by the outbox.
func TestRacersOverReplicasForOneUse(t *testing.T) {
	t.Parallel()
	sites := sitetest.StartReplicas(t, 2, "RATE_LIMIT_ENABLED=false", "WORKER_INLINE=true")
	a := sites[0]
	admin := a.AdminToken()
	ids, tokens := racers(a, 100)
	rounds := testkit.Rounds(500)
	for range rounds {
		inv := a.Invite(admin, map[string]any{"role_to_grant": "member"})
		answers := make([]sitetest.Answer, len(tokens))
		begin := make(chan struct{})
		var wg sync.WaitGroup
		for i, token := range tokens {
			wg.Go(func() { <-begin; answers[i] = sites[i%2].Redeem(token, inv.Text("code")) })
		}
		close(begin)
		wg.Wait()
		granted := 0
		for i, got := range answers {
			if got.Status == 200 {
				require.Equal(t, []any{200, true, "member"}, seenBy(got))
				a.SetRole(admin, ids[i], "user")
				granted++
				continue
			}
			require.Equal(t, "invite-exhausted", got.Text("code"), "%s", got.Raw)
		}
		require.Equal(t, 1, granted)
		require.EqualValues(t, 1, a.Want(200, "GET", "/admin/invites/"+inv.Text("id"), admin, nil).Get("uses"))
		for action, n := range map[string]int{"invite.redeemed": 1, "invite.redeem_failed": 99} {
			require.Len(t, a.Want(200, "GET", "/admin/audit-logs?limit=100&target_id="+inv.Text("id")+"&action="+action, admin, nil).Items(), n, action)
		}
	}
	require.Equal(t, true, sites[1].Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
	require.Eventually(t, func() bool { return countTold(a, tokens, "role.granted") == rounds }, 30*time.Second, 200*time.Millisecond)
}

// told counts the notifications of a kind that the callers have.
func countTold(s *sitetest.Site, tokens []string, kind string) (n int) {
	for _, token := range tokens {
		for cursor := ""; ; {
			page := s.Want(200, "GET", "/notifications?limit=100"+cursor, token, nil)
			for _, item := range page.Items() {
				if item.(map[string]any)["kind"] == kind {
					n++
				}
			}
			if page.Get("next_cursor") == nil {
				break
			}
			cursor = "&cursor=" + page.Text("next_cursor")
		}
	}
	return n
}

// I5: killed in the middle of redemptions, what is there is whole: each use has its role, its entries and its notice, and
// none that was answered is missing.
func TestRedemptionsSurviveKill(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, env map[string]string) {
		dir := t.TempDir()
		env["RATE_LIMIT_ENABLED"], env["HTTP_ADDR"] = "false", "127.0.0.1:"+sitetest.FreePort(t)
		env["PUBLIC_URL"] = "http://" + env["HTTP_ADDR"] // tokens name it: they hold over all the starts
		random := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 1))
		var tokens []string
		acked := 0
		for round := range testkit.Rounds(100) {
			p := launch(t, dir, env)
			s := p.site()
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
					if tryRedeem(s, token, code) {
						done.Add(1)
					}
				})
			}
			for some := random.Int64N(10); done.Load() < some; {
				time.Sleep(100 * time.Microsecond)
			}
			require.NoError(t, p.cmd.Process.Signal(syscall.SIGKILL))
			_ = p.cmd.Wait()
			wg.Wait()
			acked += int(done.Load())
			tokens = append(tokens, fresh...)
		}
		s := launch(t, dir, env).site()
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
		require.Eventually(t, func() bool { return countTold(s, tokens, "role.granted") == uses }, 90*time.Second, 500*time.Millisecond)
	})
}

// tryRedeem says whether the answer came that it is done.
func tryRedeem(s *sitetest.Site, token, code string) bool {
	req, err := http.NewRequestWithContext(s.T.Context(), "POST", s.URL+"/invites/redeem", strings.NewReader(`{"code":"`+code+`"}`))
	require.NoError(s.T, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := sitetest.Client.Do(req)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return err == nil && res.StatusCode == 200
}

// I5: what a redemption does is done as a whole or not at all: where any part can't be written, nothing is.
func TestARedemptionIsWholeOrNothing(t *testing.T) {
	sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
		admin := s.AdminToken()
		email, id, user := s.NewAccount("whole")
		course := s.Want(201, "POST", "/courses", admin, `{"title":"Whole","status":"published","visibility":"private"}`).Text("id")
		inv := s.Invite(admin, map[string]any{"role_to_grant": "member", "course_ids": []string{course}, "email": email})
		entries := s.CountAll("/admin/audit-logs?", admin)
		rename := func(from, to string) {
			_, err := d.Exec(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to)
			require.NoError(t, err)
		}
		for _, table := range []string{"audit_entries", "audit_head", "outbox_deliveries", "enrollments", "invite_redemptions"} {
			rename(table, table+"_away")
			require.False(t, tryRedeem(s, user, inv.Text("code")), table)
			rename(table+"_away", table)
			require.EqualValues(t, 0, s.Want(200, "GET", "/admin/invites/"+inv.Text("id"), admin, nil).Get("uses"), table)
			me := s.Want(200, "GET", "/users/me", user, nil)
			require.Equal(t, []any{"user", false}, []any{me.Get("role"), me.Get("email_verified")}, table)
			require.Empty(t, s.Want(200, "GET", "/users/me/enrollments", user, nil).Items(), table)
			require.Equal(t, entries, s.CountAll("/admin/audit-logs?", admin), table)
		}
		require.Equal(t, []any{200, true, "member"}, seenBy(s.Redeem(user, inv.Text("code"))))
		for _, action := range []string{"invite.redeemed", "enrollment.created", "user.role_changed", "user.email_verified"} {
			require.Equal(t, 1, s.CountAll("/admin/audit-logs?actor_id="+id+"&action="+action, admin), action)
		}
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
	})
}
