package notifications

import (
	"go.uber.org/fx"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/migrate"
)

// Module wires the module.
var Module = fx.Module("notifications",
	fx.Provide(fx.Private, newStore, newHandlers, newService),
	fx.Provide(fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup))),
	httpx.Routes(newRoutes),
	migrate.Provide(Migrations...),
	events.Subscribers(newSubscribers),
)
