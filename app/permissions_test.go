package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// The permissions of each role, as all modules declare them (A3): each role has what the one below it has.
func TestPermissionsOfEachRole(t *testing.T) {
	var all *identity.Permissions
	require.NoError(t, built(t, embeddedConfig(t, nil), modules, &all))
	own := map[identity.Role][]string{
		identity.Anonymous: {"courses:read", "public"},
		usersapi.RoleUser: {"account:self", "chat:read", "chat:write", "files:read", "invites:redeem", "learning:self",
			"notifications:self", "sessions:self"},
		usersapi.RoleInstructor: {"announcements:write", "chat:manage", "courses:write", "files:write"},
		usersapi.RoleAdmin:      {"audit:read", "invites:manage", "mail:manage", "users:manage"},
	}
	var expected []string
	for _, r := range []identity.Role{
		identity.Anonymous, usersapi.RoleUser, usersapi.RoleMember, usersapi.RoleInstructor, usersapi.RoleAdmin,
	} {
		expected = append(expected, own[r]...)
		var has []string
		for _, p := range all.List() {
			if (identity.Caller{Role: r}).HasPermission(p) {
				has = append(has, p.Name)
			}
			require.Regexp(t, `^([a-z]+:(read|write|manage|redeem|self)|public)$`, p.Name)
		}
		require.ElementsMatch(t, expected, has, "%q", r)
	}
}
