package auth_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/auth"
)

var ladder = []auth.Role{auth.Anonymous, auth.User, auth.Member, auth.Instructor, auth.Admin}

func may(r auth.Role) (out []auth.Permission) {
	for _, p := range auth.Permissions() {
		if (auth.Caller{Role: r}).May(p) {
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
	require.Equal(t, []auth.Permission{auth.CoursesRead, auth.Public}, may(auth.Anonymous), "what is open is listed here, one by one")
	require.Equal(t, auth.Permissions(), may(auth.Admin))
	for _, p := range []auth.Permission{auth.UsersManage, auth.InvitesManage, auth.AuditRead, auth.MailManage} {
		require.NotContains(t, may(auth.Instructor), p)
	}
	for _, p := range []auth.Permission{auth.CoursesWrite, auth.AnnouncementsWrite, auth.ChatManage, auth.FilesWrite} {
		require.NotContains(t, may(auth.Member), p)
		require.Contains(t, may(auth.Instructor), p)
	}
}

func TestEveryPermissionHasARole(t *testing.T) {
	all := auth.Permissions()
	require.True(t, slices.IsSorted(all))
	for _, p := range all {
		require.True(t, p.Known())
		require.Contains(t, ladder, p.Role(), "%s", p)
		require.Regexp(t, `^([a-z]+:(read|write|manage|redeem|self)|public)$`, string(p))
		require.Equal(t, p.Role() == auth.Anonymous, auth.Caller{}.May(p), "%s", p)
	}
}

// Deny by default: a name that the table lacks is nobody's, an administrator's neither.
func TestAnUnknownPermissionMayNothing(t *testing.T) {
	for _, p := range []auth.Permission{"", "courses:wirte", "PUBLIC"} {
		require.False(t, p.Known())
		require.Equal(t, auth.Admin, p.Role())
		for _, r := range ladder {
			require.False(t, auth.Caller{UserID: "x", Role: r}.May(p), "%s %q", r, p)
		}
	}
}

// A role that nobody knows, as an old row might have, has what anonymous callers have.
func TestAnUnknownRoleHasNothing(t *testing.T) {
	require.Equal(t, may(auth.Anonymous), may("owner"))
}
