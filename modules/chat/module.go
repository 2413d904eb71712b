package chat

import (
	"context"
	"time"

	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/chat/chatapi"
	"lyceum/modules/chat/internal/holdings"
	"lyceum/modules/chat/internal/live"
	"lyceum/modules/chat/internal/messages"
	"lyceum/modules/chat/internal/presence"
	"lyceum/modules/chat/internal/tickets"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/lifecycle"
	"lyceum/platform/module"
)

// Module declares the module.
var Module = module.Module{
	Name: "chat", Title: "Chat",
	About:       "Channels with messages, live over WebSocket.",
	Needs:       []string{"users"},
	Settings:    []config.Section{messages.Settings},
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
		fx.Provide(fx.Private,
			newStore, newAccess, newService, newHandlers, newLivePorts,
			messages.NewService, presence.NewRegistry, tickets.NewService, live.NewFeeds,
		),
		fx.Provide(
			func(r *live.Feeds) chatapi.Pusher { return r },
			fx.Annotate(newHolder, fx.ResultTags(usersapi.HolderGroup)),
		),
		httpx.ProvideRoutes(newRoutes),
		events.ProvideSubscriptions(newSubscribers),
		lifecycle.ProvideStarters(newStarters),
		lifecycle.ProvideBackgrounds(newBackgrounds),
	),
}

// newHolder returns the answer of the module to data exports and erasures.
func newHolder(d *db.DB, s *Service) usersapi.Holder {
	return holdings.NewHolder(d, s.signalAccountErased, usersapi.ExportPage)
}

// newStarters returns the work of each start.
func newStarters(s *Service) []lifecycle.Starter {
	return []lifecycle.Starter{{Name: "chat: channel hq", Run: s.ensureHQ}}
}

// newBackgrounds returns the work that each replica does as long as it runs.
func newBackgrounds(s *Service, feeds *live.Feeds, p *presence.Registry) []lifecycle.Background {
	cleanUp := func(ctx context.Context) { lifecycle.RunEvery(ctx, "chat cleanup", time.Minute, s.cleanUpOrLog) }
	return []lifecycle.Background{
		{Name: "chat feeds", Run: feeds.Run},
		{Name: "chat presence", Run: p.Run},
		{Name: "chat cleanup", Run: cleanUp},
		s.messages.WaitAtStop(),
	}
}
