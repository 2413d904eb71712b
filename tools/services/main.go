// Command services runs another command with real PostgreSQL, Redis, MinIO and Chromium at hand:
//
//	go run ./tools/services -- go test ./...
//
// It installs what is missing where it may (apt-get as root; MinIO is built from source), starts
// the servers on free loopback ports with their data in a temporary directory, tells the command
// where they are through TEST_* variables, and stops them when it has ended, when this program is
// told to stop, or when its parent dies. Its exit status is the command's; 1 when a service could
// not be had, 2 for misuse.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"lyceum/platform/testkit/services"
)

// grace is how long the command may take to end after a signal.
const grace = 10 * time.Second

func main() {
	runtime.LockOSThread() // the command is tied to this thread, so it has to be the one that stays
	if err := services.EndWithParent(); err != nil {
		fmt.Fprintln(os.Stderr, "services:", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	status := run(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(status)
}

func run(ctx context.Context, args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("services", flag.ContinueOnError)
	flags.SetOutput(stderr)
	need := flags.String("need", strings.Join(services.All, ","), "what to start, comma-separated")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: services [-need LIST] -- COMMAND [ARGUMENT…]")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return 2
	}
	stack, err := services.Start(ctx, strings.Split(*need, ","), stderr)
	if err != nil {
		fmt.Fprintln(stderr, "services:", err)
		return 1
	}
	defer stack.Close()
	return runCommand(ctx, flags.Args(), stack.Env(), stderr)
}

// runCommand runs the command in a process group of its own, so that a signal reaches what it has
// started too: go test leaves test binaries otherwise.
func runCommand(ctx context.Context, args, env []string, stderr io.Writer) int {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	services.Tie(cmd, syscall.SIGTERM)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	err := cmd.Run()
	if cmd.Process != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // usually none of the group is left
	}
	return exitStatus(err, stderr)
}

func exitStatus(err error, stderr io.Writer) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode()
	case errors.As(err, &exit):
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			return 128 + int(ws.Signal())
		}
	}
	fmt.Fprintln(stderr, "services:", err)
	return 1
}
