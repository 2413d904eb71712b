package db

import (
	"context"
	"sync/atomic"

	"gorm.io/gorm"
)

type countKey struct{}

// CountStatements returns a context whose statements are counted, and their number so far. Tests hold
// routes to a number of statements with it. Opening and ending transactions do not count.
func CountStatements(ctx context.Context) (context.Context, *atomic.Int64) {
	n := &atomic.Int64{}
	return context.WithValue(ctx, countKey{}, n), n
}

// countStatement counts a statement with ctx, if ctx comes from CountStatements.
func countStatement(ctx context.Context) {
	if n, ok := ctx.Value(countKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}

// registerStatementCounter makes GORM count its statements.
func registerStatementCounter(g *gorm.DB) error {
	count := func(tx *gorm.DB) {
		countStatement(tx.Statement.Context)
	}
	cb := g.Callback()
	for _, register := range []func(string, func(*gorm.DB)) error{
		cb.Create().After("*").Register, cb.Query().After("*").Register, cb.Update().After("*").Register,
		cb.Delete().After("*").Register, cb.Row().After("*").Register, cb.Raw().After("*").Register,
	} {
		if err := register("lyceum:count", count); err != nil {
			return err
		}
	}
	return nil
}
