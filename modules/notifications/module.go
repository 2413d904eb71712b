package notifications

import (
	"go.uber.org/fx"

	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/migrate"
)

// Module wires the module.
var Module = fx.Module("notifications",
	fx.Provide(fx.Private, newStore, newHandlers, newService),
	httpx.Routes(newRoutes),
	migrate.Provide(Migrations...),
	events.Subscribers(newSubscribers),
)
