package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/migrations"
	"lyceum/platform/migrate"
	"lyceum/platform/program"
	"lyceum/platform/testkit"
)

// allMigrations returns what modules and platform parts declare, in the order in which it runs.
func allMigrations(t *testing.T) []migrate.Migration {
	t.Helper()
	var declared migrate.Params
	app := fx.New(fx.NopLogger, modules.BuildDeclarations(), program.PlatformMigrations, fx.Populate(&declared))
	require.NoError(t, app.Err())
	all := slices.Concat(declared.Groups...)
	slices.SortFunc(all, func(a, b migrate.Migration) int { return strings.Compare(a.ID, b.ID) })
	return all
}

func TestSchemaOnSQLite(t *testing.T) {
	migrations.CheckSchema(t, allMigrations(t), "", "../migrations/testdata/schema_sqlite.sql")
}

func TestSchemaOnPostgres(t *testing.T) {
	migrations.CheckSchema(t, allMigrations(t), testkit.Postgres(t), "../migrations/testdata/schema_postgres.txt")
}

func TestManyReplicasMigrateOnce(t *testing.T) {
	migrations.CheckConcurrentRuns(t, allMigrations(t), testkit.Postgres(t))
}

func TestLandedMigrationsStay(t *testing.T) {
	migrations.CheckLanded(t, allMigrations(t), "../migrations/testdata/landed.txt")
}
