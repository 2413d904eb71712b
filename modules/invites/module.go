package invites

import (
	"go.uber.org/fx"

	"lyceum/platform/httpx"
	"lyceum/platform/migrate"
)

// Module wires the module.
var Module = fx.Module("invites",
	fx.Provide(fx.Private, newStore, newHandlers, newService),
	httpx.Routes(newRoutes),
	migrate.Provide(Migrations...),
)
