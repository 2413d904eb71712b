package db

import (
	"context"
	"sync/atomic"
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
