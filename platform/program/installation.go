package program

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/fx"

	"lyceum/platform/backup"
	"lyceum/platform/blob"
	"lyceum/platform/blob/folder"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/diagnosis"
	"lyceum/platform/events"
	"lyceum/platform/migrate"
	"lyceum/platform/module"
)

// Declarations are what a program knows of its data without opening them.
type Declarations struct {
	Migrations    []migrate.Migration
	ObjectColumns []backup.ObjectColumns
	// Checks examine the tables of the platform and of all modules.
	Checks []diagnosis.Check
}

// ReadDeclarations collects the declarations of the platform and of all modules, disabled ones included.
func ReadDeclarations(modules module.List) (Declarations, error) {
	var migrations migrate.Params
	var objects backup.ObjectParams
	app := fx.New(fx.NopLogger, modules.BuildDeclarations(), PlatformMigrations, fx.Populate(&migrations, &objects))
	if err := app.Err(); err != nil {
		return Declarations{}, err
	}
	checks := []diagnosis.Check{events.OutboxCheck}
	for _, m := range modules {
		checks = append(checks, m.Checks...)
	}
	return Declarations{slices.Concat(migrations.Groups...), objects.Columns, checks}, nil
}

// OpenInstallation opens what an installation keeps: database and objects. Nothing of it is served or migrated,
// and no key is made. The caller calls closeAll at the end. It returns a *ServiceError for a service that can't
// be reached, and an error if mustExist is set and the database is a SQLite file that is not there.
func OpenInstallation(
	ctx context.Context, c *config.Config, d Declarations, version string, mustExist bool,
) (in backup.Installation, closeAll func() error, err error) {
	if file := sqliteFile(c); mustExist && file != "" {
		if _, err := os.Stat(file); err != nil {
			return in, nil, fmt.Errorf("there is no database: %w", err)
		}
	}
	opening, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	database, err := db.Open(opening, db.Options{URL: c.DatabaseURL, Dir: c.DataDir, MaxConns: c.DatabaseMaxConns})
	if err != nil {
		return in, nil, &ServiceError{"DATABASE_URL", err}
	}
	in = backup.Installation{Version: version, DB: database, ObjectColumns: d.ObjectColumns, KeysDir: c.JWTKeysDir}
	if in.Migrations, err = migrate.NewRunner(database, d.Migrations); err == nil {
		in.Objects, err = openObjects(opening, c, mustExist)
	}
	if err != nil {
		return in, nil, errors.Join(err, database.Close())
	}
	return in, database.Close, nil
}

// sqliteFile returns the file of a SQLite database, or "" for another database.
func sqliteFile(c *config.Config) string {
	if c.HasEmbeddedDatabase() {
		return filepath.Join(c.DataDir, db.SQLiteFile)
	}
	return c.SQLitePath()
}

// openObjects opens the object store for reading and writing objects. It signs nothing, so it needs no key. A bucket is
// made unless it must exist.
func openObjects(ctx context.Context, c *config.Config, mustExist bool) (blob.Store, error) {
	if c.S3.Endpoint == "" {
		dir := filepath.Join(c.DataDir, "objects")
		if _, err := os.Stat(dir); mustExist && err != nil {
			return nil, fmt.Errorf("there are no files: %w: is DATA_DIR that of the server?", err)
		}
		unused := make([]byte, 32) // of a key for signing
		return folder.Open(dir, c.PublicURL, unused, time.Now)
	}
	s, err := OpenBucket(c)
	if err != nil {
		return nil, err
	}
	check := s.PrepareBucket
	if mustExist {
		check = s.Ping
	}
	if err := check(ctx); err != nil {
		return nil, &ServiceError{"S3_ENDPOINT", err}
	}
	return s, nil
}
