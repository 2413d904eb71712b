package storage

import (
	"go.uber.org/fx"

	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/jobs"
	"lyceum/platform/migrate"
)

// Module wires the module.
var Module = fx.Module("storage",
	fx.Provide(fx.Private, newStore, newHandlers, newShelf, newService),
	fx.Provide(newIntake, func(s *shelf) storageapi.Assets { return s }, func(s *shelf) storageapi.Library { return s }),
	fx.Provide(fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup))),
	httpx.Routes(newRoutes),
	httpx.Capabilities(newCapability),
	events.Subscribers(newSubscribers),
	migrate.Provide(Migrations...),
	jobs.Workers(newWorkers),
)
