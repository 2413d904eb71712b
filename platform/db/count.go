package db

import (
	"context"
	"sync/atomic"

	"gorm.io/gorm"
)

type countKey struct{}

// Count gives a context under which statements are counted, so that tests can hold a route to a number of queries.
func Count(ctx context.Context) (context.Context, *atomic.Int64) {
	n := &atomic.Int64{}
	return context.WithValue(ctx, countKey{}, n), n
}

func counted(ctx context.Context) {
	if n, ok := ctx.Value(countKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}

func countQueries(g *gorm.DB) error {
	count := func(tx *gorm.DB) {
		counted(tx.Statement.Context)
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
