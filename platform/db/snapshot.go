package db

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// InSnapshot runs fn with a view of the whole database at one instant, while others go on to change it. Every
// statement with the context of fn reads that instant; a statement that writes fails. It must not be called
// inside a transaction.
//
// Nobody can change the named tables meanwhile, only their rows: on PostgreSQL a table that was rebuilt after
// the instant looks empty. The database keeps old versions of rows for as long as fn runs, so fn should not
// wait for anything else.
func (d *DB) InSnapshot(ctx context.Context, tables []string, fn func(ctx context.Context) error) error {
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
	t := &tx{db: d, gorm: g, root: &rootTx{release: func() {}, values: map[any]any{}}}
	defer t.rollback()
	inTx := withTx(ctx, t)
	if err := d.LiftTimeouts(inTx); err != nil {
		return err
	}
	if d.dialect == Postgres && len(tables) > 0 {
		quoted := make([]string, len(tables))
		for i, table := range tables {
			quoted[i] = QuoteName(table)
		}
		if err := d.ExecSchema(inTx, "LOCK TABLE "+strings.Join(quoted, ", ")+" IN ACCESS SHARE MODE"); err != nil {
			return err
		}
	}
	// The instant is that of the first statement.
	var one int
	if err := d.QueryRow(inTx, "SELECT count(*) FROM "+d.catalogTable(), nil, &one); err != nil {
		return err
	}
	return fn(inTx)
}

// LiftTimeouts lets the transaction of ctx and its statements take as long as they need, whatever the
// database's user is given. It is for work of an operator.
func (d *DB) LiftTimeouts(ctx context.Context) error {
	if d.dialect != Postgres {
		return nil
	}
	for _, timeout := range []string{"statement_timeout", "idle_in_transaction_session_timeout"} {
		if err := d.ExecSchema(ctx, "SET LOCAL "+timeout+" = 0"); err != nil {
			return err
		}
	}
	return nil
}

// catalogTable is a table that every database has.
func (d *DB) catalogTable() string {
	if d.dialect == Postgres {
		return "pg_catalog.pg_namespace"
	}
	return "sqlite_master"
}
