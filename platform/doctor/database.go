package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lyceum/platform/db"
	"lyceum/platform/diagnosis"
	"lyceum/platform/migrate"
)

// minPostgres is the oldest PostgreSQL that its authors still mend.
const minPostgres = 14

// checkDatabase opens the database and looks at its version, its clock and the rights of its user.
func (x *examination) checkDatabase(ctx context.Context) {
	const check = "database"
	c := x.Config
	file := c.SQLitePath()
	if c.HasEmbeddedDatabase() {
		file = filepath.Join(c.DataDir, db.SQLiteFile)
	}
	if file != "" {
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			x.warn(check, "there is no database in "+file,
				"the first start of the server makes it; or set DATA_DIR to the folder of the server")
			return
		}
	}
	d, err := db.Open(ctx, db.Options{URL: c.DatabaseURL, ReplicaURL: c.DatabaseReplicaURL, Dir: c.DataDir, MaxConns: 2})
	if err != nil {
		advice := "check DATABASE_URL, and that the database runs and lets this machine in"
		if file != "" {
			advice = "if " + file + " is damaged, stop the server and restore a backup"
		}
		x.fail(check, err.Error(), advice)
		return
	}
	x.db = d
	if d.Dialect() == db.SQLite {
		x.checkSQLite(ctx, file)
		return
	}
	x.checkPostgres(ctx)
	x.checkClock(ctx, "database", func(ctx context.Context) (time.Time, error) {
		var millis int64
		err := d.QueryRow(ctx, "SELECT "+d.NowMillis(), nil, &millis)
		return time.UnixMilli(millis), err
	})
}

// checkSQLite looks for damage in the file.
func (x *examination) checkSQLite(ctx context.Context, file string) {
	const check = "database"
	var version, result string
	err := x.db.QueryRow(ctx, "SELECT sqlite_version()", nil, &version)
	if err == nil {
		err = x.db.QueryRow(ctx, "PRAGMA quick_check(1)", nil, &result)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		x.warn(check, "the file is too large to be looked through in "+checkTimeout.String(),
			"run PRAGMA quick_check in sqlite3 at a quiet time")
	case err != nil || result != "ok":
		x.fail(check, fmt.Sprintf("%s is damaged: %s", file, firstOf(result, err)),
			"stop the server and restore a backup")
	default:
		x.ok(check, "SQLite %s in %s", version, file)
	}
}

// firstOf returns a text, or that of the error if the text is empty.
func firstOf(text string, err error) string {
	if text == "" && err != nil {
		return err.Error()
	}
	return text
}

// checkPostgres looks at the version of the server, at its connections and at what its user may do.
func (x *examination) checkPostgres(ctx context.Context) {
	const check = "database"
	var number, used, limit int
	var version, user string
	var isSuper, mayCreate, isReadOnly bool
	err := x.db.QueryRow(ctx, `SELECT
		current_setting('server_version_num')::int, current_setting('server_version'), current_user,
		(SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
		has_schema_privilege(current_schema(), 'CREATE'), pg_is_in_recovery(),
		(SELECT sum(numbackends)::int FROM pg_stat_database), current_setting('max_connections')::int`,
		nil, &number, &version, &user, &isSuper, &mayCreate, &isReadOnly, &used, &limit)
	if err != nil {
		x.fail(check, err.Error(), "the user of DATABASE_URL must be able to read the catalog")
		return
	}
	x.ok(check, "PostgreSQL %s as %s, %d of %d connections in use", version, user, used, limit)
	if number/10_000 < minPostgres {
		x.fail(check, fmt.Sprintf("PostgreSQL %s is too old", version),
			fmt.Sprintf("upgrade to PostgreSQL %d or newer", minPostgres))
	}
	if isReadOnly {
		x.fail(check, "the server is a standby, which can't be written", "point DATABASE_URL to the primary")
	}
	if !mayCreate {
		x.fail(check, user+" may not create tables, so migrations fail",
			"GRANT CREATE ON SCHEMA public TO "+db.QuoteName(user))
	}
	if isSuper {
		x.warn(check, user+" is a superuser, whom nothing keeps from changing the audit log",
			"make a user of its own that owns the database and has no other rights")
	}
	if free := limit - used; free < x.Config.DatabaseMaxConns {
		x.warn(check, fmt.Sprintf("%d connections are free, and one process takes up to %d", free, x.Config.DatabaseMaxConns),
			"raise max_connections, lower DATABASE_MAX_CONNS, or put PgBouncer between them")
	}
	x.checkDatabaseTLS(ctx)
	hasReplica, err := x.db.CheckReplica(ctx)
	switch {
	case err != nil:
		x.fail("replica", err.Error(), "check DATABASE_REPLICA_URL; lists are read from the primary meanwhile")
	case hasReplica:
		x.ok("replica", "it follows the database and is up to date")
	}
}

// checkDatabaseTLS looks at the certificate of the connection.
func (x *examination) checkDatabaseTLS(ctx context.Context) {
	state, isLocal, err := x.db.TLSState(ctx)
	switch {
	case err != nil:
		x.fail("database", err.Error(), "check DATABASE_URL")
	case state != nil:
		x.checkCertificate("database", *state)
	case !isLocal:
		x.warn("database", "the connection is not encrypted", "add sslmode=verify-full to DATABASE_URL")
	}
}

// Differences between clocks. Tokens allow for a minute.
const (
	smallSkew = 2 * time.Second
	largeSkew = 30 * time.Second
)

// checkClock compares the clock of a service with that of this machine.
func (x *examination) checkClock(ctx context.Context, service string, ask func(context.Context) (time.Time, error)) {
	const check = "clock"
	begun := time.Now()
	theirs, err := ask(ctx)
	took := time.Since(begun)
	if err != nil {
		return // the check of the service tells
	}
	skew := (theirs.Sub(begun) - took/2).Round(time.Millisecond)
	found := fmt.Sprintf("the clock of the %s is %s ahead of this machine's", service, skew)
	if skew < 0 {
		found = fmt.Sprintf("the clock of the %s is %s behind this machine's", service, -skew)
	}
	const advice = "let both machines set their clocks by NTP"
	switch {
	case skew.Abs() > largeSkew:
		x.fail(check, found, advice)
	case skew.Abs() > smallSkew:
		x.warn(check, found, advice)
	default:
		x.ok(check, "that of the %s differs by %s", service, skew.Abs())
	}
}

// checkMigrations compares the schema with the program.
func (x *examination) checkMigrations(ctx context.Context) {
	const check = "migrations"
	if x.db == nil {
		return
	}
	runner, err := migrate.NewRunner(x.db, x.Migrations)
	if err != nil {
		x.fail(check, err.Error(), "report this: the program is built wrongly")
		return
	}
	pending, err := runner.ListPending(ctx)
	var unknown *migrate.UnknownError
	switch {
	case errors.As(err, &unknown):
		x.fail(check, fmt.Sprintf("the schema is newer than this program: %d migrations are unknown", len(unknown.IDs)),
			"run the version that was last used, or a later one")
	case err != nil:
		x.fail(check, err.Error(), "check the rights of the user of DATABASE_URL")
	case len(pending) > 0 && !x.Config.AutoMigrate:
		x.fail(check, fmt.Sprintf("%d are pending, and AUTO_MIGRATE is false", len(pending)),
			"run lyceum migrate up")
	case len(pending) > 0:
		x.warn(check, fmt.Sprintf("%d are pending", len(pending)),
			"the next start runs them; or run lyceum migrate up")
	default:
		x.isCurrent = true
		x.ok(check, "all %d are applied", len(x.Migrations))
	}
}

// checkModules runs the checks of the modules.
func (x *examination) checkModules(ctx context.Context) {
	if x.db == nil || !x.isCurrent {
		return
	}
	for _, c := range x.Checks {
		finding, err := c.Run(ctx, x.db)
		if err != nil {
			finding = diagnosis.Finding{Status: diagnosis.Failed, Found: oneLine(err.Error()),
				Advice: "see the check of the database"}
		}
		finding.Check = c.Name
		x.findings = append(x.findings, finding)
	}
}
