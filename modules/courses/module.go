package courses

import (
	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/jobs"
	"lyceum/platform/module"
)

// Module declares the module.
var Module = module.Module{
	Name: "courses", Title: "Courses",
	Needs:       []string{"users"},
	Migrations:  Migrations,
	Permissions: []identity.Permission{permissionRead, permissionWrite, permissionLearn},
	Problems:    problems,
	Declares:    auditapi.Declare(auditActions...),
	Provides: fx.Options(
		fx.Provide(fx.Private, newStore, newHandlers, newArchives),
		fx.Provide(
			newService,
			func(s *Service) coursesapi.Reader { return reader{s} },
			func(s *Service) coursesapi.Enroller { return reader{s} },
			fx.Annotate(func(s *Service) storageapi.KeyUser { return reader{s} }, fx.ResultTags(storageapi.KeyUserGroup)),
			fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup)),
		),
		httpx.Routes(newRoutes),
		jobs.Workers(newWorkers),
	),
}
