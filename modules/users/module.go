package users

import (
	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/module"
)

// Module declares the module.
var Module = module.Module{
	Name: "users", Title: "Accounts",
	About:       "Accounts with their roles, their export and their deletion.",
	Required:    true,
	Migrations:  Migrations,
	Permissions: []identity.Permission{usersapi.PermissionAccountSelf, permissionManage},
	Console:     consoleFiles,
	Problems:    problems,
	Declares: fx.Options(
		auditapi.Declare(auditActions...),
		events.ProvideDeclarations(
			events.DeclareEvent[usersapi.Registered]("An account was created."),
			events.DeclareEvent[usersapi.EmailVerified]("The address of an account was verified, once per account."),
			events.DeclareEvent[usersapi.RoleGranted]("The role of an account was raised."),
			events.DeclareEvent[usersapi.Disabled]("An account was disabled."),
			events.DeclareEvent[usersapi.EmailReplaced](
				"An administrator gave an account another address, which is not verified yet."),
			events.DeclareEvent[usersapi.AdminLost]("An active administrator was demoted, disabled or deleted."),
			events.DeclareEvent[usersapi.Deleted]("An account was deleted, and everything that was under way then has ended."),
		),
	),
	Provides: fx.Options(
		fx.Provide(fx.Private, newStore, newDeleter, newExporter, newHandlers),
		fx.Provide(
			newService,
			func(s *Service) usersapi.Accounts { return s },
			func(s *Service) usersapi.Registrar { return s },
			func(s *Service) usersapi.AddressVerifier { return s },
			func(s *Service) usersapi.Roles { return s },
			func(d *deleter) usersapi.Deleter { return d },
			func(s *Service) identity.Accounts { return s },
		),
		httpx.ProvideRoutes(newRoutes),
		events.ProvideSubscriptions(newSubscribers),
	),
}
