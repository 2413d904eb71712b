package invites_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/clock"
	"lyceum/platform/testkit"
)

func TestInviteLifecycle(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, _, user := s.NewAccount("invited")
		_, _, stranger := s.NewAccount("stranger")
		bound := s.Invite(admin,
			map[string]any{"role_to_grant": "member", "email": " INVITED@example.com ", "note": "for them"})
		require.Equal(t, email, bound.Text("email"))
		require.Equal(t, bound.Text("code")[:4], bound.Text("code_prefix"))
		require.Equal(t, "/admin/invites/"+bound.Text("id"), bound.Header.Get("Location"))
		require.Equal(t, bound.Text("code"), s.WaitForLink(email, "/join#code=", ""))
		require.NotContains(t, string(s.Want(200, "GET", "/admin/invites", admin, nil).Raw), bound.Text("code"))
		require.Equal(t, "invite-wrong-address", s.Redeem(stranger, bound.Text("code")).Text("code"))
		require.Equal(t, true, s.Redeem(user, bound.Text("code")).Get("granted"))
		require.Equal(t, true, s.Want(200, "GET", "/users/me", user, nil).Get("email_verified"),
			"the mail proved the address")
		again := s.Redeem(user, bound.Text("code"))
		require.Equal(t, 200, again.Status)
		require.Equal(t, false, again.Get("granted"))
		require.Equal(t, "invite-exhausted", s.Redeem(stranger, bound.Text("code")).Text("code"))

		for _, unknown := range []string{"x", "00000-00000-00000-00000-00000-0", "日本", "'; DROP TABLE invites; --"} {
			require.Equal(t, 404, s.Redeem(user, unknown).Status, unknown)
		}
		require.Equal(t, 422, s.Redeem(user, "").Status)

		// A role is never lowered, and no use is counted then.
		lower := s.Invite(admin, map[string]any{"role_to_grant": "member"})
		kept := s.Redeem(admin, lower.Text("code"))
		require.Equal(t, "admin", kept.Text("role"))
		require.EqualValues(t, 0, s.Want(200, "GET", "/admin/invites/"+lower.Text("id"), admin, nil).Get("uses"))
		s.Want(204, "DELETE", "/admin/invites/"+lower.Text("id"), admin, nil)
		s.Want(204, "DELETE", "/admin/invites/"+lower.Text("id"), admin, nil)
		require.Equal(t, "invite-revoked", s.Redeem(stranger, lower.Text("code")).Text("code"))

		expires := clock.FromTime(time.Now().Add(300 * time.Millisecond))
		soon := s.Invite(admin, map[string]any{"role_to_grant": "member", "expires_at": expires})
		testkit.Eventually(t, func() bool { return time.Now().After(expires.StdTime()) }, "the invite has expired")
		require.Equal(t, "invite-expired", s.Redeem(stranger, soon.Text("code")).Text("code"))
		for _, bad := range []string{
			`{"role_to_grant":"user"}`, `{"role_to_grant":"member","expires_at":"2001-01-01T00:00:00Z"}`,
			`{"role_to_grant":"member","max_uses":0}`,
			`{"role_to_grant":"member","max_uses":10001}`, `{"role_to_grant":"member","email":"nobody"}`,
			`{"role_to_grant":"member","expires_at":"tomorrow"}`,
		} {
			s.WantProblem(422, "validation-failed", "POST", "/admin/invites", admin, bad)
		}
		for status, n := range map[string]int{"active": 0, "exhausted": 1, "expired": 1, "revoked": 1} {
			require.Len(t, s.Want(200, "GET", "/admin/invites?status="+status, admin, nil).Items(), n, status)
		}
		s.WantProblem(404, "not-found", "GET", "/admin/invites/nonsense", admin, nil)
		failed := s.Want(200, "GET", "/admin/audit-logs?action=invite.redeem_failed&limit=100", admin, nil)
		require.NotContains(t, string(failed.Raw), soon.Text("code"))
		require.Len(t, failed.Items(), 8)
	})
}

// An administrator who may no longer grant roles has no open invites (I3).
func TestInvitesOfADemotedAdminAreRevoked(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	_, id, second := s.NewAccount("inviter")
	_, _, user := s.NewAccount("guest")
	s.SetRole(admin, id, "admin")
	inv := s.Invite(second, map[string]any{"role_to_grant": "admin"})
	s.SetRole(admin, id, "member")
	require.Equal(t, "invite-revoked", s.Redeem(user, inv.Text("code")).Text("code"))
	require.Equal(t, "revoked", s.Want(200, "GET", "/admin/invites/"+inv.Text("id"), admin, nil).Text("status"))
	require.Len(t,
		s.Want(200, "GET", "/admin/audit-logs?action=invite.revoked&target_id="+inv.Text("id"), admin, nil).Items(),
		1)
}
