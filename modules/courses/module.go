package courses

import (
	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/archive"
	"lyceum/modules/courses/internal/catalog"
	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/learning"
	"lyceum/modules/courses/internal/outline"
	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/jobs"
	"lyceum/platform/module"
)

// Module declares the module.
var Module = module.Module{
	Name: "courses", Title: "Courses",
	About:       "Courses and lessons, enrollment and progress.",
	Needs:       []string{"users"},
	Migrations:  Migrations,
	Permissions: access.Permissions,
	Commands:    newCommands,
	Console:     consoleFiles,
	Problems:    course.Problems,
	Declares: fx.Options(
		auditapi.Declare(auditActions...),
		events.ProvideDeclarations(
			events.DeclareEvent[coursesapi.CoursePublished]("A course was published for the first time."),
			events.DeclareEvent[coursesapi.CourseCompleted](
				"A learner completed every lesson of a course, once per learner and course."),
			events.DeclareEvent[coursesapi.LessonAdded]("A published course got a lesson."),
			events.DeclareEvent[coursesapi.EnrollmentChanged]("Accounts may now read a course, or may no longer."),
			events.DeclareEvent[coursesapi.CourseDeleted]("A course was put into the trash."),
		),
	),
	Provides: fx.Options(
		fx.Provide(fx.Private,
			outline.NewCache, access.NewService,
			catalog.NewService, catalog.NewHandlers,
			learning.NewHandlers,
			archive.NewService, archive.NewHandlers,
			newHandlers, newReader,
			func(s *Service) archive.Authoring { return s },
		),
		fx.Provide(
			NewService,
			learning.NewService,
			func(r *reader) coursesapi.Reader { return r },
			func(r *reader) coursesapi.Enroller { return r },
			fx.Annotate(func(r *reader) storageapi.KeyReferrer { return r }, fx.ResultTags(storageapi.KeyReferrerGroup)),
			fx.Annotate(learning.NewHolder, fx.ResultTags(usersapi.HolderGroup)),
		),
		httpx.ProvideRoutes(newRoutes),
		jobs.ProvideWorkers(newWorkers),
	),
}
