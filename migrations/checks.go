// Package migrations holds what every migration of the program has to pass, and the reviewed results: the schema of both
// databases and the checksums of all migrations that have landed.
//
// The migrations themselves are declared by the modules and platform parts that own the tables. The composition root, which
// knows all of them, calls the checks of this package in its tests.
package migrations

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
	"lyceum/platform/migrate"
)

// open returns a database of the test's own and a runner over all migrations.
func open(t *testing.T, url string, all []migrate.Migration) (*db.DB, *migrate.Runner) {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{URL: url, Dir: t.TempDir(), MaxConns: 8})
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	r, err := migrate.NewRunner(d, all)
	require.NoError(t, err)
	return d, r
}

// compareGolden compares with a reviewed file; GOLDEN_UPDATE=1 writes it anew.
func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("GOLDEN_UPDATE") != "" {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "reviewed and right? go tool task golden:update")
}

// dumpSchema returns the schema in a form that reads well and compares byte for byte.
func dumpSchema(t *testing.T, d *db.DB) string {
	t.Helper()
	query := `SELECT sql || ';' FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'schema_migrations%' ORDER BY type DESC, name`
	if d.Dialect() == db.Postgres {
		query = `SELECT line FROM (
			SELECT 1 AS kind, table_name || '.' || column_name || ' ' || data_type || coalesce(' ' || collation_name, '') ||
				CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END || coalesce(' DEFAULT ' || column_default, '') AS line
				FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_migrations'
			UNION ALL SELECT 2, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'schema_migrations'
			UNION ALL SELECT 3, conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
				WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f') 
			UNION ALL SELECT 4, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
			UNION ALL SELECT 5, proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
				AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') -- extensions stay
		) AS x ORDER BY kind, line COLLATE "C"`
	}
	var lines []string
	require.NoError(t, d.Conn(t.Context()).Raw(query).Scan(&lines).Error)
	return strings.Join(lines, "\n") + "\n"
}

// CheckSchema runs all migrations up and down, from every height, on the database at url (SQLite if empty). The schema that
// they lead to must be the one in the golden file, and taking all of them back must leave nothing.
func CheckSchema(t *testing.T, all []migrate.Migration, url, goldenFile string) {
	t.Helper()
	d, r := open(t, url, all)
	empty := dumpSchema(t, d)
	done, err := r.Up(t.Context())
	require.NoError(t, err)
	require.Len(t, done, len(all))
	whole := dumpSchema(t, d)
	compareGolden(t, goldenFile, whole)

	// From every height down one step and up again: no migration forgets a part of itself.
	for height := range all {
		_, err := r.Down(t.Context(), height+1)
		require.NoError(t, err)
		_, err = r.Up(t.Context())
		require.NoError(t, err)
		require.Equal(t, whole, dumpSchema(t, d))
	}
	_, err = r.Down(t.Context(), len(all))
	require.NoError(t, err)
	require.Equal(t, empty, dumpSchema(t, d))
	_, err = r.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, whole, dumpSchema(t, d))
}

// CheckConcurrentRuns lets five replicas migrate the PostgreSQL database at url at once: each migration runs exactly once (D1).
func CheckConcurrentRuns(t *testing.T, all []migrate.Migration, url string) {
	t.Helper()
	var wg sync.WaitGroup
	ran := make([]int, 5)
	errs := make([]error, 5)
	for i := range ran {
		_, r := open(t, url, all)
		wg.Go(func() {
			done, err := r.Up(t.Context())
			ran[i], errs[i] = len(done), err
		})
	}
	wg.Wait()
	total := 0
	for i := range ran {
		require.NoError(t, errs[i])
		total += ran[i]
	}
	require.Equal(t, len(all), total)
}

// CheckLanded compares the migrations with the checksums in file. A migration that has landed is never edited, as databases
// elsewhere have run it as it was. GOLDEN_UPDATE=1 adds new migrations; a line that is there never changes.
func CheckLanded(t *testing.T, all []migrate.Migration, file string) {
	t.Helper()
	landed, _ := os.ReadFile(file)
	sums := map[string]string{}
	for line := range strings.Lines(string(landed)) {
		id, sum, _ := strings.Cut(strings.TrimSpace(line), " ")
		sums[id] = sum
	}
	var fresh []string
	for _, m := range all {
		sum := checksum(m)
		switch known, ok := sums[m.ID]; {
		case !ok:
			fresh = append(fresh, m.ID+" "+sum+"\n")
		case known != sum:
			t.Errorf("%s has landed and was edited: write a new migration instead", m.ID)
		}
		delete(sums, m.ID)
	}
	for id := range sums {
		t.Errorf("%s has landed and is gone", id)
	}
	if len(fresh) > 0 && os.Getenv("GOLDEN_UPDATE") != "" {
		slices.Sort(fresh)
		require.NoError(t, os.WriteFile(file, append(landed, strings.Join(fresh, "")...), 0o644))
		return
	}
	require.Empty(t, fresh, "go tool task golden:update adds new migrations")
}

// checksum returns a hash of what a migration runs on each database. Line breaks and indentation do not count.
func checksum(m migrate.Migration) string {
	h := sha256.New()
	for _, dialect := range []string{"postgres", "sqlite"} {
		for _, direction := range [][]string{m.Up, m.Down} {
			statements := migrate.RenderStatements(dialect, direction)
			for i, s := range statements {
				statements[i] = strings.Join(strings.Fields(s), " ")
			}
			fmt.Fprintf(h, "%s %q\n", dialect, statements)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
