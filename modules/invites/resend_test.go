package invites_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/clock"
)

func TestResendInvite(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		course := s.Want(201, "POST", "/courses", admin, `{"title":"Chemistry","status":"published"}`)
		email, _, user := s.NewAccount("guest")
		first := s.Invite(admin,
			map[string]any{
				"role_to_grant": "member", "email": email, "course_ids": []string{course.Text("id")},
				"note": "from the fair",
			})
		path := "/admin/invites/" + first.Text("id") + "/resend"
		again := s.Want(200, "POST", path, admin, nil)
		require.Empty(t, again.Text("code"), "the code goes by mail only")
		require.NotContains(t, string(again.Raw), `"code"`)
		for _, field := range []string{
			"id", "role_to_grant", "email", "note", "max_uses", "uses", "status", "created_at", "course_ids",
			"expires_at",
		} {
			require.Equal(t, first.Get(field), again.Get(field), field)
		}
		require.Equal(t, 404, s.Redeem(user, first.Text("code")).Status, "the old code is void")
		code := s.WaitForLink(email, "/join#code=", first.Text("code"))
		require.NotEqual(t, first.Text("code"), code)
		require.Equal(t, code[:4], again.Text("code_prefix"))
		require.Equal(t, again.Text("code_prefix"),
			s.Want(200, "GET", "/admin/invites/"+first.Text("id"), admin, nil).Text("code_prefix"))
		// Which courses came with it is told at the first use and at the next.
		for n := range 2 {
			redeemed := s.Redeem(user, code)
			require.Equal(t, 200, redeemed.Status, "%s", redeemed.Raw)
			require.Equal(t, "member", redeemed.Text("role"))
			require.Equal(t, n == 0, redeemed.Get("granted"))
			require.Equal(t,
				[]any{map[string]any{"id": course.Text("id"), "slug": "chemistry", "title": "Chemistry"}},
				redeemed.Get("courses"))
		}
		require.Equal(t, []any{},
			s.Redeem(user, s.Invite(admin, map[string]any{"role_to_grant": "member"}).Text("code")).Get("courses"))
		s.WantProblem(410, "invite-exhausted", "POST", path, admin, nil)
		entries := s.Want(200, "GET", "/admin/audit-logs?action=invite.resent", admin, nil).Items()
		require.Len(t, entries, 1)
		require.Equal(t, first.Text("id"), sitetest.Answer{JSON: entries[0].(map[string]any)}.Text("target.id"))
		t.Run("is refused", func(t *testing.T) { resendRefused(s.For(t), admin, user, path) })
	})
}

// resendRefused sends invites again that can't be, and path by an account that may not.
func resendRefused(s *sitetest.Site, admin, user, path string) {
	open := s.Invite(admin, map[string]any{"role_to_grant": "member"}).Text("id")
	s.WantProblem(409, "no-email", "POST", "/admin/invites/"+open+"/resend", admin, nil)
	s.Want(204, "DELETE", "/admin/invites/"+open, admin, nil)
	s.WantProblem(410, "invite-revoked", "POST", "/admin/invites/"+open+"/resend", admin, nil)
	soon := clock.FromTime(time.Now().Add(300 * time.Millisecond)).String()
	late := s.Invite(admin,
		map[string]any{"role_to_grant": "member", "email": "late@example.com", "expires_at": soon}).Text("id")
	require.Eventually(s.T, func() bool {
		return s.Call("POST", "/admin/invites/"+late+"/resend", admin, nil).Text("code") == "invite-expired"
	}, 5*time.Second, 100*time.Millisecond)
	s.WantProblem(404, "not-found", "POST", "/admin/invites/none/resend", admin, nil)
	s.WantProblem(403, "forbidden", "POST", path, user, nil)

	// One whose inviter may no longer grant is revoked.
	_, other, second := s.NewAccount("second-admin")
	s.SetRole(admin, other, "admin")
	theirs := s.Invite(second, map[string]any{"role_to_grant": "member", "email": "theirs@example.com"}).Text("id")
	s.SetRole(admin, other, "member")
	s.WantProblem(410, "invite-revoked", "POST", "/admin/invites/"+theirs+"/resend", admin, nil)
	require.Equal(s.T, "revoked", s.Want(200, "GET", "/admin/invites/"+theirs, admin, nil).Text("status"))
}

// Sent again many times at once while somebody redeems: of all codes exactly one works in the end,
// or the one that was used.
func TestResendRacesWithRedeeming(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		for round := range 5 {
			email, _, user := s.NewAccount(fmt.Sprint("racer-", round))
			made := s.Invite(admin, map[string]any{"role_to_grant": "member", "email": email})
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					assert.Contains(t, []int{200, 410},
						s.Call("POST", "/admin/invites/"+made.Text("id")+"/resend", admin, nil).Status)
				})
			}
			status := s.Redeem(user, made.Text("code")).Status
			all.Wait()
			require.Contains(t, []int{200, 404}, status)
			if status == 200 {
				continue
			}
			prefix := s.Want(200, "GET", "/admin/invites/"+made.Text("id"), admin, nil).Text("code_prefix")
			works := 0
			var codes []string
			require.Eventually(t, func() bool { codes = s.MailedCodes(email); return len(codes) == 5 },
				20*time.Second, 100*time.Millisecond)
			for _, code := range codes {
				if s.Redeem(user, code).Status == 200 {
					works++
					require.True(t, strings.HasPrefix(code, prefix))
				}
			}
			require.Equal(t, 1, works)
		}
	})
}
