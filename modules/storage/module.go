package storage

import (
	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/backup"
	"lyceum/platform/config"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/jobs"
	"lyceum/platform/lifecycle"
	"lyceum/platform/module"
)

// Module declares the module.
var Module = module.Module{
	Name: "storage", Title: "Files",
	About:       "Private files, sent and read by signed URLs.",
	Needs:       []string{"users"},
	Settings:    []config.Section{settings},
	Migrations:  Migrations,
	Permissions: []identity.Permission{permissionRead, permissionWrite},
	Problems:    problems,
	Declares:    fx.Options(auditapi.Declare(auditActions...), backup.ProvideObjects(objectColumns)),
	Provides: fx.Options(
		fx.Provide(fx.Private, newStore, newHandlers, newService),
		fx.Provide(
			func(s *Service) storageapi.KeyChecker { return s },
			func(s *Service) storageapi.FilePutter { return s },
			func(s *Service) storageapi.FileReader { return s },
			func(s *Service) storageapi.FileImporter { return s },
		),
		fx.Provide(fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup))),
		httpx.ProvideRoutes(newRoutes),
		httpx.ProvideRoutes(newObjectRoutes),
		httpx.ProvideCapability(newCapability),
		events.ProvideSubscriptions(newSubscribers),
		jobs.ProvideWorkers(newWorkers),
		lifecycle.ProvideBackgrounds(newBackgrounds),
	),
}
