package auth

import (
	"context"
	"embed"
	"fmt"

	"github.com/spf13/cobra"
	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/auth/authapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/command"
	"lyceum/platform/config"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
	"lyceum/platform/lifecycle"
	"lyceum/platform/limit"
	"lyceum/platform/migrate"
	"lyceum/platform/module"
)

// Module declares the module.
var Module = module.Module{
	Name: "auth", Title: "Sign-in",
	About:       "Registration, login, second factors, sessions, passwords and email addresses.",
	Required:    true,
	Needs:       []string{"users"},
	Settings:    []config.Section{settings},
	Migrations:  Migrations,
	Permissions: []identity.Permission{permissionOwnSessions},
	Commands:    newCommands,
	Console:     consoleFiles,
	Problems:    problems,
	Declares: fx.Options(
		auditapi.Declare(auditActions...),
		httpx.ProvideConsolePages("/verify", "/email", "/reset"),
		events.ProvideDeclarations(
			events.DeclareEvent[authapi.DeviceAdded]("An account signed in from a browser, a system or a network that it had not used before."),
			events.DeclareEvent[authapi.PasswordChanged]("An account got another password."),
			events.DeclareEvent[resetAsked]("Somebody asked for a link to set a new password. The address is sealed."),
		),
	),
	Provides: fx.Options(
		fx.Provide(fx.Private, newStore, newHandlers),
		fx.Provide(
			newService,
			newSessionSource,
			func(s *sessionSource) identity.Sessions { return s },
			fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup)),
		),
		keyring.ProvideSealedData(newSealedFactors),
		httpx.ProvideRoutes(newRoutes),
		httpx.ProvideCapability(newCapability),
		limit.ProvideBudgets(newBudgets),
		events.ProvideSubscriptions(newSubscribers),
		lifecycle.ProvideBackgrounds(newBackgrounds),
	),
}

// consoleFiles are the files of the module's panel in the console.
//
//go:embed console
var consoleFiles embed.FS

// migrationFiles are the migrations of the module's tables. One that has landed is never edited.
//
//go:embed migrations
var migrationFiles embed.FS

// Migrations of the module.
var Migrations = migrate.MustLoadFiles(migrationFiles)

// newCommands returns the commands of the module. The group admin holds commands of the program,
// too.
func newCommands(p command.Program) []*cobra.Command {
	return []*cobra.Command{
		command.NewGroup("admin", "Create administrators and help accounts that are locked out", newRemoveFactorCommand(p)),
	}
}

// newRemoveFactorCommand returns the command for people who have lost their device and their
// recovery codes, and whom the operator knows.
func newRemoveFactorCommand(p command.Program) *cobra.Command {
	var email string
	c := command.New("remove-factor", "Remove the second factor of an account", func(c *cobra.Command, _ []string) error {
		if email == "" {
			return &command.UsageError{Text: "admin remove-factor needs --email"}
		}
		var s *Service
		return p.Run(c, func(ctx context.Context) error {
			if err := s.RemoveFactorOf(identity.WithCaller(ctx, identity.Caller{Via: "cli"}), email); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "removed the second factor of "+email)
			return nil
		}, &s)
	})
	c.Flags().StringVar(&email, "email", "", "the address")
	return c
}
