package auth

import (
	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
	"lyceum/platform/lifecycle"
	"lyceum/platform/module"
)

// Module declares the module.
var Module = module.Module{
	Name: "auth", Title: "Sign-in",
	Required:    true,
	Needs:       []string{"users"},
	Migrations:  Migrations,
	Permissions: []identity.Permission{permissionOwnSessions},
	Problems:    problems,
	Declares:    auditapi.Declare(auditActions...),
	Provides: fx.Options(
		fx.Provide(fx.Private, newStore, newHandlers),
		fx.Provide(
			newService,
			newSessionSource,
			func(s *sessionSource) identity.Sessions { return s },
			func(s *Service) usersapi.Passwords { return s },
			fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup)),
		),
		keyring.ProvideSealedData(newSealedFactors),
		httpx.Routes(newRoutes),
		httpx.Capabilities(newCapability),
		events.Subscribers(newSubscribers),
		lifecycle.Backgrounds(newBackgrounds),
	),
}
