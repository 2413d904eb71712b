package db

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"gorm.io/gorm"
)

// QueryRow scans the first row of a query, with ? for its arguments, into dest. It returns ErrNotFound
// if there is none.
func (d *DB) QueryRow(ctx context.Context, query string, args []any, dest ...any) (err error) {
	ctx, span := d.startStatement(ctx, query)
	defer func() { endStatement(span, err) }()
	if d.usesPgx(ctx) {
		return d.queryRowPgx(ctx, d.numberPlaceholders(query), args, dest)
	}
	// Not QueryRowContext: GORM's returns a row that panics if the statement could not be prepared.
	rows, err := d.driverConn(ctx).QueryContext(ctx, d.numberPlaceholders(query), args...)
	if err != nil {
		return err
	}
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	if !rows.Next() {
		return cmp.Or(rows.Err(), ErrNotFound)
	}
	return rows.Scan(dest...)
}

// Query calls fn for each row of a query with ? for its arguments. fn scans the row. Query ends with the
// first error of fn.
func (d *DB) Query(
	ctx context.Context, query string, args []any, fn func(scan func(dest ...any) error) error,
) (err error) {
	ctx, span := d.startStatement(ctx, query)
	defer func() { endStatement(span, err) }()
	if d.usesPgx(ctx) {
		return d.queryPgx(ctx, d.numberPlaceholders(query), args, fn)
	}
	rows, err := d.driverConn(ctx).QueryContext(ctx, d.numberPlaceholders(query), args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Exec runs a statement with ? for its arguments and returns the number of affected rows.
func (d *DB) Exec(ctx context.Context, query string, args ...any) (affected int64, err error) {
	ctx, span := d.startStatement(ctx, query)
	defer func() { endStatement(span, err) }()
	res, err := d.driverConn(ctx).ExecContext(ctx, d.numberPlaceholders(query), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// driverConn returns what runs a statement with ctx below GORM: a transaction or the pool.
func (d *DB) driverConn(ctx context.Context) gorm.ConnPool {
	pool := d.gorm.ConnPool
	if t := txFrom(ctx); t != nil {
		pool = t.gorm.Statement.ConnPool
	}
	// GORM keeps prepared statements, which SQLite's driver does not. PostgreSQL's keeps them itself, for each connection.
	if _, ok := pool.(*gorm.PreparedStmtDB); ok && d.dialect == Postgres {
		return d.sql
	}
	return pool
}

// numbered holds queries with numbered placeholders by their text, up to maxNumbered. Most queries are constants; the
// bound is for those that are built from filters.
var (
	numbered     sync.Map
	numberedSize atomic.Int64
)

const maxNumbered = 4096

// numberPlaceholders writes PostgreSQL's $1, $2 … for each ?. A query must not have a ? inside a text or an operator.
func (d *DB) numberPlaceholders(query string) string {
	if d.dialect != Postgres {
		return query
	}
	if known, ok := numbered.Load(query); ok {
		return known.(string)
	}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r != '?' {
			b.WriteRune(r)
			continue
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
	}
	if numberedSize.Load() < maxNumbered {
		numbered.Store(query, b.String())
		numberedSize.Add(1)
	}
	return b.String()
}
