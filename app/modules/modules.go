// Package modules lists the modules of the program. Its list is all that a new module changes outside of
// its own folder.
package modules

import (
	"lyceum/modules/audit"
	"lyceum/modules/auth"
	"lyceum/modules/chat"
	"lyceum/modules/courses"
	"lyceum/modules/invites"
	"lyceum/modules/mail"
	"lyceum/modules/notifications"
	"lyceum/modules/storage"
	"lyceum/modules/users"
	"lyceum/platform/module"
)

// All are the modules of the program, sorted by name.
var All = module.List{
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
