package auth

import (
	"go.uber.org/fx"

	platform "lyceum/platform/auth"
	"lyceum/platform/httpx"
	"lyceum/platform/migrate"
)

// Module wires the module.
var Module = fx.Module("auth",
	fx.Provide(fx.Private, newStore, newHandlers),
	fx.Provide(
		newService,
		newSessionSource,
		func(s *sessionSource) platform.Sessions { return s },
	),
	httpx.Routes(newRoutes),
	migrate.Provide(Migrations...),
)
