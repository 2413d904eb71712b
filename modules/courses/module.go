package courses

import (
	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
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
	Commands:    newCommands,
	Console:     consoleFiles,
	Problems:    problems,
	Declares: fx.Options(
		auditapi.Declare(auditActions...),
		events.ProvideDeclarations(
			events.DeclareEvent[coursesapi.CoursePublished]("A course was published for the first time."),
			events.DeclareEvent[coursesapi.CourseCompleted]("A learner completed every lesson of a course, once per learner and course."),
			events.DeclareEvent[coursesapi.LessonAdded]("A published course got a lesson."),
			events.DeclareEvent[coursesapi.EnrollmentChanged]("Accounts may now read a course, or may no longer."),
			events.DeclareEvent[coursesapi.CourseDeleted]("A course was put into the trash."),
		),
	),
	Provides: fx.Options(
		fx.Provide(fx.Private, newStore, newHandlers, newArchives),
		fx.Provide(
			newService,
			func(s *Service) coursesapi.Reader { return reader{s} },
			func(s *Service) coursesapi.Enroller { return reader{s} },
			fx.Annotate(func(s *Service) storageapi.KeyUser { return reader{s} }, fx.ResultTags(storageapi.KeyUserGroup)),
			fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup)),
		),
		httpx.ProvideRoutes(newRoutes),
		jobs.ProvideWorkers(newWorkers),
	),
}
