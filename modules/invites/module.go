package invites

import (
	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/config"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/module"
)

// Module declares the module.
var Module = module.Module{
	Name: "invites", Title: "Invites",
	About:       "Codes that raise a role and enroll in courses.",
	Needs:       []string{"users"},
	Settings:    []config.Section{settings},
	Migrations:  Migrations,
	Permissions: []identity.Permission{permissionRedeem, permissionManage},
	Console:     consoleFiles,
	Problems:    problems,
	Declares:    auditapi.Declare(auditActions...),
	Provides: fx.Options(
		fx.Provide(fx.Private, newStore, newHandlers, newService),
		fx.Provide(fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup))),
		httpx.ProvideRoutes(newRoutes),
		httpx.ProvideConsolePages("/join"),
		events.ProvideSubscriptions(newSubscribers),
	),
}
