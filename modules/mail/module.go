package mail

import (
	"go.uber.org/fx"

	"lyceum/modules/mail/mailapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/config"
	"lyceum/platform/diagnosis"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/jobs"
	"lyceum/platform/lifecycle"
	"lyceum/platform/module"
)

// Module declares the module.
var Module = module.Module{
	Name: "mail", Title: "Mail", Required: true,
	About:       "Mails that wait, were sent or failed.",
	Needs:       []string{"users"},
	Settings:    []config.Section{settings},
	Migrations:  Migrations,
	Permissions: []identity.Permission{permissionManage},
	Problems:    problems,
	Checks:      []diagnosis.Check{queueCheck},
	Provides: fx.Options(
		fx.Provide(fx.Private, newStore, newHandlers),
		fx.Provide(
			NewService,
			func(s *Service) mailapi.Mailer { return s },
			fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup)),
		),
		httpx.ProvideRoutes(newRoutes),
		jobs.ProvideWorkers(newWorkers),
		lifecycle.ProvideBackgrounds(newBackgrounds),
	),
}
