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

// A new module works with one line outside of its folder. The tutorial, whose first section makes one, is followed in
// a copy of the tree. At its end the program serves what it has made, and the rules of the structure hold.
func TestANewModuleNeedsOneLineOutsideOfItsFolder(t *testing.T) {
	sections := readTutorial(t)
	p := copiedProject{copyTree(t, filepath.Join("..", ".."))}
	linkWebTools(t, p.root)
	for _, steps := range sections {
		p.follow(t, steps)
	}
	t.Run("the program serves what the tutorial has made", func(t *testing.T) {
		document := p.run(t, "go", "run", "./app", "openapi")
		require.Contains(t, document, `"/badges/{id}"`)
		require.Contains(t, document, `"badges:write"`)
	})
	t.Run("the rules hold after the tutorial", func(t *testing.T) {
		require.Empty(t, p.run(t, "gofmt", "-l", "modules/badges", "app"))
		p.checkRules(t, "TestPermissionsOfEachRole")
	})
}

// copiedProject is a copy of the sources of the project in the folder root.
type copiedProject struct{ root string }

// run runs a command in the copy and returns what it prints. The test fails if the command does.
func (p copiedProject) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	// Other packages are tested meanwhile, some of them against time: compiling must not take their processors.
	if nice, err := exec.LookPath("nice"); err == nil {
		name, args = nice, append([]string{"-n", "5", name}, args...)
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = p.root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s: %s", strings.Join(args, " "), out)
	return string(out)
}

// checkRules runs the tests of the rules that all modules keep, and more tests of the program.
func (p copiedProject) checkRules(t *testing.T, more ...string) {
	t.Helper()
	rules := []string{
		"TestPackagesImportOnlyWhatTheyMay", "TestEveryModuleIsComposed", "TestTheGraphIsWhole", "TestHandlers",
		"TestEveryEventHasASubscriber", "TestNamesOfEvents", "TestEveryDeclaredProblemIsUsed", "TestSummariesAreImperative",
	}
	p.run(t, "go", "vet", "./modules/badges/...")
	p.run(t, "go", "test", "./public")
	p.run(t, "go", "test", "./app", "-run", strings.Join(append(rules, more...), "|"))
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

// linkWebTools gives the copy the installed packages of tools/web, if there are any, with which the panel of the new
// module is checked.
func linkWebTools(t *testing.T, root string) {
	t.Helper()
	installed, err := filepath.Abs(filepath.Join("..", "web", "node_modules"))
	require.NoError(t, err)
	if _, err := os.Stat(installed); err == nil {
		require.NoError(t, os.Symlink(installed, filepath.Join(root, "tools", "web", "node_modules")))
	}
}

func TestWriteModuleKeepsWhatExists(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "badges")
	require.NoError(t, writeModule(dir, "badges", time.Now()))
	require.FileExists(t, filepath.Join(dir, "badgesapi", "badgesapi.go"))
	require.ErrorContains(t, writeModule(dir, "badges", time.Now()), "exists already")
}
