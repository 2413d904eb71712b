package auth

import (
	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/auth/authapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/config"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
	"lyceum/platform/lifecycle"
	"lyceum/platform/limit"
	"lyceum/platform/module"
)

// Module declares the module.
var Module = module.Module{
	Name: "auth", Title: "Sign-in",
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
			events.DeclareEvent[authapi.NewSignIn]("An account signed in from a browser, a system or a network that it had not used before."),
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
