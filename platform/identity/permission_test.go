package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/identity"
	"lyceum/platform/identity/identitytest"
)

var roles = []identity.Role{identity.Anonymous, identitytest.User, identitytest.Member, identitytest.Admin}

func TestPermissionsOfARole(t *testing.T) {
	for i, lowest := range roles {
		permission := identity.Permission{Name: "things:read", Lowest: lowest}
		for j, r := range roles {
			require.Equal(t, j >= i, identity.Caller{Role: r}.HasPermission(permission),
				"%q may what needs %q", r, lowest)
		}
	}
	t.Run("the zero permission is nobody's", func(t *testing.T) {
		for _, r := range roles {
			require.False(t, identity.Caller{UserID: "x", Role: r}.HasPermission(identity.Permission{}), "%s", r)
		}
	})
	t.Run("an unknown role has what anonymous callers have", func(t *testing.T) {
		for _, lowest := range roles {
			permission := identity.Permission{Name: "things:read", Lowest: lowest}
			require.Equal(t, lowest == identity.Anonymous, identity.Caller{Role: "owner"}.HasPermission(permission))
		}
	})
}

func TestNewPermissions(t *testing.T) {
	read := identity.Permission{Name: "things:read", Lowest: identity.Anonymous}
	write := identity.Permission{Name: "things:write", Lowest: identitytest.Member}
	all, err := identity.NewPermissions([]identity.Permission{write}, []identity.Permission{read})
	require.NoError(t, err)
	require.Equal(t, []identity.Permission{identity.Public, read, write}, all.List())
	require.True(t, all.IsDeclared(write))
	for _, unknown := range []identity.Permission{
		{}, {Name: "things:wirte", Lowest: identitytest.Member}, {Name: write.Name, Lowest: identitytest.User},
	} {
		require.False(t, all.IsDeclared(unknown), "%v", unknown)
	}
	for name, faulty := range map[string]identity.Permission{
		"declared twice":              write,
		"two lower-case words":        {Name: "Things", Lowest: identitytest.Member},
		`there is no role "overlord"`: {Name: "things:rule", Lowest: "overlord"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := identity.NewPermissions([]identity.Permission{write}, []identity.Permission{faulty})
			require.ErrorContains(t, err, name)
		})
	}
}
