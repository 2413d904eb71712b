package services

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// webTools is the folder, relative to the project, whose package.json names the tools that check the
// console and the API document.
const webTools = "tools/web"

// WebToolsDir returns the folder of the project that the npm packages are installed in. The working
// directory is in the project.
func WebToolsDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, filepath.FromSlash(webTools)), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("not in a Go module")
		}
		dir = parent
	}
}

// findNode returns the path of Node.js, or an empty string if it, npm or a package is missing.
func findNode() string {
	node, npm := lookPath("node"), lookPath("npm")
	dir, err := WebToolsDir()
	if node == "" || npm == "" || err != nil || !hasPackages(dir) {
		return ""
	}
	return node
}

// lockFiles returns the list of the packages that a folder wants, and where a copy of it lies once they
// are installed.
func lockFiles(dir string) (wanted, installed string) {
	return filepath.Join(dir, "package-lock.json"), filepath.Join(dir, "node_modules", ".installed")
}

// hasPackages reports whether the packages of the folder's package-lock.json are installed.
func hasPackages(dir string) bool {
	wanted, installed := lockFiles(dir)
	want, err := os.ReadFile(wanted)
	if err != nil {
		return false
	}
	have, err := os.ReadFile(installed)
	return err == nil && bytes.Equal(want, have)
}

// installWebTools installs the packages of tools/web by npm, without running scripts of theirs.
func installWebTools(ctx context.Context, log io.Writer) error {
	dir, err := WebToolsDir()
	if err != nil {
		return err
	}
	if hasPackages(dir) {
		return nil
	}
	fmt.Fprintln(log, "services: installing the npm packages of "+webTools)
	npm, err := exec.LookPath("npm")
	if err != nil {
		return errors.New("node is missing: " + installHint(Node))
	}
	err = runQuietly(ctx, nil, npm, "ci", "--prefix", dir, "--ignore-scripts", "--no-audit", "--no-fund")
	if err != nil {
		return err
	}
	wanted, installed := lockFiles(dir)
	content, err := os.ReadFile(wanted)
	if err != nil {
		return err
	}
	return os.WriteFile(installed, content, 0o644)
}
