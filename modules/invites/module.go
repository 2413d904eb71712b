package invites

import (
	"go.uber.org/fx"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/migrate"
)

// Module wires the module.
var Module = fx.Module("invites",
	fx.Provide(fx.Private, newStore, newHandlers, newService),
	fx.Provide(fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup))),
	httpx.Routes(newRoutes),
	events.Subscribers(newSubscribers),
	migrate.Provide(Migrations...),
)
