package audit

import (
	"context"

	"lyceum/platform/ids"
)

// position is where a page of the log ends: the number of its last entry.
type position struct{ Seq int64 }

// listEntries returns one page of the entries that f lets through, the newest first: those before the position, or the
// newest of all for nil. An actor that is not an id matches no entry.
func (s *Service) listEntries(ctx context.Context, f filter, after *position, limit int) ([]entry, error) {
	if !f.isSatisfiable() {
		return nil, nil
	}
	var before int64
	if after != nil {
		before = after.Seq
	}
	return s.store.list(ctx, f, before, limit)
}

// isSatisfiable returns whether any entry can match f. An actor that is not an id names no account, and PostgreSQL
// would refuse to compare it.
func (f filter) isSatisfiable() bool { return f.ActorID == "" || ids.IsValid(f.ActorID) }
