package identity

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// declare sets the roles of one test as if no other test had declared any.
func declare(t *testing.T, roles ...Role) {
	t.Helper()
	before := declaredRoles.Swap(nil)
	t.Cleanup(func() { declaredRoles.Store(before) })
	if len(roles) > 0 {
		DeclareRoles(roles...)
	}
}

func TestRolesInOrder(t *testing.T) {
	declare(t, "guest", "editor", "owner")
	require.True(t, Role("editor").IsAtLeast("guest"))
	require.True(t, Role("editor").IsAtLeast("editor"))
	require.False(t, Role("editor").IsAtLeast("owner"))
	require.True(t, Role("guest").IsAtLeast(Anonymous))
	require.False(t, Anonymous.IsAtLeast("guest"))
	for role, valid := range map[Role]bool{"guest": true, "owner": true, Anonymous: false, "Owner": false, "root": false} {
		require.Equal(t, valid, role.IsValid(), "%q", role)
	}
	require.False(t, Role("root").IsAtLeast("guest"), "an unknown role includes nothing")
}

func TestRolesThatAreNotDeclared(t *testing.T) {
	declare(t)
	require.False(t, Role("owner").IsValid())
	_, err := NewPermissions([]Permission{{Name: "things:read", Lowest: "owner"}})
	require.ErrorContains(t, err, `there is no role "owner"`, "a program that forgot its roles does not start")
}

func TestDeclareRoles(t *testing.T) {
	t.Run("again in the same order", func(t *testing.T) {
		declare(t, "guest", "owner")
		require.NotPanics(t, func() { DeclareRoles("guest", "owner") })
	})
	t.Run("the caller changes its slice afterwards", func(t *testing.T) {
		roles := []Role{"guest", "owner"}
		declare(t, roles...)
		roles[0] = "owner"
		require.False(t, Role("guest").IsAtLeast("owner"))
	})
	for name, roles := range map[string][]Role{
		"in another order": {"owner", "guest"},
		"one more":         {"guest", "editor", "owner"},
		"one twice":        {"guest", "guest"},
		"anonymous":        {Anonymous, "guest"},
	} {
		t.Run(name, func(t *testing.T) {
			declare(t, "guest", "owner")
			require.Panics(t, func() { DeclareRoles(roles...) })
			require.True(t, Role("owner").IsAtLeast("guest"), "the first declaration stays")
		})
	}
	t.Run("two orders at once", func(t *testing.T) {
		declare(t)
		var refused sync.Map
		var wg sync.WaitGroup
		for _, roles := range [][]Role{{"guest", "owner"}, {"owner", "guest"}} {
			wg.Go(func() {
				defer func() {
					if recover() != nil {
						refused.Store(roles[0], true)
					}
				}()
				DeclareRoles(roles...)
			})
		}
		wg.Wait()
		_, first := refused.Load(Role("guest"))
		_, second := refused.Load(Role("owner"))
		require.NotEqual(t, first, second, "one of them wins")
		require.Equal(t, second, Role("owner").IsAtLeast("guest"), "and it alone counts")
	})
}

func TestCallerInAContext(t *testing.T) {
	declare(t, "guest", "owner")
	require.Equal(t, Caller{}, CallerFrom(t.Context()))
	require.False(t, CallerFrom(t.Context()).IsSignedIn())

	c := Caller{UserID: "1", SessionID: "2", Role: "owner", IP: "192.0.2.7"}
	ctx := WithCaller(t.Context(), c)
	c.Role = "guest"
	require.Equal(t, Role("owner"), CallerFrom(ctx).Role, "a context has a copy of its own")
	require.True(t, CallerFrom(ctx).IsSignedIn())
	require.True(t, CallerFrom(ctx).HasRole("guest"))
	require.Equal(t, "cli", CallerFrom(WithCaller(ctx, Caller{Via: "cli"})).Via, "the innermost counts")
}
