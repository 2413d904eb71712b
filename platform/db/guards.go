package db

import (
	"context"
	"errors"
)

// SuspendGuards takes the triggers that run before a statement out of force, inside the transaction of ctx, and returns
// the function that puts them back. Such triggers refuse what an application must not do, as to change an entry of a
// log; loading a whole database does it. Triggers that run after a statement, which keep an index, stay in force.
//
// If the transaction is rolled back, the triggers are as before.
func (d *DB) SuspendGuards(ctx context.Context) (resume func(context.Context) error, err error) {
	if !HasOpenTx(ctx) {
		return nil, errors.New("db: guards are suspended inside a transaction only")
	}
	suspend, resumeAll := []string{}, []string{}
	query := postgresGuards
	if d.dialect == SQLite {
		query = sqliteGuards
	}
	err = d.Query(ctx, query, nil, func(scan func(...any) error) error {
		var off, on string
		if err := scan(&off, &on); err != nil {
			return err
		}
		suspend, resumeAll = append(suspend, off), append(resumeAll, on)
		return nil
	})
	if err != nil {
		return nil, err
	}
	execAll := func(ctx context.Context, statements []string) error {
		for _, statement := range statements {
			if err := d.ExecSchema(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	}
	return func(ctx context.Context) error { return execAll(ctx, resumeAll) }, execAll(ctx, suspend)
}

// The statements that suspend and resume each guard. In pg_trigger, bit 1 of tgtype says BEFORE.
const (
	postgresGuards = `SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname),
		format('ALTER TABLE %s ENABLE %s TRIGGER %I', tgrelid::regclass,
			CASE tgenabled WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END, tgname)
		FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
		WHERE NOT tgisinternal AND tgtype & 2 = 2 AND tgenabled <> 'D' AND c.relnamespace = current_schema()::regnamespace
		ORDER BY 1`
	sqliteGuards = `SELECT 'DROP TRIGGER "' || name || '"', sql FROM sqlite_master
		WHERE type = 'trigger' AND upper(sql) LIKE 'CREATE TRIGGER % BEFORE %' ORDER BY name`
)
