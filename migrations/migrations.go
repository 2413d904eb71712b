// Package migrations knows the migrations of all modules and platform parts, whichever are enabled,
// and holds the golden dumps of the schema that they lead to. A migration that has landed is never
// edited; TestLandedMigrationsStay sees to it.
package migrations

import (
	"slices"

	"lyceum/modules/audit"
	"lyceum/modules/auth"
	"lyceum/modules/chat"
	"lyceum/modules/courses"
	"lyceum/modules/invites"
	"lyceum/modules/mail"
	"lyceum/modules/notifications"
	"lyceum/modules/storage"
	"lyceum/modules/users"
	"lyceum/platform/events"
	"lyceum/platform/httpx/idempotency"
)

// All lists every migration; platform/migrate puts them into order.
var All = slices.Concat(events.Migrations, idempotency.Migrations,
	audit.Migrations, auth.Migrations, chat.Migrations, courses.Migrations, invites.Migrations,
	mail.Migrations, notifications.Migrations, storage.Migrations, users.Migrations)
