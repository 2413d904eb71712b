package db

import (
	"context"
	"sync/atomic"
)

// Deferral holds the commit of a request back until its answer is known, so that both become durable together:
//
//	ctx, deferral := d.DeferCommit(ctx)
//	handler(ctx)                    // its first InTx opens the transaction and leaves it open
//	deferral.Commit(storeAnswer)
//	deferral.End()                  // undoes what was not committed
//
// Whatever the handler does before its first InTx (hashing a password, unpacking a file) runs outside the
// transaction. Everything after it, reads included, runs inside. One goroutine uses a Deferral at a time.
type Deferral struct {
	db *DB
	// ctx is the context of the whole request. The transaction must not end with a context that the handler derived.
	ctx context.Context
	// begun is set while a transaction runs or is open; open is the transaction once its function has returned.
	begun atomic.Bool
	open  atomic.Pointer[tx]
	ended atomic.Bool
}

type deferralKey struct{}

// DeferCommit returns a context whose first transaction stays open, and the Deferral that commits it. The caller must
// call End.
func (d *DB) DeferCommit(ctx context.Context) (context.Context, *Deferral) {
	f := &Deferral{db: d, ctx: ctx}
	return withDeferral(ctx, f), f
}

func withDeferral(ctx context.Context, f *Deferral) context.Context {
	return context.WithValue(ctx, deferralKey{}, f)
}

func deferralFrom(ctx context.Context) *Deferral {
	f, _ := ctx.Value(deferralKey{}).(*Deferral)
	if f == nil || f.ended.Load() {
		return nil
	}
	return f
}

// HasBegun reports whether a transaction runs, or is open and waits for Commit.
func (f *Deferral) HasBegun() bool { return f.begun.Load() }

// runTx runs fn in a new transaction and leaves it open if fn succeeds.
func (f *Deferral) runTx(ctx context.Context, fn func(context.Context) error) error {
	t, err := f.db.begin(f.ctx)
	if err != nil {
		return err
	}
	f.begun.Store(true)
	keepOpen := false
	defer func() {
		if !keepOpen {
			t.rollback()
			f.begun.Store(false)
		}
	}()
	if err := fn(withTx(ctx, t)); err != nil {
		return err
	}
	keepOpen = true
	f.open.Store(t)
	return nil
}

// Commit runs addAnswer in the open transaction, then the functions of BeforeCommit, and commits. If no transaction was
// opened, addAnswer runs in one of its own; a nil addAnswer does nothing.
//
// If Commit returns an error, nothing of the request has been changed and the handler may run again, unless the
// connection was lost during the commit: then only the database knows. A client that repeats its request with the same
// Idempotency-Key gets the answer if the commit has happened.
func (f *Deferral) Commit(addAnswer func(ctx context.Context) error) error {
	t := f.open.Swap(nil)
	switch {
	case t == nil && addAnswer == nil:
		return nil
	case t == nil:
		return f.db.InTx(f.ctx, addAnswer)
	}
	defer f.begun.Store(false)
	defer t.rollback()
	if addAnswer != nil {
		if err := addAnswer(withTx(f.ctx, t)); err != nil {
			return err
		}
	}
	return t.commit(f.ctx)
}

// End undoes the open transaction, if there is one. Later transactions of the request, such as those of work that goes
// on after the answer, commit by themselves.
func (f *Deferral) End() {
	f.ended.Store(true)
	if t := f.open.Swap(nil); t != nil {
		t.rollback()
	}
}
