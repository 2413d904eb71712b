package audit

import (
	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
	"lyceum/platform/module"
)

// Module declares the module.
var Module = module.Module{
	Name: "audit", Title: "Audit log",
	About:       "The record of who changed what, chained by hashes.",
	Needs:       []string{"users"},
	Migrations:  Migrations,
	Permissions: []identity.Permission{permissionRead},
	Commands:    newCommands,
	Console:     consoleFiles,
	Declares: fx.Options(
		auditapi.Declare(auditActions...),
		events.ProvideDeclarations(
			events.DeclareEvent[auditapi.Entry]("Something changed that the audit log records."),
		),
	),
	Provides: fx.Options(
		fx.Provide(fx.Private, newStore, newHandlers),
		fx.Provide(func(p auditapi.Params) (*auditapi.Actions, error) { return auditapi.NewActions(p.Groups...) }),
		fx.Provide(newService, fx.Annotate(newHoldings, fx.ResultTags(usersapi.HolderGroup))),
		keyring.ProvideSealedData(newSealedHead),
		httpx.ProvideRoutes(newRoutes),
		events.ProvideSubscriptions(newSubscribers),
	),
}
