package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/migrations"
	"lyceum/platform/apperr"
	"lyceum/platform/config"
	"lyceum/platform/httpx"
	"lyceum/platform/migrate"
)

// embeddedConfig is the embedded default in a folder of the test's own.
func embeddedConfig(t *testing.T, vars map[string]string) *config.Config {
	t.Helper()
	env := map[string]string{"DATA_DIR": t.TempDir(), "ARGON2_MEMORY_KIB": "64", "ARGON2_TIME": "1"}
	for k, v := range vars {
		env[k] = v
	}
	cfg, err := config.FromMap(env)
	require.NoError(t, err)
	return cfg
}

// built gives an application's parts without starting it.
func built(t *testing.T, cfg *config.Config, all []module, targets ...any) error {
	t.Helper()
	app := fx.New(optionsOf(cfg, all), fx.Populate(targets...))
	if app.Err() == nil {
		require.NoError(t, app.Start(t.Context()))
		t.Cleanup(func() { _ = app.Stop(context.Background()) })
	}
	return app.Err()
}

func TestTheGraphIsWhole(t *testing.T) {
	var p parts
	require.NoError(t, built(t, embeddedConfig(t, nil), modules, &p))
}

// Planted: each must make building fail, and say why.
func TestPlantedFaultsOfTheGraphAreFound(t *testing.T) {
	var s *httpx.Server
	route := func() httpx.Table {
		return httpx.Table{Module: "planted", Routes: []httpx.Route{httpx.Get("/courses/{slug}", httpx.Public, "", func(context.Context, *httpx.None) (*httpx.Empty, error) { return nil, nil })}}
	}
	unheard := func() httpx.Table {
		return httpx.Table{Module: "planted", Routes: []httpx.Route{httpx.Get("/planted", httpx.Needs("courses:wirte"), "", func(context.Context, *httpx.None) (*httpx.Empty, error) { return nil, nil })}}
	}
	forgotten := func() httpx.Table {
		return httpx.Table{Module: "planted", Routes: []httpx.Route{httpx.Get("/planted", httpx.Who{}, "", func(context.Context, *httpx.None) (*httpx.Empty, error) { return nil, nil })}}
	}
	type nobody struct{}
	for name, planted := range map[string]struct {
		option fx.Option
		says   string
	}{
		"two routes the same":   {httpx.Routes(route), "is there twice"},
		"an unknown permission": {httpx.Routes(unheard), "a permission that no role has"},
		"no permission at all":  {httpx.Routes(forgotten), "a permission that no role has"},
		"a missing provider":    {httpx.Routes(func(*nobody) httpx.Table { return httpx.Table{} }), "missing type"},
	} {
		t.Run(name, func(t *testing.T) {
			err := built(t, embeddedConfig(t, nil), append(modules[:len(modules):len(modules)], module{name: "planted", option: planted.option}), &s)
			require.ErrorContains(t, err, planted.says)
		})
	}
}

func TestModulesDisabledNamesAllFaults(t *testing.T) {
	require.NoError(t, checkDisabled(modules, []string{"chat", "audit"}))
	all := append(modules[:len(modules):len(modules)], module{name: "badges", needs: []string{"courses"}})
	err := checkDisabled(all, []string{"auth", "nope", "courses"})
	require.ErrorContains(t, err, "auth can't be disabled")
	require.ErrorContains(t, err, `"nope"`)
	require.ErrorContains(t, err, "courses is needed by badges")
	require.Equal(t, exitMisuse, exitStatus(err))
}

func TestTheRunnerKnowsAllMigrations(t *testing.T) {
	var r *migrate.Runner
	require.NoError(t, built(t, embeddedConfig(t, map[string]string{"MODULES_DISABLED": "chat,courses"}), modules, &r))
	var want []string
	for _, m := range migrations.All {
		want = append(want, m.ID)
	}
	require.ElementsMatch(t, want, r.IDs(), "a module's tables stay though it is off")
}

// golden compares with a reviewed file; GOLDEN_UPDATE=1 writes it anew.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("GOLDEN_UPDATE") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "reviewed and right? go tool task golden:update")
}

func TestRouteTableGolden(t *testing.T) {
	var s *httpx.Server
	require.NoError(t, built(t, embeddedConfig(t, nil), modules, &s))
	var b strings.Builder
	for _, r := range s.Listing() {
		b.WriteString(r.Method + " " + r.Path + "  " + r.Who + "  " + r.Permission + "  (" + r.Module + ")\n")
	}
	golden(t, "routes.txt", b.String())
}

// Every code that the program can answer has a page, and every page a code that is used.
func TestProblemPagesAreThoseThatAreUsed(t *testing.T) {
	used := map[string]bool{}
	for _, dir := range []string{"../modules", "../platform"} {
		require.NoError(t, filepath.WalkDir(dir, func(file string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "catalog.go") {
				return err
			}
			raw, err := os.ReadFile(file)
			for slug := range apperr.Catalog {
				if strings.Contains(string(raw), `"`+slug+`"`) {
					used[slug] = true
				}
			}
			return err
		}))
	}
	for _, slug := range httpx.Slugs() {
		require.True(t, used[slug], "nobody answers %s", slug)
	}
}
