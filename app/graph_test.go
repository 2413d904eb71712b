package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/app/sitetest"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/config"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/migrate"
	"lyceum/platform/module"
	"lyceum/platform/program"
)

// embeddedConfig is the embedded default in a folder of the test's own.
func embeddedConfig(t *testing.T, vars map[string]string) *config.Config {
	t.Helper()
	env := map[string]string{"DATA_DIR": t.TempDir(), "ARGON2_MEMORY_KIB": "64", "ARGON2_TIME": "1"}
	for k, v := range vars {
		env[k] = v
	}
	cfg, err := config.FromMap(env, allSettings()...)
	require.NoError(t, err)
	return cfg
}

// built gives an application's parts without starting it.
func built(t *testing.T, cfg *config.Config, all module.List, targets ...any) error {
	t.Helper()
	app := fx.New(program.BuildOptions(cfg, all, about), fx.Populate(targets...))
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
		return httpx.Table{
			Module: "planted",
			Routes: []httpx.Route{
				httpx.Get("/courses/{slug}", httpx.Public, "",
					func(context.Context, *httpx.None) (*httpx.Empty, error) { return nil, nil }),
			},
		}
	}
	unheard := func() httpx.Table {
		return httpx.Table{
			Module: "planted",
			Routes: []httpx.Route{
				httpx.Get("/planted",
					httpx.RequirePermission(identity.Permission{Name: "courses:wirte", Lowest: usersapi.RoleUser}),
					"", func(context.Context, *httpx.None) (*httpx.Empty, error) { return nil, nil }),
			},
		}
	}
	forgotten := func() httpx.Table {
		return httpx.Table{
			Module: "planted",
			Routes: []httpx.Route{
				httpx.Get("/planted", httpx.AccessRule{}, "",
					func(context.Context, *httpx.None) (*httpx.Empty, error) { return nil, nil }),
			},
		}
	}
	type nobody struct{}
	for name, planted := range map[string]struct {
		option fx.Option
		says   string
	}{
		"two routes the same":   {httpx.ProvideRoutes(route), "is there twice"},
		"an unknown permission": {httpx.ProvideRoutes(unheard), "which no module declares"},
		"no permission at all":  {httpx.ProvideRoutes(forgotten), "which no module declares"},
		"a missing provider":    {httpx.ProvideRoutes(func(*nobody) httpx.Table { return httpx.Table{} }), "missing type"},
	} {
		t.Run(name, func(t *testing.T) {
			err := built(t, embeddedConfig(t, nil),
				append(modules[:len(modules):len(modules)], module.Module{Name: "planted", Provides: planted.option}),
				&s)
			require.ErrorContains(t, err, planted.says)
		})
	}
}

func TestModulesDisabledNamesAllFaults(t *testing.T) {
	require.NoError(t, program.CheckDisabled(modules, []string{"chat", "audit"}))
	all := append(modules[:len(modules):len(modules)], module.Module{Name: "badges", Needs: []string{"courses"}})
	err := program.CheckDisabled(all, []string{"auth", "nope", "courses"})
	require.ErrorContains(t, err, "auth can't be disabled")
	require.ErrorContains(t, err, `"nope"`)
	require.ErrorContains(t, err, "courses is needed by badges")
	require.Equal(t, exitMisuse, exitStatus(err))
}

func TestTheRunnerKnowsAllMigrations(t *testing.T) {
	var r *migrate.Runner
	require.NoError(t, built(t, embeddedConfig(t, map[string]string{"MODULES_DISABLED": "chat,courses"}), modules, &r))
	var want []string
	for _, m := range sitetest.ListMigrations(t) {
		want = append(want, m.ID)
	}
	require.ElementsMatch(t, want, r.IDs(), "a module's tables stay though it is off")
}

// golden compares with a reviewed file in testdata; GOLDEN_UPDATE=1 writes it anew.
func golden(t *testing.T, name, got string) {
	t.Helper()
	goldenFile(t, filepath.Join("testdata", name), got)
}

// goldenFile compares with a reviewed file; GOLDEN_UPDATE=1 writes it anew.
func goldenFile(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("GOLDEN_UPDATE") != "" {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
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
	for _, r := range s.ListRoutes() {
		b.WriteString(r.Method + " " + r.Path + "  " + r.Who + "  " + r.Permission + "  (" + r.Module + ")\n")
	}
	golden(t, "routes.txt", b.String())
}

// problemCatalog returns every problem that the program may answer with.
func problemCatalog(t *testing.T) *apperr.Catalog {
	t.Helper()
	var catalog *apperr.Catalog
	require.NoError(t, built(t, embeddedConfig(t, nil), modules, &catalog))
	return catalog
}

// Every code that a route names is the code of a problem.
func TestRoutesAnswerWithDeclaredProblems(t *testing.T) {
	var s *httpx.Server
	require.NoError(t, built(t, embeddedConfig(t, nil), modules, &s))
	catalog, named := problemCatalog(t), 0
	for _, r := range s.ListRoutes() {
		for _, code := range r.Problems {
			named++
			_, ok := catalog.FindProblem(code)
			require.True(t, ok, "%s %s: %s", r.Method, r.Path, code)
		}
	}
	require.Greater(t, named, 50)
}

// Every problem that is declared is one that some code makes errors of.
func TestEveryDeclaredProblemIsUsed(t *testing.T) {
	var source strings.Builder
	for _, dir := range []string{"../modules", "../platform"} {
		require.NoError(t, filepath.WalkDir(dir, func(file string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			raw, err := os.ReadFile(file)
			source.Write(raw)
			return err
		}))
	}
	problems := problemCatalog(t).List()
	require.GreaterOrEqual(t, len(problems), 50)
	for _, p := range problems {
		var variable strings.Builder
		for word := range strings.SplitSeq(p.Code, "-") {
			variable.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
		require.Contains(t, source.String(), "roblem"+variable.String()+".New(", "nothing answers with %s", p.Code)
	}
}
