package db

import (
	"context"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
)

// maxAttempts is how often a transaction is tried when the database ends it in favor of another one.
const maxAttempts = 3

type txKey struct{}

// tx is an open transaction, or a savepoint in one, with the work that surrounds its commit.
type tx struct {
	gorm *gorm.DB
	// root is the transaction of a savepoint, and the transaction itself otherwise.
	root *tx
	// release gives the turn of a writer back (SQLite). Only the root has it.
	release func()
	ended   atomic.Bool

	beforeCommit []func(context.Context) error
	afterCommit  []func()
	values       map[any]any
}

// txFrom returns the transaction in ctx, or the one that a Deferral holds open for ctx, or nil.
func txFrom(ctx context.Context) *tx {
	if t, ok := ctx.Value(txKey{}).(*tx); ok {
		return t
	}
	if f := deferralFrom(ctx); f != nil {
		return f.open.Load()
	}
	return nil
}

func withTx(ctx context.Context, t *tx) context.Context { return context.WithValue(ctx, txKey{}, t) }

// InTransaction reports whether a statement with ctx runs in a transaction that is still open.
func InTransaction(ctx context.Context) bool {
	t := txFrom(ctx)
	return t != nil && !t.root.ended.Load()
}

// WithoutTx returns a context outside the transaction of ctx, for work that must be kept even if the transaction is
// rolled back.
func WithoutTx(ctx context.Context) context.Context {
	return withTx(withDeferral(ctx, nil), nil)
}

// InTx runs fn in a transaction and commits it, or rolls it back if fn returns an error.
//
// Inside another transaction it uses a savepoint: what fn did is undone when fn fails, and the outer transaction may
// go on. The outermost transaction is tried again after a deadlock or a serialization failure, so fn runs up to three
// times and must reset the variables that it sets.
//
// If ctx belongs to a Deferral, InTx returns without an error while the transaction is still open.
func (d *DB) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if outer := txFrom(ctx); outer != nil {
		return inSavepoint(ctx, outer, fn)
	}
	run := d.runTx
	if f := deferralFrom(ctx); f != nil {
		run = f.runTx
	}
	var err error
	for attempt := range maxAttempts {
		if err = run(ctx, fn); err == nil || !IsRetryable(err) || ctx.Err() != nil {
			return err
		}
		time.Sleep(time.Duration(attempt+1) * 5 * time.Millisecond)
	}
	return err
}

// runTx runs fn in a transaction of its own, once.
func (d *DB) runTx(ctx context.Context, fn func(context.Context) error) error {
	t, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer t.rollback()
	if err := fn(withTx(ctx, t)); err != nil {
		return err
	}
	return t.commit(ctx)
}

// begin opens a transaction. On SQLite it waits for its turn, as long as ctx lets it. The database rolls the
// transaction back when ctx ends.
func (d *DB) begin(ctx context.Context) (*tx, error) {
	release := func() {}
	if d.writer != nil {
		select {
		case d.writer <- struct{}{}:
			release = func() { <-d.writer }
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	g := d.gorm.WithContext(ctx).Begin()
	if g.Error != nil {
		release()
		return nil, g.Error
	}
	t := &tx{gorm: g, release: release, values: map[any]any{}}
	t.root = t
	return t, nil
}

// commit runs the functions of BeforeCommit, commits, and runs those of AfterCommit.
func (t *tx) commit(ctx context.Context) error {
	inTx := withTx(ctx, t)
	// A function may add others: the audit log writes last, after the entries of all others.
	for i := 0; i < len(t.beforeCommit); i++ {
		if err := t.beforeCommit[i](inTx); err != nil {
			return err
		}
	}
	err := t.gorm.Commit().Error
	t.end()
	if err != nil {
		return err
	}
	for _, run := range t.afterCommit {
		run()
	}
	return nil
}

// rollback undoes the transaction. It does nothing after commit.
func (t *tx) rollback() {
	if !t.ended.Load() {
		t.gorm.Rollback()
		t.end()
	}
}

func (t *tx) end() {
	t.ended.Store(true)
	t.release()
}

// inSavepoint runs fn in a savepoint of outer. If fn fails, the functions that it gave to BeforeCommit and AfterCommit
// go with its changes.
func inSavepoint(ctx context.Context, outer *tx, fn func(context.Context) error) error {
	inner := &tx{root: outer.root, beforeCommit: outer.beforeCommit, afterCommit: outer.afterCommit, values: outer.values}
	before, after := len(outer.beforeCommit), len(outer.afterCommit)
	err := outer.gorm.WithContext(ctx).Transaction(func(g *gorm.DB) error {
		inner.gorm = g
		return fn(withTx(ctx, inner))
	})
	if err != nil {
		outer.beforeCommit, outer.afterCommit = outer.beforeCommit[:before], outer.afterCommit[:after]
		return err
	}
	outer.beforeCommit, outer.afterCommit = inner.beforeCommit, inner.afterCommit
	return nil
}

// BeforeCommit runs fn at the end of the outermost transaction, inside it. An error rolls everything back. It panics
// outside a transaction.
func BeforeCommit(ctx context.Context, fn func(context.Context) error) {
	t := mustTx(ctx)
	t.beforeCommit = append(t.beforeCommit, fn)
}

// AfterCommit runs fn when the outermost transaction is committed, or at once outside a transaction. The caller of
// InTx waits for fn and fn can't fail, so it should only wake up others that do the work.
func AfterCommit(ctx context.Context, fn func()) {
	t := txFrom(ctx)
	if t == nil {
		fn()
		return
	}
	t.afterCommit = append(t.afterCommit, fn)
}

// TxValue returns the value that the transaction keeps under key, and whether this call created it. Savepoints share
// values with their transaction. It panics outside a transaction.
func TxValue[V any](ctx context.Context, key any, create func() V) (value V, created bool) {
	t := mustTx(ctx)
	if v, ok := t.values[key]; ok {
		return v.(V), false
	}
	value = create()
	t.values[key] = value
	return value, true
}

// mustTx returns the transaction in ctx. It panics without one: the call is a mistake in the program.
func mustTx(ctx context.Context) *tx {
	t := txFrom(ctx)
	if t == nil {
		panic("db: called outside a transaction")
	}
	return t
}
