// Command setup prepares a fresh copy of the repository: it downloads the Go modules and installs the hook that
// checks a commit. It may run any number of times.
//
//	go tool task setup
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// hooksFolder is the folder of the Git hooks, relative to the root of the repository.
const hooksFolder = ".githooks"

func main() {
	if err := setUp(context.Background(), ".", os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "setup: "+err.Error())
		os.Exit(1)
	}
}

// setUp prepares the repository at root and tells out what it did.
func setUp(ctx context.Context, root string, out io.Writer) error {
	if err := runIn(ctx, root, "go", "mod", "download"); err != nil {
		return err
	}
	fmt.Fprintln(out, "modules: downloaded")
	return installHook(ctx, root, out)
}

// installHook points Git to the hooks of the repository. Another folder of hooks that somebody has configured stays.
func installHook(ctx context.Context, root string, out io.Writer) error {
	present, err := configuredHooks(ctx, root)
	switch {
	case err != nil:
		return err
	case present == hooksFolder:
		fmt.Fprintln(out, "pre-commit hook: installed already")
		return nil
	case present != "":
		fmt.Fprintf(out, "pre-commit hook: not installed, as core.hooksPath is %s; call %s/pre-commit from there\n",
			present, hooksFolder)
		return nil
	}
	if err := runIn(ctx, root, "git", "config", "core.hooksPath", hooksFolder); err != nil {
		return err
	}
	fmt.Fprintln(out, "pre-commit hook: installed; git config --unset core.hooksPath removes it")
	return nil
}

// configuredHooks returns the folder of hooks that Git is configured to use, or "" if there is none.
func configuredHooks(ctx context.Context, root string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", "config", "core.hooksPath")
	cmd.Dir = root
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return "", nil // the key is not set
	}
	return strings.TrimSpace(string(out)), err
}

// runIn runs a command in a folder and shows what it says of a fault.
func runIn(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	return cmd.Run()
}
