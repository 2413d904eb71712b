// Command lyceum is the whole of Lyceum in one program: `lyceum serve`, and what an operator needs beside it.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	composition "lyceum/app/modules"
	"lyceum/platform/apperr"
	"lyceum/platform/command"
	"lyceum/platform/config"
	"lyceum/platform/private"
	"lyceum/platform/program"
	"lyceum/platform/telemetry"
)

// Version of the program; a build may set it with -ldflags "-X main.Version=…".
var Version = "0.1.0"

// modules are the modules of the program.
var modules = composition.All

// apiIntroduction is what the API document, and with it the page /docs, begins with.
//
//go:embed api_introduction.md
var apiIntroduction string

// about is what the program says of itself.
var about = program.About{
	Version:     Version,
	Description: apiIntroduction,
}

// Exit statuses of the program.
const (
	exitDone   = 0
	exitFailed = 1
	exitMisuse = 2
)

func main() {
	private.SetPrivateUmask()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run is main without the process around it.
func run(ctx context.Context, args []string) int {
	root, err := newRoot()
	if err != nil {
		report(nil, err)
		return exitFailed
	}
	root.SetArgs(args)
	c, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	report(c, err)
	return exitStatus(err)
}

// report says why a command ended. A server whose log is JSON says that in JSON, too.
func report(c *cobra.Command, err error) {
	serves := c == nil || c.Name() == "lyceum" || c.Name() == "serve" || c.Name() == "worker"
	format, _ := config.LookupVariable(".env", "LOG_FORMAT")
	if !serves || telemetry.IsText(os.Stderr, format) {
		fmt.Fprintln(os.Stderr, "lyceum: "+message(err))
		return
	}
	telemetry.NewLogger(os.Stderr, "error", "json").Error(message(err), "exit_status", exitStatus(err))
}

// exitStatus returns 2 for invalid configuration or arguments and 1 for failures at run time.
func exitStatus(err error) int {
	var usage *command.UsageError
	var cfg *config.Error
	if errors.As(err, &usage) || errors.As(err, &cfg) {
		return exitMisuse
	}
	return exitFailed
}

// message leaves out what only programmers want to know, such as who called whom while building.
func message(err error) string {
	var cfg *config.Error
	if errors.As(err, &cfg) {
		return cfg.Error()
	}
	var service *program.ServiceError
	if errors.As(err, &service) {
		return service.Error()
	}
	if e, ok := apperr.As(err); ok {
		return e.Summary()
	}
	return err.Error()
}

// newRoot returns the command line: the commands of the program and those that modules declare. It returns an error if
// two of them have one name.
func newRoot() (*cobra.Command, error) {
	root := &cobra.Command{
		Use: "lyceum", Short: "The backend of a small education team, in one program",
		Long:          "Without a sub-command it serves. Configuration comes from the environment or a .env file; see lyceum config.",
		SilenceErrors: true, SilenceUsage: true, Args: command.NoArgs, RunE: serve,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &command.UsageError{Text: err.Error()} })
	root.SetOut(stdout)
	commands := []*cobra.Command{
		command.New("serve", "Serve the API, the console and the docs (default)", serve),
		command.New("worker", "Run durable deliveries and jobs without serving", worker),
		newMigrate(), newAdmin(), newKeys(), newOpenAPI(), newOutbox(), newBackup(), newRestore(), newDoctor(),
		command.NewList("modules", "List the modules", listModules),
		command.NewList("config", "Show the effective configuration, secrets masked", showConfig),
		command.New("version", "Show the version", showVersion),
	}
	for _, m := range modules {
		if m.Commands != nil {
			commands = append(commands, m.Commands(moduleProgram{m.Name})...)
		}
	}
	return root, command.Add(root, commands...)
}
