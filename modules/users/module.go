package users

import (
	"go.uber.org/fx"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/migrate"
)

// Module wires the module.
var Module = fx.Module("users",
	fx.Provide(fx.Private, newStore, newHolders, newHandlers),
	fx.Provide(
		newService,
		func(s *Service) usersapi.Accounts { return s },
		func(s *Service) usersapi.Roles { return s },
		func(s *Service) identity.Accounts { return s },
	),
	httpx.Routes(newRoutes),
	events.Subscribers(newSubscribers),
	migrate.Provide(Migrations...),
)
