package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/platform/clock"
)

func TestResendInvite(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		course := s.want(201, "POST", "/courses", admin, `{"title":"Chemistry","status":"published"}`)
		email, id, user := s.newcomer("guest")
		first := s.invite(admin, map[string]any{"role_to_grant": "member", "email": email, "course_ids": []string{course.str("id")}, "note": "from the fair"})
		path := "/admin/invites/" + first.str("id") + "/resend"
		again := s.want(200, "POST", path, admin, nil)
		require.Empty(t, again.str("code"), "the code goes by mail only")
		require.NotContains(t, string(again.Raw), `"code"`)
		for _, field := range []string{"id", "role_to_grant", "email", "note", "max_uses", "uses", "status", "created_at", "course_ids", "expires_at"} {
			require.Equal(t, first.get(field), again.get(field), field)
		}
		require.Equal(t, 404, s.redeem(user, first.str("code")).Status, "the old code is void")
		code := s.linkFrom(email, "/join#code=", first.str("code"))
		require.NotEqual(t, first.str("code"), code)
		require.Equal(t, code[:4], again.str("code_prefix"))
		require.Equal(t, again.str("code_prefix"), s.want(200, "GET", "/admin/invites/"+first.str("id"), admin, nil).str("code_prefix"))
		// Which courses came with it is told at the first use and at the next.
		for n := range 2 {
			redeemed := s.redeem(user, code)
			require.Equal(t, 200, redeemed.Status, "%s", redeemed.Raw)
			require.Equal(t, "member", redeemed.str("role"))
			require.Equal(t, n == 0, redeemed.get("granted"))
			require.Equal(t, []any{map[string]any{"id": course.str("id"), "slug": "chemistry", "title": "Chemistry"}}, redeemed.get("courses"))
		}
		require.Equal(t, []any{}, s.redeem(user, s.invite(admin, map[string]any{"role_to_grant": "member"}).str("code")).get("courses"))
		s.refused(410, "invite-exhausted", "POST", path, admin, nil)
		entries := s.want(200, "GET", "/admin/audit-logs?action=invite.resent", admin, nil).items()
		require.Len(t, entries, 1)
		require.Equal(t, first.str("id"), answer{JSON: entries[0].(map[string]any)}.str("target.id"))

		open := s.invite(admin, map[string]any{"role_to_grant": "member"}).str("id")
		s.refused(409, "no-email", "POST", "/admin/invites/"+open+"/resend", admin, nil)
		s.want(204, "DELETE", "/admin/invites/"+open, admin, nil)
		s.refused(410, "invite-revoked", "POST", "/admin/invites/"+open+"/resend", admin, nil)
		soon := clock.FromTime(time.Now().Add(300 * time.Millisecond)).String()
		late := s.invite(admin, map[string]any{"role_to_grant": "member", "email": "late@example.com", "expires_at": soon}).str("id")
		require.Eventually(t, func() bool {
			return s.call("POST", "/admin/invites/"+late+"/resend", admin, nil).str("code") == "invite-expired"
		}, 5*time.Second, 100*time.Millisecond)
		s.refused(404, "not-found", "POST", "/admin/invites/none/resend", admin, nil)
		s.refused(403, "forbidden", "POST", path, user, nil)

		// One whose inviter may no longer grant is revoked.
		_, other, second := s.newcomer("second-admin")
		s.promote(admin, other, "admin")
		theirs := s.invite(second, map[string]any{"role_to_grant": "member", "email": "theirs@example.com"}).str("id")
		s.promote(admin, other, "member")
		s.refused(410, "invite-revoked", "POST", "/admin/invites/"+theirs+"/resend", admin, nil)
		require.Equal(t, "revoked", s.want(200, "GET", "/admin/invites/"+theirs, admin, nil).str("status"))
		_ = id
	})
}

// Sent again many times at once while somebody redeems: of all codes exactly one works in the end, or the one that was used.
func TestResendRacesWithRedeeming(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		for round := range 5 {
			email, _, user := s.newcomer(fmt.Sprint("racer-", round))
			made := s.invite(admin, map[string]any{"role_to_grant": "member", "email": email})
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					assert.Contains(t, []int{200, 410}, s.call("POST", "/admin/invites/"+made.str("id")+"/resend", admin, nil).Status)
				})
			}
			status := s.redeem(user, made.str("code")).Status
			all.Wait()
			require.Contains(t, []int{200, 404}, status)
			if status == 200 {
				continue
			}
			prefix := s.want(200, "GET", "/admin/invites/"+made.str("id"), admin, nil).str("code_prefix")
			works := 0
			var codes []string
			require.Eventually(t, func() bool { codes = s.codesMailedTo(email); return len(codes) == 5 }, 20*time.Second, 100*time.Millisecond)
			for _, code := range codes {
				if s.redeem(user, code).Status == 200 {
					works++
					require.True(t, strings.HasPrefix(code, prefix))
				}
			}
			require.Equal(t, 1, works)
		}
	})
}

// codesMailedTo are the codes of all invites that an address was mailed.
func (s *site) codesMailedTo(email string) (codes []string) {
	s.t.Helper()
	for _, item := range s.mailed() {
		mail := answer{JSON: item.(map[string]any)}
		if _, rest, found := strings.Cut(mail.str("text"), "/join#code="); found && mail.str("to.0") == email {
			codes = append(codes, strings.Fields(rest)[0])
		}
	}
	return codes
}

func TestConsoleSaysWhatIsDoneAlready(t *testing.T) {
	t.Parallel()
	s := serveSite(t, nil)
	admin := s.admin()
	email, _, _ := s.newcomer("scanned")
	token := s.linkFrom(email, "/verify#token=", "")
	s.want(200, "POST", "/auth/verify-email", "", map[string]string{"token": token}) // a program that checks mails
	b := newBrowser(t, s.base)
	b.open("/verify#token=" + token)
	b.sees("verify-done", "Your address is confirmed already.")
	made := s.invite(admin, map[string]any{"role_to_grant": "member", "email": email})
	b.signIn("admin@lyceum.local", seed.DemoPassword)
	b.open("/#/invites")
	b.click("invite-resend")
	require.Eventually(t, func() bool { return len(s.codesMailedTo(email)) == 2 }, 20*time.Second, 100*time.Millisecond)
	require.Equal(t, "active", s.want(200, "GET", "/admin/invites/"+made.str("id"), admin, nil).str("status"))
	require.Empty(t, b.faults)
}
