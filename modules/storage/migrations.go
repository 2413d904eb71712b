package storage

import (
	"embed"

	"lyceum/platform/migrate"
)

// migrationFiles are the migrations of the module's tables. One that has landed is never edited. Words
// in braces, such as {uuid}, are types that differ between the databases.
//
//go:embed migrations
var migrationFiles embed.FS

// Migrations of the module.
var Migrations = migrate.MustLoadFiles(migrationFiles)
