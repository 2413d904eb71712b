package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

type txKey struct{}

// tx is the transaction in a context with what has to happen around its commit.
type tx struct {
	gorm   *gorm.DB
	depth  int
	before []func(context.Context) error
	after  []func()
	keys   map[any]any
}

func txOf(ctx context.Context) *tx {
	t, _ := ctx.Value(txKey{}).(*tx)
	return t
}

// InTransaction says whether ctx carries a transaction.
func InTransaction(ctx context.Context) bool { return txOf(ctx) != nil }

// Detach gives a context outside the transaction, for what must be kept though the transaction
// is rolled back.
func Detach(ctx context.Context) context.Context {
	return context.WithValue(ctx, txKey{}, (*tx)(nil))
}

// InTx runs fn in a transaction. Inside another one it becomes a savepoint of it. A deadlock or
// a serialization failure of the outermost one is tried again, so fn may run up to three times.
func (d *DB) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if outer := txOf(ctx); outer != nil {
		return d.nested(ctx, outer, fn)
	}
	if d.writer != nil {
		select {
		case d.writer <- struct{}{}:
			defer func() { <-d.writer }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	var err error
	for attempt := range 3 {
		var after []func()
		if after, err = d.once(ctx, fn); err == nil {
			for _, f := range after {
				f()
			}
			return nil
		}
		if !isRetryable(err) || ctx.Err() != nil {
			return err
		}
		time.Sleep(time.Duration(attempt+1) * 5 * time.Millisecond)
	}
	return err
}

func (d *DB) once(ctx context.Context, fn func(context.Context) error) (after []func(), err error) {
	err = d.gorm.WithContext(ctx).Transaction(func(g *gorm.DB) error {
		t := &tx{gorm: g, keys: map[any]any{}}
		ctx := context.WithValue(ctx, txKey{}, t)
		if err := fn(ctx); err != nil {
			return err
		}
		// A hook may add hooks: the audit log writes last, whoever spoke before.
		for i := 0; i < len(t.before); i++ {
			if err := t.before[i](ctx); err != nil {
				return err
			}
		}
		after = t.after
		return nil
	})
	return after, err
}

// nested is a savepoint: when fn fails, what it did and what it wanted done around the commit go.
func (d *DB) nested(ctx context.Context, outer *tx, fn func(context.Context) error) error {
	before, after := len(outer.before), len(outer.after)
	err := outer.gorm.WithContext(ctx).Transaction(func(g *gorm.DB) error {
		inner := &tx{gorm: g, depth: outer.depth + 1, before: outer.before, after: outer.after, keys: outer.keys}
		if err := fn(context.WithValue(ctx, txKey{}, inner)); err != nil {
			return err
		}
		outer.before, outer.after = inner.before, inner.after
		return nil
	})
	if err != nil {
		outer.before, outer.after = outer.before[:before], outer.after[:after]
	}
	return err
}

// BeforeCommit runs fn at the end of the outermost transaction, in it; an error rolls all back.
// It panics outside a transaction, as that is a programmer's mistake.
func BeforeCommit(ctx context.Context, fn func(context.Context) error) {
	t := mustTx(ctx)
	t.before = append(t.before, fn)
}

// AfterCommit runs fn once the outermost transaction is committed; outside one, at once. It must
// be quick and can't fail: it wakes, it does not work.
func AfterCommit(ctx context.Context, fn func()) {
	t := txOf(ctx)
	if t == nil {
		fn()
		return
	}
	t.after = append(t.after, fn)
}

func mustTx(ctx context.Context) *tx {
	t := txOf(ctx)
	if t == nil {
		panic(fmt.Sprintf("db: %s", "needs a transaction"))
	}
	return t
}

// Keep gives the value that this transaction keeps under key, making it the first time; fresh says
// that it was made now. Savepoints share it with their transaction.
func Keep[V any](ctx context.Context, key any, make func() V) (value V, fresh bool) {
	t := mustTx(ctx)
	if v, ok := t.keys[key]; ok {
		return v.(V), false
	}
	value = make()
	t.keys[key] = value
	return value, true
}
