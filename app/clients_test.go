package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// The generated clients do the main job on a running server, as tools/clients/README.md shows.
func TestGeneratedClients(t *testing.T) {
	t.Parallel()
	testkit.WebTools(t) // Node.js is there
	runIn(t, "..", nil, "go", "tool", "task", "generate:clients")
	s := sitetest.Start(t, sitetest.Unlimited)
	env := []string{
		"LYCEUM_URL=" + s.URL, "LYCEUM_ADMIN=admin@lyceum.local", "LYCEUM_PASSWORD=" + sitetest.AdminPassword,
	}
	t.Run("typescript", func(t *testing.T) {
		runIn(t, "../tools/clients/typescript", env, "npm", "run", "--silent", "check")
		out := runIn(t, "../tools/clients/typescript", env, "npm", "run", "--silent", "main-job")
		require.Contains(t, out, "completed Generated clients and said hello")
	})
	t.Run("go", func(t *testing.T) {
		out := runIn(t, "../tools/clients/go", env, "go", "test", "-count=1", "-v", "-run=TestMainJob", "./...")
		require.Contains(t, out, "--- PASS: TestMainJob")
	})
}

// The types with which the console is checked are those of the document.
func TestGoldenTypesOfTheConsole(t *testing.T) {
	t.Parallel()
	tools, dir := testkit.WebTools(t), t.TempDir()
	_, document := lyceum(t, map[string]string{"DATA_DIR": t.TempDir()}, "", "openapi")
	require.NoError(t, os.WriteFile(dir+"/openapi.json", []byte(document), 0o644))
	runIn(t, tools, nil, "node_modules/.bin/openapi-typescript", dir+"/openapi.json", "-o", dir+"/api.d.ts")
	types, err := os.ReadFile(dir + "/api.d.ts")
	require.NoError(t, err)
	goldenFile(t, tools+"/api.d.ts", string(types))
}

// The document keeps the rules of Spectral for OpenAPI, which also hold its examples to its schemas.
func TestTheDocumentKeepsTheRulesOfSpectral(t *testing.T) {
	t.Parallel()
	tools := testkit.WebTools(t)
	file := t.TempDir() + "/openapi.json"
	_, document := lyceum(t, map[string]string{"DATA_DIR": t.TempDir()}, "", "openapi")
	require.NoError(t, os.WriteFile(file, []byte(document), 0o644))
	out := runIn(t, tools, nil, "node_modules/.bin/spectral", "lint", "--fail-severity=hint", file)
	require.Contains(t, out, "No results")
}

// runIn runs a command in a folder and returns its output. A command that fails ends the test.
func runIn(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}
