package notifications

import (
	"go.uber.org/fx"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/config"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/lifecycle"
	"lyceum/platform/module"
)

// Module declares the module.
var Module = module.Module{
	Name: "notifications", Title: "Notifications",
	About:       "What an account is told, in the console and by mail, and announcements.",
	Needs:       []string{"users"}, // mail can't be disabled
	Settings:    []config.Section{settings},
	Migrations:  Migrations,
	Permissions: []identity.Permission{permissionAnnounce, permissionOwn},
	Console:     consoleFiles,
	Declares: fx.Options(
		events.ProvideDeclarations(
			events.DeclareEvent[partDue]("A part of those who are to be told waits."),
			events.DeclareEvent[newsDue]("Learners of a course wait for news of it."),
		),
	),
	Provides: fx.Options(
		fx.Provide(fx.Private, newStore, newHandlers, newService),
		fx.Provide(fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup))),
		httpx.ProvideRoutes(newRoutes),
		httpx.ProvideConsolePages(unsubscribePath+"{token}"),
		events.ProvideSubscriptions(newSubscribers),
		lifecycle.ProvideBackgrounds(newBackgrounds),
	),
}
