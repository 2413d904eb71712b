package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A new module works with one line outside of its folder: in a copy of the tree, its own tests pass,
// the program serves it, and the rules of the structure hold.
func TestANewModuleNeedsOneLineOutsideOfItsFolder(t *testing.T) {
	root := copyTree(t, filepath.Join("..", ".."))
	require.NoError(t, writeModule(filepath.Join(root, "modules", "badges"), "badges", time.Now()))
	addToList(t, filepath.Join(root, "app", "modules", "modules.go"))
	goCommand := func(t *testing.T, args ...string) string {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		// Other packages are tested meanwhile, some of them against time: compiling must not take their processors.
		if nice, err := exec.LookPath("nice"); err == nil {
			cmd = exec.CommandContext(t.Context(), nice, append([]string{"-n", "19", "go"}, args...)...)
		}
		cmd.Dir, cmd.Env = root, append(os.Environ(), "GOMAXPROCS=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "go %s: %s", strings.Join(args, " "), out)
		return string(out)
	}
	t.Run("its tests pass", func(t *testing.T) {
		goCommand(t, "test", "./modules/badges/...")
	})
	t.Run("the program serves it", func(t *testing.T) {
		document := goCommand(t, "run", "./app", "openapi")
		require.Contains(t, document, `"/badges"`)
		require.Contains(t, document, `"badges:write"`)
	})
	t.Run("the rules of the structure hold", func(t *testing.T) {
		goCommand(t, "vet", "./modules/badges/...")
		goCommand(t, "test", "./public")
		rules := "TestPackagesImportOnlyWhatTheyMay|TestEveryModuleIsComposed|TestTheGraphIsWhole|TestHandlers|" +
			"TestEveryEventHasASubscriber|TestNamesOfEvents|TestEveryDeclaredProblemIsUsed|TestSummariesAreImperative"
		goCommand(t, "test", "./app", "-run", rules)
	})
}

// copyTree copies the sources of the project, without what is generated or hidden, and returns the folder of the copy.
func copyTree(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	require.NoError(t, filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if rel != "." && (strings.HasPrefix(d.Name(), ".") || rel == "data" || d.Name() == "node_modules") {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), content, 0o644)
	}))
	return to
}

// addToList adds the module to the composition root, as the command tells its author to do.
func addToList(t *testing.T, file string) {
	t.Helper()
	list, err := os.ReadFile(file)
	require.NoError(t, err)
	text := strings.Replace(string(list), "\tauth.Module,\n", "\tauth.Module,\n\tbadges.Module,\n", 1)
	const imported = "\t\"lyceum/modules/auth\"\n"
	text = strings.Replace(text, imported, imported+"\t\"lyceum/modules/badges\"\n", 1)
	require.Contains(t, text, "\tbadges.Module,")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
}

func TestWriteModuleKeepsWhatExists(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "badges")
	require.NoError(t, writeModule(dir, "badges", time.Now()))
	require.FileExists(t, filepath.Join(dir, "badgesapi", "badgesapi.go"))
	require.ErrorContains(t, writeModule(dir, "badges", time.Now()), "exists already")
}
