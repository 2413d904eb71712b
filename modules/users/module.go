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
	Required:    true,
	Migrations:  Migrations,
	Permissions: []identity.Permission{usersapi.PermissionAccountSelf, permissionManage},
	Problems:    problems,
	Declares:    auditapi.Declare(auditActions...),
	Provides: fx.Options(
		fx.Provide(fx.Private, newStore, newHolders, newHandlers),
		fx.Provide(
			newService,
			func(s *Service) usersapi.Accounts { return s },
			func(s *Service) usersapi.Roles { return s },
			func(s *Service) identity.Accounts { return s },
		),
		httpx.Routes(newRoutes),
		events.Subscribers(newSubscribers),
	),
}
