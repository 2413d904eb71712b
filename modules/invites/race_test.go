package invites_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
	"lyceum/platform/testkit"
)

// registerMany are accounts with their ids.
func registerMany(s *sitetest.Site, n int) (ids, tokens []string) {
	for i := range n {
		_, id, token := s.NewAccount(fmt.Sprint("racer-", i))
		ids, tokens = append(ids, id), append(tokens, token)
	}
	return ids, tokens
}

// However many race for k uses, exactly k get one, and each has its audit entry (I2).
func TestManyRedeemOneUse(t *testing.T) {
	sitetest.OnBoth(t, map[string]string{"RATE_LIMIT_ENABLED": "false"}, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		ids, tokens := registerMany(s, 10)
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
			require.Len(t,
				s.Want(200, "GET", "/admin/audit-logs?action=invite.redeemed&target_id="+inv.Text("id"), admin,
					nil).Items(),
				2)
		}
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
	})
}

// A hundred callers over two replicas race for one use: one grant and ninety-nine refusals, with
// their entries, and the notice of the grant, which comes by the outbox.
func TestManyRedeemOneUseOnReplicas(t *testing.T) {
	t.Parallel()
	sites := sitetest.StartReplicas(t, 2, "RATE_LIMIT_ENABLED=false", "WORKER_INLINE=true")
	a := sites[0]
	admin := a.AdminToken()
	ids, tokens := registerMany(a, 100)
	rounds := testkit.Rounds(500)
	for range rounds {
		inv := a.Invite(admin, map[string]any{"role_to_grant": "member"})
		answers := make([]sitetest.Answer, len(tokens))
		begin := make(chan struct{})
		var wg sync.WaitGroup
		for i, token := range tokens {
			wg.Go(func() { <-begin; answers[i] = redeemWhenBusy(sites[i%2], token, inv.Text("code")) })
		}
		close(begin)
		wg.Wait()
		granted := 0
		for i, got := range answers {
			if got.Status == 200 {
				require.Equal(t, []any{200, true, "member"}, outcomeOf(got))
				a.SetRole(admin, ids[i], "user")
				granted++
				continue
			}
			require.Equal(t, "invite-exhausted", got.Text("code"), "%s", got.Raw)
		}
		require.Equal(t, 1, granted)
		require.EqualValues(t, 1, a.Want(200, "GET", "/admin/invites/"+inv.Text("id"), admin, nil).Get("uses"))
		for action, n := range map[string]int{"invite.redeemed": 1, "invite.redeem_failed": 99} {
			require.Len(t,
				a.Want(200, "GET", "/admin/audit-logs?limit=100&target_id="+inv.Text("id")+"&action="+action,
					admin, nil).Items(),
				n, action)
		}
	}
	require.Equal(t, true, sites[1].Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
	require.Eventually(t, func() bool { return a.CountNotifications(tokens, "role.granted") == rounds },
		30*time.Second, 200*time.Millisecond)
}

// redeemWhenBusy redeems a code, and does so again while the answer is that the database did not answer in time: a
// hundred redemptions at once may be more than a machine does within the time of an answer beside other tests.
func redeemWhenBusy(s *sitetest.Site, token, code string) sitetest.Answer {
	for {
		if a := s.Redeem(token, code); a.Text("code") != "unavailable" {
			return a
		}
	}
}

// A redemption happens as a whole or not at all: where any part can't be written, nothing is (I5).
func TestRedemptionIsAtomic(t *testing.T) {
	sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
		admin := s.AdminToken()
		email, id, user := s.NewAccount("whole")
		course := s.Want(201, "POST", "/courses", admin,
			`{"title":"Whole","status":"published","visibility":"private"}`).Text("id")
		inv := s.Invite(admin, map[string]any{"role_to_grant": "member", "course_ids": []string{course}, "email": email})
		entries := s.CountAll("/admin/audit-logs?", admin)
		rename := func(from, to string) {
			_, err := d.Exec(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to)
			require.NoError(t, err)
		}
		for _, table := range []string{
			"audit_entries", "audit_head", "outbox_deliveries", "enrollments", "invite_redemptions",
		} {
			rename(table, table+"_away")
			require.False(t, s.TryRedeem(user, inv.Text("code")), table)
			rename(table+"_away", table)
			require.EqualValues(t, 0, s.Want(200, "GET", "/admin/invites/"+inv.Text("id"), admin, nil).Get("uses"), table)
			me := s.Want(200, "GET", "/users/me", user, nil)
			require.Equal(t, []any{"user", false}, []any{me.Get("role"), me.Get("email_verified")}, table)
			require.Empty(t, s.Want(200, "GET", "/users/me/enrollments", user, nil).Items(), table)
			require.Equal(t, entries, s.CountAll("/admin/audit-logs?", admin), table)
		}
		require.Equal(t, []any{200, true, "member"}, outcomeOf(s.Redeem(user, inv.Text("code"))))
		for _, action := range []string{
			"invite.redeemed", "enrollment.created", "user.role_changed", "user.email_verified",
		} {
			require.Equal(t, 1, s.CountAll("/admin/audit-logs?actor_id="+id+"&action="+action, admin), action)
		}
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
	})
}
