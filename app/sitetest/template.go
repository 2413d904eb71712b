package sitetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/app/modules"
	"lyceum/platform/db"
	"lyceum/platform/migrate"
	"lyceum/platform/program"
	"lyceum/platform/testkit"
)

// templates are databases with all tables and no rows, made when the first test of the process asks for one. Most stories
// take less time than a hundred migrations.
var templates struct {
	mu sync.Mutex
	// postgres is the name of a database for testkit.PostgresFrom, and sqlite the content of a file; both are empty at
	// first.
	postgres string
	sqlite   []byte
}

// migratedDatabase returns the URL of a new PostgreSQL database with all tables.
func migratedDatabase(t testing.TB) string {
	t.Helper()
	templates.mu.Lock()
	defer templates.mu.Unlock()
	if templates.postgres == "" {
		all := ListMigrations(t)
		raw, err := json.Marshal(all)
		require.NoError(t, err)
		sum := sha256.Sum256(raw)
		templates.postgres = testkit.PostgresTemplate(t, "site_"+hex.EncodeToString(sum[:8]), func(url string) error {
			return migrateAll(t.Context(), db.Options{URL: url, MaxConns: 2}, all)
		})
	}
	return testkit.PostgresFrom(t, templates.postgres)
}

// migrateFile puts an SQLite database with all tables into an empty DATA_DIR.
func migrateFile(t testing.TB, dir string) {
	t.Helper()
	templates.mu.Lock()
	defer templates.mu.Unlock()
	if templates.sqlite == nil {
		first := t.TempDir()
		require.NoError(t, migrateAll(t.Context(), db.Options{Dir: first, MaxConns: 2}, ListMigrations(t)))
		raw, err := os.ReadFile(filepath.Join(first, db.SQLiteFile))
		require.NoError(t, err)
		templates.sqlite = raw
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, db.SQLiteFile), templates.sqlite, 0o600))
}

// ListMigrations returns the migrations of the platform and of all modules, as the program collects them, by their ids.
func ListMigrations(t testing.TB) (all []migrate.Migration) {
	t.Helper()
	var declared migrate.Params
	app := fx.New(fx.NopLogger, modules.All.BuildDeclarations(), program.PlatformMigrations, fx.Populate(&declared))
	require.NoError(t, app.Err())
	all = slices.Concat(declared.Groups...)
	slices.SortFunc(all, func(a, b migrate.Migration) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// migrateAll runs migrations on a database.
func migrateAll(ctx context.Context, o db.Options, all []migrate.Migration) (err error) {
	d, err := db.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	runner, err := migrate.NewRunner(d, all)
	if err != nil {
		return err
	}
	_, err = runner.Up(ctx)
	return err
}
