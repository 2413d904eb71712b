package audit

import (
	"go.uber.org/fx"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/keyring"
	"lyceum/platform/migrate"
)

// Module wires the module.
var Module = fx.Module("audit",
	fx.Provide(fx.Private, newStore, newHandlers),
	fx.Provide(newService, fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup))),
	keyring.ProvideSealedData(newSealedHead),
	httpx.Routes(newRoutes),
	events.Subscribers(newSubscribers),
	migrate.Provide(Migrations...),
)
