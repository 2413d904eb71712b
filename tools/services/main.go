// Command services runs another command with real PostgreSQL, Redis, MinIO and Chromium at hand:
//
//	go run ./tools/services -- go test ./...
//
// It installs missing programs (by apt-get as root; MinIO is built from source), starts the servers on
// free loopback ports with their data in a temporary directory, and tells the command where they are
// through TEST_* variables. It stops them when the command has ended, when it gets a signal, or when
// its parent dies. It exits with the status of the command, with 1 if a service could not be started,
// and with 2 for wrong arguments.
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

// stopGrace is how long the command may take to end after a signal.
const stopGrace = 10 * time.Second

func main() {
	runtime.LockOSThread() // the command is tied to this thread, which must not end before it
	if err := services.EndWithParent(); err != nil {
		fmt.Fprintln(os.Stderr, "services:", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	status := run(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(status)
}

// run starts the services, runs the command and returns the exit status.
func run(ctx context.Context, args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("services", flag.ContinueOnError)
	flags.SetOutput(stderr)
	need := flags.String("need", strings.Join(services.AllServices, ","), "what to start, comma-separated")
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

// runCommand runs the command in a process group of its own, so that a signal also reaches the
// processes that it has started. Otherwise go test would leave test binaries behind.
func runCommand(ctx context.Context, args, env []string, stderr io.Writer) int {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	services.TieToThread(cmd, syscall.SIGTERM)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = stopGrace
	err := cmd.Run()
	if cmd.Process != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // usually none of the group is left
	}
	return exitStatus(err, stderr)
}

// exitStatus returns the exit status of the command, 128 plus the signal if one ended it, and 1 if it
// could not be run.
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
