package module_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/platform/apperr"
	"lyceum/platform/identity"
	"lyceum/platform/identity/identitytest"
	"lyceum/platform/migrate"
	"lyceum/platform/module"
)

// shopParts is what only the enabled module provides.
type shopParts struct{}

func newList() module.List {
	return module.List{
		{Name: "accounts", Title: "Accounts", Required: true},
		{
			Name: "shop", Title: "Shop", Needs: []string{"accounts"},
			Migrations:  []migrate.Migration{{ID: "202601010000_shop_create_orders"}},
			Permissions: []identity.Permission{{Name: "shop:read", Lowest: identitytest.User}},
			Problems:    []apperr.Problem{{Code: "sold-out", Title: "Sold out", Meaning: "Nothing is left."}},
			Provides:    fx.Provide(func() *shopParts { return &shopParts{} }),
		},
		{Name: "vouchers", Title: "Vouchers", Needs: []string{"accounts", "shop"}},
	}
}

func TestCheckNamesEveryFault(t *testing.T) {
	list := newList()
	require.Empty(t, list.CheckDisabled(nil))
	require.Empty(t, list.CheckDisabled(module.Disabled{"shop", "vouchers"}))
	require.Equal(t, []string{
		"accounts can't be disabled", `found "ship", accepted are shop, vouchers`, "shop is needed by vouchers",
	}, list.CheckDisabled(module.Disabled{"accounts", "ship", "shop"}))
}

func TestOptions(t *testing.T) {
	var (
		migrations  migrate.Params
		permissions identity.PermissionParams
		problems    apperr.ProblemParams
		parts       *shopParts
	)
	for name, disabled := range map[string]module.Disabled{"enabled": nil, "disabled": {"shop", "vouchers"}} {
		t.Run(name, func(t *testing.T) {
			app := fx.New(newList().BuildOptions(disabled), fx.NopLogger, fx.Populate(&migrations, &permissions, &problems))
			require.NoError(t, app.Err(), "what is declared is there whether or not the module is enabled")
			require.Contains(t, migrations.Groups, newList()[1].Migrations)
			require.Contains(t, permissions.Groups, newList()[1].Permissions)
			require.Contains(t, problems.Groups, newList()[1].Problems)

			err := fx.New(newList().BuildOptions(disabled), fx.NopLogger, fx.Populate(&parts)).Err()
			if disabled.HasModule("shop") {
				require.ErrorContains(t, err, "missing type")
				return
			}
			require.NoError(t, err)
		})
	}
}
