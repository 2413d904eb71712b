package db

import (
	"context"
	"database/sql"
	"errors"
)

// InSnapshot runs fn with a view of the whole database at one instant, while others go on to change it. Every statement
// with the context of fn reads that instant; a statement that writes fails. It must not be called inside a transaction.
//
// PostgreSQL keeps old versions of rows and SQLite keeps its log for as long as fn runs, so fn should not wait for
// anything else.
func (d *DB) InSnapshot(ctx context.Context, fn func(ctx context.Context) error) error {
	if HasOpenTx(ctx) {
		return errors.New("db: a snapshot inside a transaction")
	}
	options := &sql.TxOptions{ReadOnly: true}
	if d.dialect == Postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	g := d.gorm.WithContext(ctx).Begin(options)
	if g.Error != nil {
		return g.Error
	}
	withoutPreparing(g)
	t := &tx{gorm: g, root: &rootTx{release: func() {}, values: map[any]any{}}}
	defer t.rollback()
	inTx := withTx(ctx, t)
	// The instant is that of the first statement.
	var one int
	if err := d.QueryRow(inTx, "SELECT count(*) FROM "+d.catalogTable(), nil, &one); err != nil {
		return err
	}
	return fn(inTx)
}

// catalogTable is a table that every database has.
func (d *DB) catalogTable() string {
	if d.dialect == Postgres {
		return "pg_catalog.pg_namespace"
	}
	return "sqlite_master"
}
