package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/clock"
)

func (s *site) invite(admin string, body map[string]any) answer {
	s.t.Helper()
	return s.want(201, "POST", "/admin/invites", admin, body)
}

func (s *site) redeem(token, code string) answer {
	s.t.Helper()
	return s.call("POST", "/invites/redeem", token, map[string]string{"code": code})
}

func TestInvitesFromMakingToTheirEnd(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		email, _, user := s.newcomer("invited")
		_, _, stranger := s.newcomer("stranger")
		bound := s.invite(admin, map[string]any{"role_to_grant": "member", "email": " INVITED@example.com ", "note": "for him"})
		require.Equal(t, email, bound.str("email"))
		require.Equal(t, bound.str("code")[:4], bound.str("code_prefix"))
		require.Equal(t, "/admin/invites/"+bound.str("id"), bound.Header.Get("Location"))
		require.Equal(t, bound.str("code"), s.linkFrom(email, "/join#code=", ""))
		require.NotContains(t, string(s.want(200, "GET", "/admin/invites", admin, nil).Raw), bound.str("code"))
		require.Equal(t, "invite-wrong-address", s.redeem(stranger, bound.str("code")).str("code"))
		require.Equal(t, true, s.redeem(user, bound.str("code")).get("granted"))
		require.Equal(t, true, s.want(200, "GET", "/users/me", user, nil).get("email_verified"), "the mail proved the address")
		again := s.redeem(user, bound.str("code"))
		require.Equal(t, 200, again.Status)
		require.Equal(t, false, again.get("granted"))
		require.Equal(t, "invite-exhausted", s.redeem(stranger, bound.str("code")).str("code"))

		for _, unknown := range []string{"x", "00000-00000-00000-00000-00000-0", "日本", "'; DROP TABLE invites; --"} {
			require.Equal(t, 404, s.redeem(user, unknown).Status, unknown)
		}
		require.Equal(t, 422, s.redeem(user, "").Status)

		// A role is never lowered, and no use is counted then.
		lower := s.invite(admin, map[string]any{"role_to_grant": "member"})
		kept := s.redeem(admin, lower.str("code"))
		require.Equal(t, "admin", kept.str("role"))
		require.EqualValues(t, 0, s.want(200, "GET", "/admin/invites/"+lower.str("id"), admin, nil).get("uses"))
		s.want(204, "DELETE", "/admin/invites/"+lower.str("id"), admin, nil)
		s.want(204, "DELETE", "/admin/invites/"+lower.str("id"), admin, nil)
		require.Equal(t, "invite-revoked", s.redeem(stranger, lower.str("code")).str("code"))

		soon := s.invite(admin, map[string]any{"role_to_grant": "member", "expires_at": clock.FromTime(time.Now().Add(300 * time.Millisecond))})
		time.Sleep(400 * time.Millisecond)
		require.Equal(t, "invite-expired", s.redeem(stranger, soon.str("code")).str("code"))
		for _, bad := range []string{`{"role_to_grant":"user"}`, `{"role_to_grant":"member","expires_at":"2001-01-01T00:00:00Z"}`, `{"role_to_grant":"member","max_uses":0}`,
			`{"role_to_grant":"member","max_uses":10001}`, `{"role_to_grant":"member","email":"nobody"}`, `{"role_to_grant":"member","expires_at":"tomorrow"}`} {
			s.refused(422, "validation-failed", "POST", "/admin/invites", admin, bad)
		}
		for status, n := range map[string]int{"active": 0, "exhausted": 1, "expired": 1, "revoked": 1} {
			require.Len(t, s.want(200, "GET", "/admin/invites?status="+status, admin, nil).items(), n, status)
		}
		s.refused(404, "not-found", "GET", "/admin/invites/nonsense", admin, nil)
		failed := s.want(200, "GET", "/admin/audit-logs?action=invite.redeem_failed&limit=100", admin, nil)
		require.NotContains(t, string(failed.Raw), soon.str("code"))
		require.Len(t, failed.items(), 8)
	})
}

// I3: whoever may no longer grant has no invites any more.
func TestADemotedInviterHasNoInvites(t *testing.T) {
	t.Parallel()
	s := serveSite(t, nil)
	admin := s.admin()
	_, id, second := s.newcomer("inviter")
	_, _, user := s.newcomer("guest")
	s.promote(admin, id, "admin")
	inv := s.invite(second, map[string]any{"role_to_grant": "admin"})
	s.promote(admin, id, "member")
	require.Equal(t, "invite-revoked", s.redeem(user, inv.str("code")).str("code"))
	require.Equal(t, "revoked", s.want(200, "GET", "/admin/invites/"+inv.str("id"), admin, nil).str("status"))
	require.Len(t, s.want(200, "GET", "/admin/audit-logs?action=invite.revoked&target_id="+inv.str("id"), admin, nil).items(), 1)
}
