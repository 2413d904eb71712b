package main

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
