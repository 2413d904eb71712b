package faults

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// program is the program of this source tree, built before the tests.
var program sitetest.Program

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "lyceum-faults")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program.Path = filepath.Join(dir, "lyceum")
	if err := build(context.Background(), ".", program.Path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	slog.SetDefault(slog.New(slog.DiscardHandler))
	code := m.Run()
	testkit.Close()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// proves returns whether this run has the full number of rounds.
func proves() bool { return testkit.Rounds(2) == 2 }

// build builds the program of the source tree that a folder belongs to.
func build(ctx context.Context, folder, file string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-w", "-o", file, "lyceum/app")
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}
