package identity_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/identity"
)

var ladder = []identity.Role{identity.Anonymous, identity.User, identity.Member, identity.Instructor, identity.Admin}

func may(r identity.Role) (out []identity.Permission) {
	for _, p := range identity.Permissions() {
		if (identity.Caller{Role: r}).May(p) {
			out = append(out, p)
		}
	}
	return out
}

// A3: each role has what the one below has, and nothing else decides.
func TestEachRoleIncludesTheOneBelow(t *testing.T) {
	for i, r := range ladder[1:] {
		require.Subset(t, may(r), may(ladder[i]), "%s", r)
	}
	require.Equal(t, []identity.Permission{identity.CoursesRead, identity.Public}, may(identity.Anonymous), "what is open is listed here, one by one")
	require.Equal(t, identity.Permissions(), may(identity.Admin))
	for _, p := range []identity.Permission{identity.UsersManage, identity.InvitesManage, identity.AuditRead, identity.MailManage} {
		require.NotContains(t, may(identity.Instructor), p)
	}
	for _, p := range []identity.Permission{identity.CoursesWrite, identity.AnnouncementsWrite, identity.ChatManage, identity.FilesWrite} {
		require.NotContains(t, may(identity.Member), p)
		require.Contains(t, may(identity.Instructor), p)
	}
}

func TestEveryPermissionHasARole(t *testing.T) {
	all := identity.Permissions()
	require.True(t, slices.IsSorted(all))
	for _, p := range all {
		require.True(t, p.Known())
		require.Contains(t, ladder, p.Role(), "%s", p)
		require.Regexp(t, `^([a-z]+:(read|write|manage|redeem|self)|public)$`, string(p))
		require.Equal(t, p.Role() == identity.Anonymous, identity.Caller{}.May(p), "%s", p)
	}
}

// Deny by default: a name that the table lacks is nobody's, an administrator's neither.
func TestAnUnknownPermissionMayNothing(t *testing.T) {
	for _, p := range []identity.Permission{"", "courses:wirte", "PUBLIC"} {
		require.False(t, p.Known())
		require.Equal(t, identity.Admin, p.Role())
		for _, r := range ladder {
			require.False(t, identity.Caller{UserID: "x", Role: r}.May(p), "%s %q", r, p)
		}
	}
}

// A role that nobody knows, as an old row might have, has what anonymous callers have.
func TestAnUnknownRoleHasNothing(t *testing.T) {
	require.Equal(t, may(identity.Anonymous), may("owner"))
}
