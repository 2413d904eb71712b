package audit

import (
	"context"

	"lyceum/platform/ids"
)

// position is the end of a page: the number of its last entry.
type position struct{ Seq int64 }

// listEntries returns at most limit entries that match the filter, the newest first: those before a
// position, or from the newest on for nil.
func (s *Service) listEntries(ctx context.Context, f entryFilter, after *position, limit int) ([]entry, error) {
	if !f.isSatisfiable() {
		return []entry{}, nil
	}
	var before int64
	if after != nil {
		before = after.Seq
	}
	return s.store.list(ctx, f, before, limit)
}

// isSatisfiable reports whether an entry can match the filter. An actor that is not an id has no
// entries, and PostgreSQL would refuse to compare it.
func (f entryFilter) isSatisfiable() bool { return f.ActorID == "" || ids.IsValid(f.ActorID) }
