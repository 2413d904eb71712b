// Package db holds the database: PostgreSQL, or SQLite inside the process, behind the same calls.
//
// The transaction travels in the context: what a store does with Conn(ctx) joins the caller's
// transaction by itself. Only store files and this package touch GORM.
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

// The two kinds.
const (
	Postgres Dialect = "postgres"
	SQLite   Dialect = "sqlite"
)

// DB is an open database.
type DB struct {
	gorm    *gorm.DB
	sql     *sql.DB
	dialect Dialect
	// writer admits one writing transaction at a time on SQLite, which has one writer anyway:
	// waiting here honours the context, waiting there does not.
	writer chan struct{}
}

// Options say which database to open.
type Options struct {
	// URL is postgres://… or sqlite:///path; empty means a file in Dir.
	URL string
	// Dir holds the embedded database.
	Dir string
	// MaxConns bounds the connections of this process.
	MaxConns int
}

// Open connects. The error names no password.
func Open(ctx context.Context, o Options) (*DB, error) {
	d := &DB{dialect: Postgres}
	var dialector gorm.Dialector
	var err error
	if strings.HasPrefix(o.URL, "postgres") {
		d.sql, err = openPostgres(o)
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
		SkipDefaultTransaction: true, PrepareStmt: true, TranslateError: true, DisableAutomaticPing: true,
		Logger: logger.Discard, NowFunc: func() time.Time { return time.Now().UTC() },
	})
	if err != nil {
		return nil, err
	}
	return d, countQueries(d.gorm)
}

func openPostgres(o Options) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, errors.New("DATABASE_URL: not a PostgreSQL URL")
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

func openSQLite(o Options) (*sql.DB, error) {
	path := filepath.Join(o.Dir, "lyceum.db")
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
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?vfs=" + vfsName + "&_txlock=immediate&_pragma=busy_timeout(4000)" +
		"&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=foreign_keys(on)"
	pool, err := driver.Open(dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(max(4, o.MaxConns/2))
	pool.SetMaxIdleConns(max(4, o.MaxConns/2))
	return pool, nil
}

// makeSQLiteFile makes the database's file, so that nobody else may read it; the files beside it get its mode. A folder that
// the operator chose with the path stays as it is.
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

// withoutURL keeps the cause and drops what may hold a password.
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

// Dialect says which kind of database this is.
func (d *DB) Dialect() Dialect { return d.dialect }

// Ping asks whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.sql.PingContext(ctx) }

// Close ends all connections.
func (d *DB) Close() error { return d.sql.Close() }

// Pool gives database/sql's pool, for backups, locks and measured hot paths.
func (d *DB) Pool() *sql.DB { return d.sql }

// Conn is the database as seen from ctx: its transaction if there is one.
func (d *DB) Conn(ctx context.Context) *gorm.DB {
	if t := txOf(ctx); t != nil {
		return t.gorm.WithContext(ctx)
	}
	return d.gorm.WithContext(ctx)
}

// NowMillis is the SQL expression for the database's own clock in milliseconds since 1970.
func (d *DB) NowMillis() string {
	if d.dialect == Postgres {
		return "(extract(epoch from clock_timestamp()) * 1000)::bigint"
	}
	return "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
}

// ForUpdate is the clause that locks the selected rows; SQLite's transactions lock all already.
func (d *DB) ForUpdate() string {
	if d.dialect == Postgres {
		return " FOR UPDATE"
	}
	return ""
}

// SkipLocked is ForUpdate for queues: rows that another replica holds are passed over.
func (d *DB) SkipLocked() string {
	if d.dialect == Postgres {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}
