package mail

import (
	"go.uber.org/fx"

	"lyceum/modules/mail/mailapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/httpx"
	"lyceum/platform/jobs"
	"lyceum/platform/migrate"
)

// Module wires the module.
var Module = fx.Module("mail",
	fx.Provide(fx.Private, newStore, newHandlers),
	fx.Provide(
		NewService,
		func(s *Service) mailapi.Mailer { return s },
		fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup)),
	),
	httpx.Routes(newRoutes),
	jobs.Workers(newWorkers),
	migrate.Provide(Migrations...),
)
