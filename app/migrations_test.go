package main

import (
	"testing"

	"lyceum/app/sitetest"
	"lyceum/migrations"
	"lyceum/platform/testkit"
)

func TestSchemaOnSQLite(t *testing.T) {
	migrations.CheckSchema(t, sitetest.ListMigrations(t), "", "../migrations/testdata/schema_sqlite.sql")
}

func TestSchemaOnPostgres(t *testing.T) {
	migrations.CheckSchema(t, sitetest.ListMigrations(t), testkit.Postgres(t), "../migrations/testdata/schema_postgres.txt")
}

func TestManyReplicasMigrateOnce(t *testing.T) {
	migrations.CheckConcurrentRuns(t, sitetest.ListMigrations(t), testkit.Postgres(t))
}

func TestLandedMigrationsStay(t *testing.T) {
	migrations.CheckLanded(t, sitetest.ListMigrations(t), "../migrations/testdata/landed.txt")
}
