package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// newRepository returns the folder of a Git repository with the hooks of this project and a Go module.
func newRepository(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	hook, err := os.ReadFile(filepath.Join("..", "..", hooksFolder, "pre-commit"))
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(root, hooksFolder), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, hooksFolder, "pre-commit"), hook, 0o755))
	write(t, root, "go.mod", "module example\n\ngo 1.24\n")
	for _, args := range [][]string{{"init", "-q"}, {"config", "user.name", "A"}, {"config", "user.email", "a@example.com"}} {
		require.NoError(t, runIn(t.Context(), root, "git", args...))
	}
	return root
}

func write(t *testing.T, root, file, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(root, file), []byte(text), 0o644))
}

// commit stages everything and commits it. It returns what Git and the hook say.
func commit(t *testing.T, root string) (string, error) {
	t.Helper()
	require.NoError(t, runIn(t.Context(), root, "git", "add", "-A"))
	cmd := exec.CommandContext(t.Context(), "git", "commit", "-q", "-m", "test")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestSetUp(t *testing.T) {
	root := newRepository(t)
	for _, want := range []string{"installed; git config", "installed already"} {
		var out bytes.Buffer
		require.NoError(t, setUp(t.Context(), root, &out))
		require.Contains(t, out.String(), "modules: downloaded")
		require.Contains(t, out.String(), want)
	}
}

func TestOtherHooksStay(t *testing.T) {
	root := newRepository(t)
	require.NoError(t, runIn(t.Context(), root, "git", "config", "core.hooksPath", "mine"))
	var out bytes.Buffer
	require.NoError(t, installHook(t.Context(), root, &out))
	require.Contains(t, out.String(), "core.hooksPath is mine")
}

func TestPreCommitHook(t *testing.T) {
	root := newRepository(t)
	require.NoError(t, installHook(t.Context(), root, &bytes.Buffer{}))
	write(t, root, "a.go", "package a\n")
	out, err := commit(t, root)
	require.NoError(t, err, out)

	write(t, root, "a.go", "package a\n\nvar  x = 1\n")
	out, err = commit(t, root)
	require.Error(t, err)
	require.Contains(t, out, "gofmt -w a.go")

	write(t, root, "a.go", "package a\n\nimport \"fmt\"\n\nfunc f() { fmt.Printf(\"%d\", \"text\") }\n")
	out, err = commit(t, root)
	require.Error(t, err)
	require.Contains(t, out, "wrong type")
}
