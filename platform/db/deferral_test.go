package db_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
)

func TestDeferral(t *testing.T) {
	t.Run("the first transaction stays open until Commit", func(t *testing.T) {
		d := open(t)
		ctx, deferral := d.DeferCommit(t.Context())
		defer deferral.End()
		require.False(t, db.IsInTx(ctx))
		var order []string
		require.NoError(t, d.InTx(ctx, func(ctx context.Context) error {
			db.AfterCommit(ctx, func() { order = append(order, "after") })
			db.BeforeCommit(ctx, func(context.Context) error { order = append(order, "before"); return nil })
			return add(ctx, d, "a")
		}))
		require.True(t, deferral.HasBegun())
		require.True(t, db.HasOpenTx(ctx))
		require.Empty(t, names(t, d), "others do not see it")
		require.Empty(t, order)
		var seen []string
		require.NoError(t, d.Conn(ctx).Raw("SELECT name FROM things").Scan(&seen).Error)
		require.Equal(t, []string{"a"}, seen, "the request itself does")

		require.NoError(t, deferral.Commit(func(ctx context.Context) error {
			order = append(order, "last")
			return add(ctx, d, "answer")
		}))
		require.Equal(t, []string{"last", "before", "after"}, order)
		require.Equal(t, []string{"a", "answer"}, names(t, d))
	})
	t.Run("a second transaction is part of the first", func(t *testing.T) {
		d := open(t)
		ctx, deferral := d.DeferCommit(t.Context())
		defer deferral.End()
		require.NoError(t, d.InTx(ctx, func(ctx context.Context) error { return add(ctx, d, "a") }))
		refused := errors.New("refused")
		require.ErrorIs(t,
			d.InTx(ctx, func(ctx context.Context) error { return errors.Join(add(ctx, d, "b"), refused) }),
			refused)
		require.NoError(t, d.InTx(ctx, func(ctx context.Context) error { return add(ctx, d, "c") }))
		require.NoError(t, deferral.Commit(nil))
		require.Equal(t, []string{"a", "c"}, names(t, d))
	})
	t.Run("a transaction that fails leaves nothing open", func(t *testing.T) {
		d := open(t)
		ctx, deferral := d.DeferCommit(t.Context())
		defer deferral.End()
		refused := errors.New("refused")
		require.ErrorIs(t,
			d.InTx(ctx, func(ctx context.Context) error { return errors.Join(add(ctx, d, "a"), refused) }),
			refused)
		require.Panics(t, func() { _ = d.InTx(ctx, func(context.Context) error { panic("planted") }) })
		require.False(t, deferral.HasBegun())
		require.NoError(t, d.InTx(ctx, func(ctx context.Context) error { return add(ctx, d, "b") }))
		require.NoError(t, deferral.Commit(nil))
		require.Equal(t, []string{"b"}, names(t, d))
	})
}

func TestEndOfADeferral(t *testing.T) {
	t.Run("it outlives a context that the handler derived", func(t *testing.T) {
		d := open(t)
		ctx, deferral := d.DeferCommit(t.Context())
		defer deferral.End()
		derived, cancel := context.WithCancel(ctx)
		require.NoError(t, d.InTx(derived, func(ctx context.Context) error { return add(ctx, d, "a") }))
		cancel()
		require.NoError(t, deferral.Commit(nil))
		require.Equal(t, []string{"a"}, names(t, d))
	})
	t.Run("End undoes, and later work commits by itself", func(t *testing.T) {
		d := open(t)
		ctx, deferral := d.DeferCommit(t.Context())
		require.NoError(t, d.InTx(ctx, func(ctx context.Context) error { return add(ctx, d, "a") }))
		deferral.End()
		require.Empty(t, names(t, d))
		require.NoError(t, d.InTx(ctx, func(ctx context.Context) error { return add(ctx, d, "b") }))
		require.Equal(t, []string{"b"}, names(t, d))
	})
	t.Run("a failing last step undoes everything", func(t *testing.T) {
		d := open(t)
		ctx, deferral := d.DeferCommit(t.Context())
		defer deferral.End()
		require.NoError(t, d.InTx(ctx, func(ctx context.Context) error { return add(ctx, d, "a") }))
		require.Error(t, deferral.Commit(func(context.Context) error { return errors.New("no record, no change") }))
		require.Empty(t, names(t, d))
	})
	t.Run("without a transaction the last step has one of its own", func(t *testing.T) {
		d := open(t)
		_, deferral := d.DeferCommit(t.Context())
		defer deferral.End()
		require.NoError(t, deferral.Commit(nil))
		require.NoError(t, deferral.Commit(func(ctx context.Context) error {
			require.True(t, db.IsInTx(ctx))
			return add(ctx, d, "answer")
		}))
		require.Equal(t, []string{"answer"}, names(t, d))
	})
	t.Run("WithoutTx commits at once", func(t *testing.T) {
		d := open(t)
		ctx, deferral := d.DeferCommit(t.Context())
		require.NoError(t, d.InTx(db.WithoutTx(ctx), func(ctx context.Context) error { return add(ctx, d, "a") }))
		deferral.End()
		require.Equal(t, []string{"a"}, names(t, d))
	})
}

func TestRequireNoTx(t *testing.T) {
	d := open(t)
	ctx, deferral := d.DeferCommit(t.Context())
	defer deferral.End()
	require.NotPanics(t, func() { db.RequireNoTx(ctx, "redis: get") })
	require.NoError(t, d.InTx(ctx, func(ctx context.Context) error {
		require.PanicsWithValue(t, "db: redis: get inside a transaction", func() { db.RequireNoTx(ctx, "redis: get") })
		require.NotPanics(t, func() { db.RequireNoTx(db.WithoutTx(ctx), "redis: get") })
		after := ctx
		db.AfterCommit(ctx, func() { require.NotPanics(t, func() { db.RequireNoTx(after, "redis: get") }) })
		return nil
	}))
	require.Panics(t, func() { db.RequireNoTx(ctx, "redis: get") }, "the transaction is open until the answer")
	require.NoError(t, deferral.Commit(nil))
}

func TestOutsideATransaction(t *testing.T) {
	require.Panics(t, func() { db.BeforeCommit(t.Context(), func(context.Context) error { return nil }) })
	require.Panics(t, func() { db.TxValue(t.Context(), "key", func() int { return 1 }) })
	ran := false
	db.AfterCommit(t.Context(), func() { ran = true })
	require.True(t, ran, "there is nothing to wait for")
}

func TestTxValueIsSharedWithSavepoints(t *testing.T) {
	d := open(t)
	require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
		_, created := db.TxValue(ctx, "key", func() int { return 1 })
		require.True(t, created)
		return d.InTx(ctx, func(ctx context.Context) error {
			v, created := db.TxValue(ctx, "key", func() int { return 2 })
			require.False(t, created)
			require.Equal(t, 1, v)
			return nil
		})
	}))
}
