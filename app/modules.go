package main

import (
	"fmt"
	"slices"
	"strings"

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
	"lyceum/platform/httpx"
	"lyceum/platform/migrate"
)

// module is one line of the list.
type module struct {
	name       string
	title      string
	needs      []string
	option     fx.Option
	migrations []migrate.Migration
}

// modules is the list of all, alphabetical.
var modules = []module{
	{"audit", "Audit log", []string{"users"}, audit.Module, audit.Migrations},
	{"auth", "Sign-in", []string{"users"}, auth.Module, auth.Migrations},
	{"chat", "Chat", []string{"users"}, chat.Module, chat.Migrations},
	{"courses", "Courses", []string{"users"}, courses.Module, courses.Migrations},
	{"invites", "Invites", []string{"users"}, invites.Module, invites.Migrations},
	{"mail", "Mail", []string{"users"}, mail.Module, mail.Migrations},
	{"notifications", "Notifications", []string{"users"}, notifications.Module, notifications.Migrations},
	{"storage", "Files", []string{"users"}, storage.Module, storage.Migrations},
	{"users", "Accounts", nil, users.Module, users.Migrations},
}

// alwaysOn modules carry the others.
var alwaysOn = []string{"auth", "mail", "users"}

// checkDisabled names every fault of MODULES_DISABLED at once.
func checkDisabled(all []module, disabled []string) error {
	var faults []string
	for _, name := range disabled {
		if !slices.ContainsFunc(all, func(m module) bool { return m.name == name }) {
			faults = append(faults, fmt.Sprintf("MODULES_DISABLED: found %q, accepted are %s", name, optional(all)))
		}
		if slices.Contains(alwaysOn, name) {
			faults = append(faults, fmt.Sprintf("MODULES_DISABLED: %s can't be disabled", name))
		}
	}
	for _, m := range all {
		if slices.Contains(disabled, m.name) {
			continue
		}
		for _, need := range m.needs {
			if slices.Contains(disabled, need) && !slices.Contains(alwaysOn, need) {
				faults = append(faults, fmt.Sprintf("MODULES_DISABLED: %s is needed by %s", need, m.name))
			}
		}
	}
	if len(faults) > 0 {
		return &config.Error{Faults: faults}
	}
	return nil
}

func optional(all []module) string {
	var names []string
	for _, m := range all {
		if !slices.Contains(alwaysOn, m.name) {
			names = append(names, m.name)
		}
	}
	return strings.Join(names, ", ")
}

// compose gives the enabled modules whole and of the disabled ones only their tables, which stay.
func compose(all []module, disabled []string) fx.Option {
	var options []fx.Option
	for _, m := range all {
		if slices.Contains(disabled, m.name) {
			options = append(options, migrate.Provide(m.migrations...))
			continue
		}
		options = append(options, m.option)
	}
	return fx.Options(options...)
}

func moduleInfos(all []module, disabled []string) []httpx.ModuleInfo {
	out := make([]httpx.ModuleInfo, len(all))
	for i, m := range all {
		out[i] = httpx.ModuleInfo{Name: m.name, Title: m.title, Enabled: !slices.Contains(disabled, m.name)}
	}
	return out
}
