package public

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/testkit"
)

// TestConsoleChecks runs the checks of tools/web/package.json over the console: types, lint rules, formatting
// and unit tests. npm run NAME in tools/web does the same by hand.
func TestConsoleChecks(t *testing.T) {
	t.Parallel()
	dir := testkit.WebTools(t)
	for script, hint := range map[string]string{
		"types":        "the JSDoc types don't fit",
		"lint":         "a rule of tools/web/eslint.config.js is broken",
		"format:check": "npm run format in tools/web formats the files",
		"test":         "a unit test of the console fails",
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), "npm", "run", "--silent", script)
			cmd.Dir = dir
			output, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s:\n%s", hint, output)
		})
	}
}

// TestNoTestsAreServed asks the compiler which files the program embeds.
func TestNoTestsAreServed(t *testing.T) {
	const format = `{{range .EmbedFiles}}{{println .}}{{end}}`
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", format, "lyceum/public", "lyceum/modules/...")
	output, err := cmd.Output()
	require.NoError(t, err)
	embedded := string(output)
	require.Contains(t, embedded, "console/core/dom.js")
	require.Contains(t, embedded, "console/panel.js")
	require.NotContains(t, embedded, ".test.js")
	require.NotContains(t, embedded, testFolder+"/")
}
