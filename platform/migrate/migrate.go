package migrate

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-gormigrate/gormigrate/v2"
	"go.uber.org/fx"
	"gorm.io/gorm"

	"lyceum/platform/db"
)

// Migration is one step of the schema. Up and Down hold the statements of its two directions.
type Migration struct {
	// ID has the form YYYYMMDDHHMM_module_verb_noun and never changes.
	ID   string
	Up   []string
	Down []string
}

var idForm = regexp.MustCompile(`^\d{12}_[a-z]+(_[a-z0-9]+)+$`)

// ProvideMigrations adds the migrations of a module to the program.
func ProvideMigrations(ms ...Migration) fx.Option {
	return fx.Supply(fx.Annotate(ms, fx.ResultTags(`group:"migrations"`)))
}

// Params collects the migrations of all modules.
type Params struct {
	fx.In
	Groups [][]Migration `group:"migrations"`
}

// Runner runs migrations. Make one with NewRunner.
type Runner struct {
	db *db.DB
	// all are the migrations that this program knows, sorted by id.
	all []Migration
}

// NewRunner returns a runner for the migrations of all groups. It returns an error for an id that is
// malformed or repeated.
func NewRunner(d *db.DB, groups ...[]Migration) (*Runner, error) {
	all := slices.Concat(groups...)
	slices.SortFunc(all, func(a, b Migration) int { return strings.Compare(a.ID, b.ID) })
	for i, m := range all {
		if !idForm.MatchString(m.ID) {
			return nil, fmt.Errorf("migration %q: an id is YYYYMMDDHHMM_module_verb_noun", m.ID)
		}
		if i > 0 && all[i-1].ID == m.ID {
			return nil, fmt.Errorf("migration %q is there twice", m.ID)
		}
	}
	return &Runner{d, all}, nil
}

// IDs returns the ids of all known migrations in order.
func (r *Runner) IDs() []string {
	out := make([]string, len(r.all))
	for i, m := range r.all {
		out[i] = m.ID
	}
	return out
}

// UnknownError is returned if migrations were applied that this program does not know, because a
// newer version has used the database.
type UnknownError struct {
	// IDs are the unknown migrations, in order.
	IDs []string
}

// Error names the newest unknown migration and says what to do.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("the database's schema is newer than this program: it holds %d migrations that are not known "+
		"here (the newest is %s). Run the version that was last used with it, or a later one",
		len(e.IDs), e.IDs[len(e.IDs)-1])
}

// unknownIDs returns the applied migrations that this program does not know, sorted.
func (r *Runner) unknownIDs(applied map[string]bool) (ids []string) {
	for id := range applied {
		if !slices.ContainsFunc(r.all, func(m Migration) bool { return m.ID == id }) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Up runs the pending migrations and returns their ids, also those of a call that fails later.
// Replicas that call it at the same time wait for one another. It returns an UnknownError and changes
// nothing if a newer version has used the database.
func (r *Runner) Up(ctx context.Context) ([]string, error) {
	var done []string
	err := r.withLock(ctx, func(conn *gorm.DB) error {
		applied, err := r.readKnownApplied(conn)
		if err != nil {
			return err
		}
		for _, m := range r.all {
			if applied[m.ID] {
				continue
			}
			// One step at a time: gormigrate would run all pending migrations in one transaction.
			if err := r.newGormigrate(conn).MigrateTo(m.ID); err != nil {
				return fmt.Errorf("migration %s: %w", m.ID, err)
			}
			done = append(done, m.ID)
		}
		return nil
	})
	return done, err
}

// Down takes back the last n applied migrations and returns their ids. It returns an error if fewer
// than n are applied, after it has taken those back, and an UnknownError if a newer version has used
// the database.
func (r *Runner) Down(ctx context.Context, n int) ([]string, error) {
	var done []string
	err := r.withLock(ctx, func(conn *gorm.DB) error {
		for range n {
			last, err := r.findLastApplied(conn)
			if err != nil {
				return err
			}
			if last == "" {
				return fmt.Errorf("there is no migration left to take back")
			}
			if err := r.newGormigrate(conn).RollbackLast(); err != nil {
				return fmt.Errorf("migration %s: %w", last, err)
			}
			done = append(done, last)
		}
		return nil
	})
	return done, err
}

// State tells whether one migration is applied.
type State struct {
	ID      string
	Applied bool
	// Known is false for an applied migration that only a newer version has.
	Known bool
}

// ListStates returns the states of all known migrations, and of the unknown ones that are applied,
// sorted by id.
func (r *Runner) ListStates(ctx context.Context) ([]State, error) {
	applied, err := r.readApplied(r.db.Conn(ctx))
	if err != nil {
		return nil, err
	}
	states := make([]State, len(r.all))
	for i, m := range r.all {
		states[i] = State{ID: m.ID, Applied: applied[m.ID], Known: true}
	}
	for _, id := range r.unknownIDs(applied) {
		states = append(states, State{ID: id, Applied: true})
	}
	slices.SortStableFunc(states, func(a, b State) int { return strings.Compare(a.ID, b.ID) })
	return states, nil
}

// ListPending returns the ids of the migrations that Up would run. It returns an UnknownError if a
// newer version has used the database.
func (r *Runner) ListPending(ctx context.Context) ([]string, error) {
	applied, err := r.readKnownApplied(r.db.Conn(ctx))
	if err != nil {
		return nil, err
	}
	var pending []string
	for _, m := range r.all {
		if !applied[m.ID] {
			pending = append(pending, m.ID)
		}
	}
	return pending, nil
}

// tableName is the table of the applied migrations, one row with its id for each.
const tableName = "schema_migrations"

// readApplied returns the ids of the applied migrations. A database without the table has none.
func (r *Runner) readApplied(conn *gorm.DB) (map[string]bool, error) {
	applied := map[string]bool{}
	if !conn.Migrator().HasTable(tableName) {
		return applied, nil
	}
	var ids []string
	if err := conn.Table(tableName).Order("id").Pluck("id", &ids).Error; err != nil {
		return nil, err
	}
	for _, id := range ids {
		applied[id] = true
	}
	return applied, nil
}

// readKnownApplied returns the ids of the applied migrations, or an UnknownError if this program does
// not know one of them.
func (r *Runner) readKnownApplied(conn *gorm.DB) (map[string]bool, error) {
	applied, err := r.readApplied(conn)
	if err != nil {
		return nil, err
	}
	if unknown := r.unknownIDs(applied); len(unknown) > 0 {
		return nil, &UnknownError{unknown}
	}
	return applied, nil
}

// findLastApplied returns the id of the last applied migration, or an empty string without one.
func (r *Runner) findLastApplied(conn *gorm.DB) (string, error) {
	applied, err := r.readKnownApplied(conn)
	if err != nil {
		return "", err
	}
	for _, m := range slices.Backward(r.all) {
		if applied[m.ID] {
			return m.ID, nil
		}
	}
	return "", nil
}

// newGormigrate returns the library's runner over all known migrations.
func (r *Runner) newGormigrate(conn *gorm.DB) *gormigrate.Gormigrate {
	steps := make([]*gormigrate.Migration, len(r.all))
	for i, m := range r.all {
		steps[i] = &gormigrate.Migration{
			ID:       m.ID,
			Migrate:  func(tx *gorm.DB) error { return runStatements(tx, m.Up) },
			Rollback: func(tx *gorm.DB) error { return runStatements(tx, m.Down) },
		}
	}
	return gormigrate.New(conn, &gormigrate.Options{
		TableName: tableName, IDColumnName: "id", IDColumnSize: 190, UseTransaction: true,
	}, steps)
}

// typeWords replaces the words for types by those of each database.
var typeWords = map[string]*strings.Replacer{
	"postgres": strings.NewReplacer(
		"{uuid}", "uuid", "{bytes}", "bytea", "{bool}", "boolean", "{bin}", `text COLLATE "C"`),
	"sqlite": strings.NewReplacer(
		"{uuid}", "text", "{bytes}", "blob", "{bool}", "boolean", "{bin}", "text"),
}

// runStatements runs the statements that are for the database of tx.
func runStatements(tx *gorm.DB, statements []string) error {
	for _, s := range RenderStatements(tx.Name(), statements) {
		if err := tx.Exec(s).Error; err != nil {
			return err
		}
	}
	return nil
}

// RenderStatements returns the SQL of those statements that run on a database, "postgres" or
// "sqlite", in their order.
func RenderStatements(dialect string, statements []string) (rendered []string) {
	for _, s := range statements {
		if only, rest, ok := strings.Cut(s, ":"); ok && typeWords[only] != nil {
			if only != dialect {
				continue
			}
			s = rest
		}
		rendered = append(rendered, typeWords[dialect].Replace(s))
	}
	return rendered
}

// lockID is the key of the advisory lock. It is arbitrary and used for nothing else in the database.
const lockID = 7_262_391_105

// withLock calls fn while no other runner works on the database. On PostgreSQL it holds an advisory
// lock in a transaction of its own, as fn uses other connections of the pool, one for each migration.
// The lock is that of a transaction and not of a session: a pooler such as PgBouncer may give each
// transaction of a session to another connection. SQLite needs none: it has one process, whose
// immediate transactions exclude each other.
func (r *Runner) withLock(ctx context.Context, fn func(*gorm.DB) error) error {
	// Without prepared statements, which a changed schema would invalidate.
	plain := r.db.Conn(ctx).Session(&gorm.Session{PrepareStmt: false})
	if r.db.Dialect() != db.Postgres {
		return fn(plain)
	}
	lock, err := r.db.Pool().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Rollback() }()
	// The transaction waits while the migrations run, however long that takes.
	if _, err := lock.ExecContext(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
		return err
	}
	if _, err := lock.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(lockID)); err != nil {
		return err
	}
	return fn(plain)
}
