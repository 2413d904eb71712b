package sitetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/app/modules"
	"lyceum/platform/apperr"
	"lyceum/platform/command"
	"lyceum/platform/config"
	"lyceum/platform/migrate"
	"lyceum/platform/program"
)

// CommandVars returns the configuration with which a command works on the data of the site.
func (s *Site) CommandVars() map[string]string {
	return map[string]string{
		"DATA_DIR": s.Config.DataDir, "DATABASE_URL": s.Config.DatabaseURL, "JWT_KEYS_DIR": s.Config.JWTKeysDir,
	}
}

// RunCommand runs a command that a module declares, such as "audit", "verify", in this process.
// vars are environment variables. It returns the exit status and the output, with the error at its
// end.
func RunCommand(t testing.TB, vars map[string]string, args ...string) (status int, output string) {
	t.Helper()
	var out bytes.Buffer
	root := &cobra.Command{Use: "lyceum", SilenceErrors: true, SilenceUsage: true}
	root.SetOut(&out)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &command.UsageError{Text: err.Error()} })
	for _, m := range modules.All {
		if m.Commands != nil {
			require.NoError(t, command.Add(root, m.Commands(commandProgram{vars})...))
		}
	}
	root.SetArgs(args)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0, out.String()
	}
	message := err.Error()
	if e, ok := apperr.As(err); ok {
		message = e.Summary()
	}
	fmt.Fprintln(&out, "lyceum: "+message)
	if usage := (*command.UsageError)(nil); errors.As(err, &usage) {
		return 2, out.String()
	}
	return 1, out.String()
}

// commandProgram builds the program for a command from environment variables.
type commandProgram struct{ vars map[string]string }

// Run implements command.Program.
func (p commandProgram) Run(c *cobra.Command, fn func(context.Context) error, targets ...any) (err error) {
	env := map[string]string{"ARGON2_MEMORY_KIB": "64", "ARGON2_TIME": "1"}
	maps.Copy(env, p.vars)
	cfg, err := config.FromMap(env, Settings()...)
	if err != nil {
		return err
	}
	var migrations *migrate.Runner
	options := program.BuildOptions(cfg, modules.All, program.About{Version: "test"})
	app := fx.New(options, fx.Populate(append(targets, &migrations)...))
	if err := app.Err(); err != nil {
		return err
	}
	ctx := c.Context()
	if err := app.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Stop(context.WithoutCancel(ctx))) }()
	pending, err := migrations.ListPending(ctx)
	if err != nil {
		return err
	}
	if len(pending) > 0 {
		return errors.New("the schema is not up to date")
	}
	return fn(ctx)
}
