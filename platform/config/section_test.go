package config

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
)

// nestedSettings has a struct inside, a field without a variable and one that is not exported.
type nestedSettings struct {
	Limits struct {
		Wait  time.Duration `env:"NEST_WAIT" envDefault:"2s"`
		Token string        `env:"NEST_TOKEN" secret:"all"`
	}
	URL string `env:"NEST_URL" secret:"url"`

	hidden string
}

func nestedSection() Section {
	return DeclareSection[nestedSettings]("Nest",
		Doc{"NEST_WAIT", strings.Repeat("A long explanation. ", 12)},
		Doc{"NEST_TOKEN", "Opens it."},
		Doc{"NEST_URL", "Where it is."},
	)
}

func TestNestedSettings(t *testing.T) {
	require.Equal(t, []string{"NEST_WAIT", "NEST_TOKEN", "NEST_URL"}, nestedSection().EnvKeys())
	c, err := FromMap(map[string]string{
		"NEST_TOKEN": "hunter2", "NEST_URL": "https://u:hunter2@x.example/a",
	}, nestedSection())
	require.NoError(t, err)
	s := SettingsOf[nestedSettings](c)
	require.Equal(t, []any{2 * time.Second, "hunter2", ""}, []any{s.Limits.Wait, s.Limits.Token, s.hidden})

	shown := c.ListSettings()
	require.Equal(t, []Setting{
		{"NEST_WAIT", "2s"}, {"NEST_TOKEN", Mask}, {"NEST_URL", "https://" + Mask + "@x.example/a"},
	}, shown[len(shown)-3:], "sections follow the platform")
	require.Equal(t, "APP_ENV", shown[0].Key)

	_, err = FromMap(map[string]string{"NEST_WAIT": "soon"}, nestedSection())
	require.ErrorContains(t, err, `NEST_WAIT: found "soon", accepted is a duration such as 15m or 1h30m`)
}

func TestAnUnsetSecretIsShownAsEmpty(t *testing.T) {
	c, err := FromMap(nil, nestedSection())
	require.NoError(t, err)
	require.Contains(t, c.ListSettings(), Setting{"NEST_TOKEN", ""}, "an operator sees that it is missing")
}

func TestSectionsAreProvided(t *testing.T) {
	c, err := FromMap(map[string]string{"SHOP_ROOMS": "7"}, shopSection(), nestedSection())
	require.NoError(t, err)
	var shop *shopSettings
	var nest *nestedSettings
	app := fx.New(fx.NopLogger, fx.Supply(c),
		shopSection().FxOption(), nestedSection().FxOption(), fx.Populate(&shop, &nest))
	require.NoError(t, app.Err())
	require.Equal(t, 7, shop.Rooms)
	require.Equal(t, 2*time.Second, nest.Limits.Wait)
}

func TestEnvExampleWrapsExplanations(t *testing.T) {
	text, err := RenderEnvExample(nestedSection())
	require.NoError(t, err)
	_, nest, _ := strings.Cut(text, "## Nest\n")
	lines := strings.Split(nest, "\n")
	require.Equal(t, "NEST_WAIT=2s", lines[3], nest)
	for _, line := range strings.Split(text, "\n") {
		require.LessOrEqual(t, len(line), exampleWidth, line)
		require.True(t, line == "" || strings.HasPrefix(line, "#") || strings.Contains(line, "="), line)
	}
	require.NotContains(t, text, "hunter2")
}

func TestEveryPlatformSettingIsExplainedOnce(t *testing.T) {
	text, err := RenderEnvExample()
	require.NoError(t, err)
	for _, key := range platformKeys() {
		require.Equal(t, 1, strings.Count(text, "\n"+key+"="), key)
	}
	_, err = RenderEnvExample(DeclareSection[shopSettings]("Shop",
		Doc{"SHOP_ROOMS", "…"}, Doc{"SHOP_ROOMS", "…"}, Doc{"SHOP_KEEPERS", "…"}, Doc{"SHOP_PASSWORD", "…"}))
	require.ErrorContains(t, err, "SHOP_ROOMS of Shop", "explained twice")
}

func TestSQLiteDir(t *testing.T) {
	for vars, want := range map[string]string{
		"":                                "./data",
		"postgres://u@db/lyceum":          "",
		"postgres://u@a:5432,b:5432/x":    "",
		"sqlite:///srv/lyceum/x.db?a=b":   "/srv/lyceum",
		"sqlite:///srv/a%20b/lyceum.db":   "/srv/a b",
		"POSTGRESQL://u@db/lyceum?x=1":    "",
		"postgresql://u@db:5432/lyceum?x": "",
	} {
		c, err := FromMap(map[string]string{"DATABASE_URL": vars})
		require.NoError(t, err, vars)
		require.Equal(t, want, c.SQLiteDir(), vars)
		require.Equal(t, vars == "", c.HasEmbeddedDatabase(), vars)
	}
}
