package main

import (
	"fmt"
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

		soon := s.invite(admin, map[string]any{"role_to_grant": "member", "expires_at": clock.Of(time.Now().Add(300 * time.Millisecond))})
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

// L2: a changed, missing, moved or cut entry is found, and which is the first.
func TestATamperedLogIsFound(t *testing.T) {
	t.Parallel()
	s := serveSite(t, nil)
	admin := s.admin()
	for i := range 5 {
		s.want(201, "POST", "/courses", admin, map[string]any{"title": fmt.Sprint(i)})
	}
	pool := s.run.parts.DB.Pool()
	exec := func(sql string) {
		_, err := pool.Exec(sql)
		require.NoError(t, err)
	}
	_, err := pool.Exec("UPDATE audit_entries SET ip = '1.2.3.4' WHERE seq = 3")
	require.ErrorContains(t, err, "append-only")
	_, err = pool.Exec("DELETE FROM audit_entries WHERE seq = 3")
	require.ErrorContains(t, err, "append-only")
	exec("DROP TRIGGER audit_entries_no_update")
	exec("DROP TRIGGER audit_entries_no_delete")
	exec("CREATE TABLE kept AS SELECT * FROM audit_entries")
	firstBad := func() any { return s.want(200, "GET", "/admin/audit-logs/verify", admin, nil).get("first_bad_seq") }
	require.Nil(t, firstBad())
	last := s.want(200, "GET", "/admin/audit-logs?limit=1", admin, nil).get("items.0.seq").(float64)
	for name, c := range map[string]struct {
		sql  string
		want float64
	}{
		"changed": {"UPDATE audit_entries SET ip = '1.2.3.4' WHERE seq = 3", 3},
		"deleted": {"DELETE FROM audit_entries WHERE seq = 3", 3},
		"swapped": {"UPDATE audit_entries SET seq = CASE seq WHEN 3 THEN -4 ELSE -3 END WHERE seq IN (3, 4); UPDATE audit_entries SET seq = -seq WHERE seq < 0", 3},
		"cut":     {fmt.Sprintf("DELETE FROM audit_entries WHERE seq = %d", int(last)), last},
	} {
		exec(c.sql)
		require.Equal(t, c.want, firstBad(), name)
		exec("DELETE FROM audit_entries")
		exec("INSERT INTO audit_entries SELECT * FROM kept")
		require.Nil(t, firstBad(), name)
	}
	// The head moved back along with a cut tail: its seal does not hold.
	exec(fmt.Sprintf("DELETE FROM audit_entries WHERE seq = %d", int(last)))
	exec(fmt.Sprintf("UPDATE audit_head SET seq = %d, hash = (SELECT hash FROM audit_entries WHERE seq = %d)", int(last)-1, int(last)-1))
	require.NotNil(t, firstBad())
}
