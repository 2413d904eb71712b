package db

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// maxConnAttempts is how many connections are tried if the pool gives one that has ended meanwhile, as
// in database/sql.
const maxConnAttempts = 3

// usesPgx reports whether a statement with ctx can go past database/sql: outside a transaction on
// PostgreSQL. The connection is from the same pool. It saves a goroutine for each query, and the values
// between the wire and the variables.
func (d *DB) usesPgx(ctx context.Context) bool { return d.dialect == Postgres && txFrom(ctx) == nil }

// withPgx calls fn with a connection of a pool. fn is called again with another one if its connection
// turns out to have ended before anything was sent.
func (d *DB) withPgx(ctx context.Context, pool *sql.DB, fn func(*pgx.Conn) error) error {
	for attempt := 1; ; attempt++ {
		err := d.tryWithPgx(ctx, pool, fn)
		if !errors.Is(err, driver.ErrBadConn) || attempt == maxConnAttempts {
			return err
		}
	}
}

// tryWithPgx calls fn once. It returns driver.ErrBadConn if the connection has ended.
func (d *DB) tryWithPgx(ctx context.Context, pool *sql.DB, fn func(*pgx.Conn) error) (err error) {
	pooled, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = pooled.Close() }() // it goes back to the pool
	return pooled.Raw(func(conn any) error {
		err := fn(conn.(*stdlib.Conn).Conn())
		if err != nil && pgconn.SafeToRetry(err) {
			return driver.ErrBadConn
		}
		return err
	})
}

// queryPgx calls fn for each row of a query with numbered placeholders.
func (d *DB) queryPgx(
	ctx context.Context, query string, args []any, fn func(scan func(dest ...any) error) error,
) error {
	hasRows := false
	read := func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		scan := rows.Scan
		for rows.Next() {
			hasRows = true
			if err := fn(scan); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	return d.withReader(ctx, query, read, func() bool { return !hasRows })
}

// queryRowPgx scans the first row of a query with numbered placeholders. It returns ErrNotFound if there
// is none.
func (d *DB) queryRowPgx(ctx context.Context, query string, args, dest []any) error {
	read := func(conn *pgx.Conn) error { return conn.QueryRow(ctx, query, args...).Scan(dest...) }
	err := d.withReader(ctx, query, read, func() bool { return true })
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// TLSState returns the state of the encryption of a connection to PostgreSQL, or nil if it is not encrypted,
// and whether the server is on this machine. A SQLite database is local.
func (d *DB) TLSState(ctx context.Context) (state *tls.ConnectionState, isLocal bool, err error) {
	if d.dialect != Postgres {
		return nil, true, nil
	}
	err = d.withPgx(ctx, d.sql, func(conn *pgx.Conn) error {
		plain := conn.PgConn().Conn()
		if encrypted, ok := plain.(*tls.Conn); ok {
			found := encrypted.ConnectionState()
			state = &found
		}
		address, isTCP := plain.RemoteAddr().(*net.TCPAddr)
		isLocal = !isTCP || address.IP.IsLoopback()
		return nil
	})
	return state, isLocal, err
}
