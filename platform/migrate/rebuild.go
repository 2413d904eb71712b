package migrate

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"lyceum/platform/db"
)

// ListApplied returns the ids of the applied migrations in order. It returns an UnknownError if a newer version
// has used the database.
func (r *Runner) ListApplied(ctx context.Context) ([]string, error) {
	applied, err := r.readKnownApplied(r.db.Conn(ctx))
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range r.all {
		if applied[m.ID] {
			ids = append(ids, m.ID)
		}
	}
	return ids, nil
}

// CheckKnown returns an UnknownError if one of the ids is not that of a known migration.
func (r *Runner) CheckKnown(ids []string) error {
	applied := map[string]bool{}
	for _, id := range ids {
		applied[id] = true
	}
	if unknown := r.unknownIDs(applied); len(unknown) > 0 {
		return &UnknownError{unknown}
	}
	return nil
}

// Rebuild takes all applied migrations back, with everything in their tables, and runs those with the given ids, inside
// the transaction of ctx: the caller has an empty database of that height, and the old one if the transaction is rolled
// back. No other process may use the database meanwhile. It returns an UnknownError for an id that is not known, and if
// a newer version has used the database.
func (r *Runner) Rebuild(ctx context.Context, ids []string) error {
	if !db.IsInTx(ctx) {
		return errors.New("migrate: a schema is rebuilt inside a transaction only")
	}
	if err := r.CheckKnown(ids); err != nil {
		return err
	}
	if err := r.LockInTx(ctx); err != nil {
		return err
	}
	if err := r.createTable(ctx); err != nil {
		return err
	}
	applied, err := r.ListApplied(ctx)
	if err != nil {
		return err
	}
	for _, id := range slices.Backward(applied) {
		if err := r.step(ctx, id, false); err != nil {
			return err
		}
	}
	return r.RunInTx(ctx, ids)
}

// RunInTx runs the migrations with the given ids, in their order, inside the transaction of ctx. They must be pending.
func (r *Runner) RunInTx(ctx context.Context, ids []string) error {
	for _, id := range slices.Sorted(slices.Values(ids)) {
		if err := r.step(ctx, id, true); err != nil {
			return err
		}
	}
	return nil
}

// LockInTx makes other runners wait until the transaction of ctx has ended. SQLite does that for every transaction.
func (r *Runner) LockInTx(ctx context.Context) error {
	if r.db.Dialect() != db.Postgres {
		return nil
	}
	_, err := r.db.Exec(ctx, "SELECT pg_advisory_xact_lock(?)", int64(lockID))
	return err
}

// createTable creates the table of the applied migrations if it is missing.
func (r *Runner) createTable(ctx context.Context) error {
	conn := r.db.Conn(ctx)
	if conn.Migrator().HasTable(tableName) {
		return nil
	}
	return r.db.ExecSchema(ctx, "CREATE TABLE "+tableName+" (id varchar(190) PRIMARY KEY)")
}

// step runs one direction of a migration and notes it, as the library does, but in the transaction of ctx.
func (r *Runner) step(ctx context.Context, id string, up bool) error {
	i := slices.IndexFunc(r.all, func(m Migration) bool { return m.ID == id })
	statements, note := r.all[i].Down, "DELETE FROM "+tableName+" WHERE id = ?"
	if up {
		statements, note = r.all[i].Up, "INSERT INTO "+tableName+" (id) VALUES (?)"
	}
	for _, s := range RenderStatements(string(r.db.Dialect()), statements) {
		if err := r.db.ExecSchema(ctx, s); err != nil {
			return fmt.Errorf("migration %s: %w", id, err)
		}
	}
	_, err := r.db.Exec(ctx, note, id)
	return err
}

// madeTable matches the name of a table that a statement makes.
var madeTable = regexp.MustCompile(`(?i)^\s*(?:CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?|ALTER\s+TABLE\s+\S+\s+RENAME\s+TO\s+)"?(\w+)"?`)

// ListTables returns the names of the tables that migrations make on both databases, sorted, whether they exist now or
// not. Together they hold everything. A table that is made on one database only is an index, such as one for full text,
// and follows from the others.
func (r *Runner) ListTables() []string {
	made := map[string]map[string]bool{}
	for dialect := range typeWords {
		made[dialect] = map[string]bool{}
		for _, m := range r.all {
			for _, s := range RenderStatements(dialect, m.Up) {
				if match := madeTable.FindStringSubmatch(s); match != nil {
					made[dialect][match[1]] = true
				}
			}
		}
	}
	var tables []string
	for name := range made[string(db.Postgres)] {
		if made[string(db.SQLite)][name] {
			tables = append(tables, name)
		}
	}
	slices.Sort(tables)
	return tables
}
