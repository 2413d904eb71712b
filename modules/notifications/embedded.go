package notifications

import (
	"embed"

	"lyceum/platform/migrate"
)

// consoleFiles are the files of the module's panel in the console.
//
//go:embed console
var consoleFiles embed.FS

// migrationFiles are the migrations of the module's tables. One that has landed is never edited.
// Words in braces, such as {uuid}, are types that differ between the databases.
//
//go:embed migrations
var migrationFiles embed.FS

// Migrations are the migrations of the module.
var Migrations = migrate.MustLoadFiles(migrationFiles)
