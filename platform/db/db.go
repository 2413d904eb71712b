package db

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/ncruces/go-sqlite3/driver"
	"github.com/ncruces/go-sqlite3/gormlite"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"lyceum/platform/private"
)

// Dialect names a kind of database.
type Dialect string

// The supported kinds.
const (
	Postgres Dialect = "postgres"
	SQLite   Dialect = "sqlite"
)

// DB is an open database.
type DB struct {
	gorm    *gorm.DB
	sql     *sql.DB
	dialect Dialect
	// replica answers some reads. It is nil without one.
	replica *replica
	// writer admits one transaction at a time on SQLite, which has one writer anyway. Waiting here ends with the
	// context; waiting inside SQLite would not. It is nil on PostgreSQL.
	writer chan struct{}
}

// Options select the database to open.
type Options struct {
	// URL is postgres://… or sqlite:///path. "" stands for a SQLite file in Dir.
	URL string
	// ReplicaURL is the postgres://… address of a server that follows the one at URL. "" means none.
	ReplicaURL string
	// Dir is the folder of the embedded database. Open creates it, readable by its owner alone.
	Dir string
	// MaxConns bounds the connections of this process. SQLite opens half as many, at least 4.
	MaxConns int
}

// Open connects to a database and checks that it answers. The error names no password.
func Open(ctx context.Context, o Options) (*DB, error) {
	d := &DB{dialect: Postgres}
	var dialector gorm.Dialector
	var err error
	if strings.HasPrefix(o.URL, "postgres") {
		d.sql, err = openPostgres("DATABASE_URL", o)
		dialector = postgres.New(postgres.Config{Conn: d.sql})
	} else {
		d.dialect, d.writer = SQLite, make(chan struct{}, 1)
		d.sql, err = openSQLite(o)
		dialector = gormlite.OpenDB(d.sql)
	}
	if err != nil {
		return nil, err
	}
	if err := d.Ping(ctx); err != nil {
		_ = d.sql.Close()
		return nil, errors.New("the database can't be reached: " + withoutURL(err))
	}
	d.gorm, err = gorm.Open(dialector, &gorm.Config{
		SkipDefaultTransaction: true, PrepareStmt: keepsStatements(o), TranslateError: true, DisableAutomaticPing: true,
		Logger: logger.Discard, NowFunc: func() time.Time { return time.Now().UTC() },
	})
	if err != nil {
		return nil, err
	}
	if o.ReplicaURL != "" && d.dialect == Postgres {
		if d.replica, err = newReplica(d, o.ReplicaURL, o.MaxConns); err != nil {
			return nil, err
		}
	}
	return d, d.registerTracing(d.gorm)
}

// keepsStatements reports whether connections may keep prepared statements. A pooler that gives each
// transaction to another connection loses them; default_query_exec_mode=exec in the URL says that there is one.
func keepsStatements(o Options) bool {
	cfg, err := pgx.ParseConfig(o.URL)
	isPostgres := err == nil && strings.HasPrefix(o.URL, "postgres")
	return !isPostgres || cfg.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement
}

// openPostgres returns a pool for a postgres:// URL. It does not connect. Its error names the setting.
func openPostgres(setting string, o Options) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, errors.New(setting + ": not a PostgreSQL URL")
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 2 * time.Second
	}
	pool := stdlib.OpenDB(*cfg)
	pool.SetMaxOpenConns(o.MaxConns)
	pool.SetMaxIdleConns(o.MaxConns)
	pool.SetConnMaxLifetime(30 * time.Minute)
	return pool, nil
}

// SQLiteFile is the name of the database in Options.Dir.
const SQLiteFile = "lyceum.db"

// openSQLite returns a pool for a SQLite file, which it creates.
func openSQLite(o Options) (*sql.DB, error) {
	path := filepath.Join(o.Dir, SQLiteFile)
	if o.URL != "" {
		u, err := url.Parse(o.URL)
		if err != nil {
			return nil, errors.New("DATABASE_URL: not a URL")
		}
		path = u.Path
	}
	if err := makeSQLiteFile(path, o.URL == ""); err != nil {
		return nil, err
	}
	// synchronous=FULL: what was acknowledged survives a power cut, too.
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?vfs=" + vfsName + "&_txlock=immediate" +
		"&_pragma=busy_timeout(4000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=foreign_keys(on)"
	pool, err := driver.Open(dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(max(4, o.MaxConns/2))
	pool.SetMaxIdleConns(max(4, o.MaxConns/2))
	return pool, nil
}

// makeSQLiteFile creates the database's file, readable by its owner alone. The folder gets that mode, too, if ownDir
// says that it is the server's own. The files that SQLite creates beside it later follow the umask, which the program
// sets at its start.
func makeSQLiteFile(path string, ownDir bool) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if ownDir {
		if err := private.CreateNamedDir(dir, "lyceum.*", "keys", "objects", "mailbox", "scratch"); err != nil {
			return err
		}
	}
	if err := private.CreateFile(path); err != nil {
		return err
	}
	return private.TightenFiles(path+"-wal", path+"-shm")
}

// withoutURL returns the cause of a failed connection without the parts of the text that may hold a password.
func withoutURL(err error) string {
	var pe *pgconn.ConnectError
	_ = errors.As(err, &pe)
	s := err.Error()
	if pe == nil {
		return s
	}
	if inner := pe.Unwrap(); inner != nil {
		return inner.Error()
	}
	return "connection failed"
}

// Dialect returns the kind of the database.
func (d *DB) Dialect() Dialect { return d.dialect }

// Ping returns an error if the database does not answer.
func (d *DB) Ping(ctx context.Context) error { return d.sql.PingContext(ctx) }

// Close ends all connections.
func (d *DB) Close() error {
	if d.replica != nil {
		return errors.Join(d.replica.sql.Close(), d.sql.Close())
	}
	return d.sql.Close()
}

// Pool returns the pool of database/sql, for session locks and backups. Its statements join no transaction.
func (d *DB) Pool() *sql.DB { return d.sql }

// Pools returns the pools of connections by the names of their servers: primary and, if there is one, replica.
func (d *DB) Pools() map[string]*sql.DB {
	pools := map[string]*sql.DB{"primary": d.sql}
	if d.replica != nil {
		pools["replica"] = d.replica.sql
	}
	return pools
}

// Conn returns the database for one statement: inside the transaction of ctx, if there is one. The result must not be
// kept, as GORM's values collect conditions.
func (d *DB) Conn(ctx context.Context) *gorm.DB {
	if t := txFrom(ctx); t != nil {
		return t.gorm.WithContext(ctx)
	}
	return d.gorm.WithContext(ctx)
}

// NowMillis returns the SQL expression for the database's own clock, in milliseconds since 1970 UTC. It is for
// comparisons that must not depend on the clock of a replica, such as whether another replica is alive.
func (d *DB) NowMillis() string {
	if d.dialect == Postgres {
		return "(extract(epoch from clock_timestamp()) * 1000)::bigint"
	}
	return "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
}

// ForUpdate returns the clause that locks the selected rows until the transaction ends. It is empty on SQLite, where a
// transaction has the database to itself.
func (d *DB) ForUpdate() string {
	if d.dialect == Postgres {
		return " FOR UPDATE"
	}
	return ""
}

// OneOf returns the condition that a column with ids has one of some values, at least one, and its arguments.
// PostgreSQL gets them as an array, so that a statement is the same for any number of them and is prepared once.
func (d *DB) OneOf(column string, ids []string) (condition string, args []any) {
	if d.dialect == Postgres {
		return column + " = ANY(CAST(CAST(? AS text[]) AS uuid[]))", []any{ids}
	}
	args = make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return column + " IN (" + strings.Repeat(", ?", len(ids))[2:] + ")", args
}

// SkipLocked returns ForUpdate for queues: rows that another transaction has locked are left out.
func (d *DB) SkipLocked() string {
	if d.dialect == Postgres {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}
