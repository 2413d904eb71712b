package invites

import (
	"go.uber.org/fx"

	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/migrate"
)

// Module wires the module.
var Module = fx.Module("invites",
	fx.Provide(fx.Private, newStore, newHandlers, newService),
	httpx.Routes(newRoutes),
	events.Subscribers(newSubscribers),
	migrate.Provide(Migrations...),
)
