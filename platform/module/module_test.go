package module_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/platform/apperr"
	"lyceum/platform/config"
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
			app := fx.New(newList().BuildOptions(disabled), fx.NopLogger,
				fx.Populate(&migrations, &permissions, &problems))
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

// shopSettings are settings of a module.
type shopSettings struct {
	Rooms int `env:"SHOP_ROOMS" envDefault:"3"`
}

// A disabled module's settings are still read and its declarations still collected.
func TestSettingsAndDeclarations(t *testing.T) {
	type declared struct{ text string }
	list := newList()
	doc := config.Doc{Key: "SHOP_ROOMS", Text: "Rooms."}
	list[1].Settings = []config.Section{config.DeclareSection[shopSettings]("Shop", doc)}
	list[1].Declares = fx.Supply(&declared{"of the shop"})
	require.Len(t, list.ListSettings(), 1)
	cfg, err := config.FromMap(map[string]string{"SHOP_ROOMS": "4"}, list.ListSettings()...)
	require.NoError(t, err)

	var (
		settings *shopSettings
		d        *declared
	)
	options := list.BuildOptions(module.Disabled{"shop", "vouchers"})
	require.NoError(t, fx.New(options, fx.NopLogger, fx.Supply(cfg), fx.Populate(&settings, &d)).Err())
	require.Equal(t, 4, settings.Rooms)
	require.Equal(t, "of the shop", d.text)
}

func TestListWithoutModules(t *testing.T) {
	var none module.List
	require.Empty(t, none.ListSettings())
	require.NoError(t, fx.New(none.BuildOptions(nil), fx.NopLogger).Err())
	require.Equal(t, []string{`found "shop", accepted are `}, none.CheckDisabled(module.Disabled{"shop"}))
}
