// Package migrate brings the schema up and down, one migration a transaction, in one order over all modules.
//
// A migration that has landed is never edited: a later one corrects it.
package migrate

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-gormigrate/gormigrate/v2"
	"go.uber.org/fx"
	"gorm.io/gorm"

	"lyceum/platform/db"
)

// Migration is one step of the schema in raw SQL. Portable statements may use {uuid}, {bytes},
// {bool} and {bin} (text compared by bytes), which become each database's own words; a statement
// that begins with "postgres:" or "sqlite:" runs only there.
type Migration struct {
	// ID is YYYYMMDDHHMM_module_verb_noun; ids order the migrations of all modules.
	ID   string
	Up   []string
	Down []string
}

var idForm = regexp.MustCompile(`^\d{12}_[a-z]+(_[a-z0-9]+)+$`)

// ProvideMigrations adds a module's migrations to the application.
func ProvideMigrations(ms ...Migration) fx.Option {
	return fx.Supply(fx.Annotate(ms, fx.ResultTags(`group:"migrations"`)))
}

// Params collects the migrations of all modules.
type Params struct {
	fx.In
	Groups [][]Migration `group:"migrations"`
}

// Runner knows all migrations in their order.
type Runner struct {
	db  *db.DB
	all []Migration
}

// NewRunner sorts the migrations and refuses a repeated or malformed id.
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

// IDs lists all migrations in order.
func (r *Runner) IDs() []string {
	out := make([]string, len(r.all))
	for i, m := range r.all {
		out[i] = m.ID
	}
	return out
}

// UnknownError says that the database holds migrations that this program does not know: a newer version has used it.
type UnknownError struct {
	// IDs are the unknown migrations, in order.
	IDs []string
}

// Error names the newest unknown migration and what to do.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("the database's schema is newer than this program: it holds %d migrations that are not known here (the newest is %s). "+
		"Run the version that was last used with it, or a later one", len(e.IDs), e.IDs[len(e.IDs)-1])
}

// checkKnown returns an UnknownError unless every applied migration is known.
func (r *Runner) checkKnown(applied map[string]bool) error {
	if unknown := r.unknown(applied); len(unknown) > 0 {
		return &UnknownError{unknown}
	}
	return nil
}

func (r *Runner) unknown(applied map[string]bool) (ids []string) {
	for id := range applied {
		if !slices.ContainsFunc(r.all, func(m Migration) bool { return m.ID == id }) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Up runs what is pending and returns its ids. Replicas that start together wait for one another. It returns an
// UnknownError, and changes nothing, when a newer version has used the database.
func (r *Runner) Up(ctx context.Context) ([]string, error) {
	var done []string
	err := r.locked(ctx, func(g *gorm.DB) error {
		status, err := r.applied(g)
		if err == nil {
			err = r.checkKnown(status)
		}
		if err != nil {
			return err
		}
		for _, m := range r.all {
			if status[m.ID] {
				continue
			}
			// MigrateTo with one step at a time: each migration is a transaction of its own.
			if err := r.gormigrate(g).MigrateTo(m.ID); err != nil {
				return fmt.Errorf("migration %s: %w", m.ID, err)
			}
			done = append(done, m.ID)
		}
		return nil
	})
	return done, err
}

// Down takes back the last n migrations. Past the first one it is an error, and so is a migration that is not known here.
func (r *Runner) Down(ctx context.Context, n int) ([]string, error) {
	var done []string
	err := r.locked(ctx, func(g *gorm.DB) error {
		for range n {
			last, err := r.last(g)
			if err != nil {
				return err
			}
			if last == "" {
				return fmt.Errorf("there is no migration left to take back")
			}
			if err := r.gormigrate(g).RollbackLast(); err != nil {
				return fmt.Errorf("migration %s: %w", last, err)
			}
			done = append(done, last)
		}
		return nil
	})
	return done, err
}

// State is one line of Status.
type State struct {
	ID      string
	Applied bool
	// Known is false for an applied migration that only a newer version has.
	Known bool
}

// Status lists all migrations, those included that only a newer version knows, and whether each is applied.
func (r *Runner) ListStates(ctx context.Context) ([]State, error) {
	applied, err := r.applied(r.db.Conn(ctx))
	if err != nil {
		return nil, err
	}
	out := make([]State, len(r.all))
	for i, m := range r.all {
		out[i] = State{m.ID, applied[m.ID], true}
	}
	for _, id := range r.unknown(applied) {
		out = append(out, State{id, true, false})
	}
	slices.SortStableFunc(out, func(a, b State) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// Pending returns the ids that are left to run; an UnknownError when a newer version has used the database.
func (r *Runner) ListPending(ctx context.Context) ([]string, error) {
	applied, err := r.applied(r.db.Conn(ctx))
	if err == nil {
		err = r.checkKnown(applied)
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, m := range r.all {
		if !applied[m.ID] {
			out = append(out, m.ID)
		}
	}
	return out, nil
}

const table = "schema_migrations"

func (r *Runner) applied(g *gorm.DB) (map[string]bool, error) {
	out := map[string]bool{}
	if !g.Migrator().HasTable(table) {
		return out, nil
	}
	var ids []string
	if err := g.Table(table).Order("id").Pluck("id", &ids).Error; err != nil {
		return nil, err
	}
	for _, id := range ids {
		out[id] = true
	}
	return out, nil
}

func (r *Runner) last(g *gorm.DB) (string, error) {
	applied, err := r.applied(g)
	if err == nil {
		err = r.checkKnown(applied)
	}
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

func (r *Runner) gormigrate(g *gorm.DB) *gormigrate.Gormigrate {
	steps := make([]*gormigrate.Migration, len(r.all))
	for i, m := range r.all {
		steps[i] = &gormigrate.Migration{
			ID:       m.ID,
			Migrate:  func(tx *gorm.DB) error { return run(tx, m.Up) },
			Rollback: func(tx *gorm.DB) error { return run(tx, m.Down) },
		}
	}
	return gormigrate.New(g, &gormigrate.Options{TableName: table, IDColumnName: "id", IDColumnSize: 190, UseTransaction: true}, steps)
}

var words = map[string]*strings.Replacer{
	"postgres": strings.NewReplacer("{uuid}", "uuid", "{bytes}", "bytea", "{bool}", "boolean", "{bin}", `text COLLATE "C"`),
	"sqlite":   strings.NewReplacer("{uuid}", "text", "{bytes}", "blob", "{bool}", "boolean", "{bin}", "text"),
}

func run(tx *gorm.DB, statements []string) error {
	dialect := tx.Name()
	for _, s := range statements {
		if only, rest, ok := strings.Cut(s, ":"); ok && words[only] != nil {
			if only != dialect {
				continue
			}
			s = rest
		}
		if err := tx.Exec(words[dialect].Replace(s)).Error; err != nil {
			return err
		}
	}
	return nil
}

// lockID is any number that nothing else in the database uses for an advisory lock.
const lockID = 7_262_391_105

// locked holds PostgreSQL's advisory lock on a connection of its own meanwhile. SQLite's immediate
// transactions keep two runners apart already.
func (r *Runner) locked(ctx context.Context, fn func(*gorm.DB) error) error {
	plain := r.db.Conn(ctx).Session(&gorm.Session{PrepareStmt: false})
	if r.db.Dialect() != db.Postgres {
		return fn(plain)
	}
	conn, err := r.db.Pool().Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(lockID)); err != nil {
		return err
	}
	defer func() {
		// The context may have ended; the lock must go all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_, _ = conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", int64(lockID))
	}()
	return fn(plain)
}
