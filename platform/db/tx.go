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

// tx is an open transaction, or a savepoint in one.
type tx struct {
	db   *DB
	gorm *gorm.DB
	root *rootTx
}

// rootTx is what a transaction shares with its savepoints: the work that surrounds its commit.
type rootTx struct {
	// release gives the turn of a writer back (SQLite).
	release func()
	ended   atomic.Bool

	beforeCommit []func(context.Context) error
	afterCommit  []func()
	afterAttempt []func()
	values       map[any]any
}

// txFrom returns the transaction that statements with ctx join: the one in ctx, or the one that a Deferral holds open for
// ctx, or nil.
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

// IsInTx reports whether ctx is that of a function that InTx runs.
func IsInTx(ctx context.Context) bool {
	t, _ := ctx.Value(txKey{}).(*tx)
	return t != nil && !t.root.ended.Load()
}

// HasOpenTx reports whether statements with ctx join a transaction that is still open: that of InTx, or the one that a
// Deferral holds open. They see what is not committed yet, so nobody else may get it.
func HasOpenTx(ctx context.Context) bool {
	t := txFrom(ctx)
	return t != nil && !t.root.ended.Load()
}

// WithoutTx returns a context outside the transaction of ctx and outside its Deferral, for work that must be kept even if
// the transaction is rolled back. On SQLite such work must not write while the transaction is open: it would wait for
// its own turn.
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
	for attempt := 1; ; attempt++ {
		err := run(ctx, fn)
		if err == nil || !IsRetryable(err) || attempt == maxAttempts || ctx.Err() != nil {
			return err
		}
		time.Sleep(time.Duration(attempt) * 5 * time.Millisecond)
	}
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
	withoutPreparing(g)
	return &tx{db: d, gorm: g, root: &rootTx{release: release, values: map[any]any{}}}, nil
}

// withoutPreparing makes the statements of a GORM transaction go to the driver as they are. GORM would prepare each of them
// anew, and keep it until the end of the transaction: two more round trips on PostgreSQL, whose driver keeps statements
// itself, and memory for each on SQLite.
func withoutPreparing(g *gorm.DB) {
	if p, ok := g.Statement.ConnPool.(*gorm.PreparedStmtTX); ok {
		g.Statement.ConnPool = p.Tx
	}
}

// commit runs the functions of BeforeCommit, commits, and runs those of AfterCommit.
func (t *tx) commit(ctx context.Context) error {
	inTx := withTx(ctx, t)
	// A function may add others, which run after it.
	for i := 0; i < len(t.root.beforeCommit); i++ {
		if err := t.root.beforeCommit[i](inTx); err != nil {
			return err
		}
	}
	_, span := t.db.startSpan(ctx, "COMMIT")
	err := t.gorm.Commit().Error
	endStatement(span, err)
	t.end()
	for _, run := range t.root.afterAttempt {
		run()
	}
	if err != nil {
		return err
	}
	for _, run := range t.root.afterCommit {
		run()
	}
	return nil
}

// rollback undoes the transaction. It does nothing after commit.
func (t *tx) rollback() {
	if !t.root.ended.Load() {
		t.gorm.Rollback()
		t.end()
	}
}

func (t *tx) end() {
	t.root.ended.Store(true)
	t.root.release()
}

// inSavepoint runs fn in a savepoint of outer. If fn fails, the functions that were given to BeforeCommit and AfterCommit
// meanwhile go with its changes.
func inSavepoint(ctx context.Context, outer *tx, fn func(context.Context) error) error {
	root := outer.root
	before, after, attempt := len(root.beforeCommit), len(root.afterCommit), len(root.afterAttempt)
	err := outer.gorm.WithContext(ctx).Transaction(func(g *gorm.DB) error {
		return fn(withTx(ctx, &tx{db: outer.db, gorm: g, root: root}))
	})
	if err != nil {
		root.beforeCommit, root.afterCommit = root.beforeCommit[:before], root.afterCommit[:after]
		root.afterAttempt = root.afterAttempt[:attempt]
	}
	return err
}

// BeforeCommit runs fn at the end of the outermost transaction, inside it. An error rolls everything back. It panics
// outside a transaction. The context of fn is that of the commit: it has the request's values, but not those that were
// added between the beginning of the transaction and this call.
func BeforeCommit(ctx context.Context, fn func(context.Context) error) {
	root := mustTx(ctx).root
	root.beforeCommit = append(root.beforeCommit, fn)
}

// AfterCommit runs fn when the outermost transaction is committed, or at once if there is no open transaction. The caller
// of InTx waits for fn and fn can't fail, so it should only wake up others that do the work.
func AfterCommit(ctx context.Context, fn func()) {
	if !HasOpenTx(ctx) {
		fn()
		return
	}
	root := txFrom(ctx).root
	root.afterCommit = append(root.afterCommit, fn)
}

// AfterCommitAttempt is AfterCommit for hints, which may be given in vain: fn also runs if the commit returned an error.
// A commit that was cut off by its deadline or a lost connection may have succeeded, and who relies on the hint would
// not hear of the change.
func AfterCommitAttempt(ctx context.Context, fn func()) {
	if !HasOpenTx(ctx) {
		fn()
		return
	}
	root := txFrom(ctx).root
	root.afterAttempt = append(root.afterAttempt, fn)
}

// TxValue returns the value that the transaction keeps under key, and whether this call created it. Savepoints share
// values with their transaction, and a value stays when the savepoint that created it is rolled back, whereas the
// functions of BeforeCommit go. It panics outside a transaction.
func TxValue[V any](ctx context.Context, key any, create func() V) (value V, created bool) {
	root := mustTx(ctx).root
	if v, ok := root.values[key]; ok {
		return v.(V), false
	}
	value = create()
	root.values[key] = value
	return value, true
}

// mustTx returns the open transaction of ctx. It panics without one: the call is a mistake in the program.
func mustTx(ctx context.Context) *tx {
	if !HasOpenTx(ctx) {
		panic("db: called outside a transaction")
	}
	return txFrom(ctx)
}
