package db

import (
	"context"
	"fmt"
	"time"
)

// Rows are removed in groups, with a pause in which others get their turn.
const (
	removedAtOnce = 1000
	removalPause  = 20 * time.Millisecond
)

// RemoveRows deletes the rows of a table that meet a condition, with ? for its arguments, and returns how many
// there were. The table has a primary key "id". Each group of rows is a transaction of its own, so that a large
// removal keeps nobody waiting, and rows that somebody has locked are left for the next time. Replicas may call
// it together. It must not be called inside a transaction.
func (d *DB) RemoveRows(ctx context.Context, table, condition string, args ...any) (removed int64, err error) {
	statement := fmt.Sprintf("DELETE FROM %s WHERE id IN (SELECT id FROM %s WHERE %s ORDER BY id LIMIT %d%s)",
		table, table, condition, removedAtOnce, d.SkipLocked())
	for {
		var n int64
		err := d.InTx(ctx, func(ctx context.Context) (err error) {
			n, err = d.Exec(ctx, statement, args...)
			return err
		})
		removed += n
		if err != nil || n < removedAtOnce {
			return removed, err
		}
		select {
		case <-ctx.Done():
			return removed, ctx.Err()
		case <-time.After(removalPause):
		}
	}
}
