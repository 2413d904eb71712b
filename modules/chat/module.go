package chat

import (
	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/chat/chatapi"
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
	Name: "chat", Title: "Chat",
	Needs:       []string{"users"},
	Settings:    []config.Section{settings},
	Migrations:  Migrations,
	Permissions: []identity.Permission{permissionRead, permissionWrite, permissionManage},
	Console:     consoleFiles,
	Declares: fx.Options(
		auditapi.Declare(auditActions...),
		events.ProvideDeclarations(
			events.DeclareEvent[chatapi.Mentioned]("A message names accounts that may read its channel."),
		),
	),
	Provides: fx.Options(
		fx.Provide(fx.Private, newStore, newAccess, newPeople, newRooms, newHandlers, newService),
		fx.Provide(func(r *rooms) chatapi.Pusher { return r }, fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup))),
		httpx.ProvideRoutes(newRoutes),
		events.ProvideSubscriptions(newSubscribers),
		lifecycle.ProvideStarters(newStarters),
		lifecycle.ProvideBackgrounds(newBackgrounds),
	),
}

func newStarters(s *Service) []lifecycle.Starter {
	return []lifecycle.Starter{{Name: "chat: channel hq", Run: s.ensureHQ}}
}

func newBackgrounds(s *Service, r *rooms) []lifecycle.Background {
	return []lifecycle.Background{{Name: "chat rooms", Run: r.Run}, {Name: "chat tidying", Run: s.tidy}}
}
