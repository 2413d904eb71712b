package main

import (
	"go.uber.org/fx"

	"lyceum/modules/audit"
	"lyceum/modules/auth"
	"lyceum/modules/chat"
	"lyceum/modules/courses"
	"lyceum/modules/invites"
	"lyceum/modules/mail"
	"lyceum/modules/notifications"
	"lyceum/modules/storage"
	"lyceum/modules/users"
	"lyceum/platform/config"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/idempotency"
	"lyceum/platform/migrate"
	"lyceum/platform/module"
)

// modules lists every module of the program, sorted by name.
var modules = module.List{
	audit.Module,
	auth.Module,
	chat.Module,
	courses.Module,
	invites.Module,
	mail.Module,
	notifications.Module,
	storage.Module,
	users.Module,
}

// platformDeclarations are the tables, permissions and problems that no module owns.
var platformDeclarations = fx.Options(
	migrate.Provide(events.Migrations...),
	migrate.Provide(idempotency.Migrations...),
)

// checkDisabled returns a *config.Error with every fault of MODULES_DISABLED.
func checkDisabled(all module.List, disabled module.Disabled) error {
	faults := all.Check(disabled)
	if len(faults) == 0 {
		return nil
	}
	for i, fault := range faults {
		faults[i] = "MODULES_DISABLED: " + fault
	}
	return &config.Error{Faults: faults}
}

// moduleInfos returns what GET /modules shows.
func moduleInfos(all module.List, disabled module.Disabled) []httpx.ModuleInfo {
	infos := make([]httpx.ModuleInfo, len(all))
	for i, m := range all {
		infos[i] = httpx.ModuleInfo{Name: m.Name, Title: m.Title, Enabled: !disabled.Has(m.Name)}
	}
	return infos
}
