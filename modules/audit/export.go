package audit

import (
	"context"
	"slices"
	"time"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/ids"
)

// Bounds of an export: how many entries are in memory at once, and how long the database may take
// for them.
const (
	exportPage = 1000
	exportTime = 30 * time.Second
)

// beginExport records the export in the log and returns the number of the last entry that belongs
// to it: the one before the record. It returns 0 for a filter that no entry can match.
func (s *Service) beginExport(ctx context.Context, f entryFilter, format string) (last int64, err error) {
	err = s.store.db.InTx(ctx, func(ctx context.Context) error {
		h, newest, err := s.store.lockHead(ctx)
		if err != nil {
			return err
		}
		last = max(h.Seq, newest)
		data := f.auditData()
		data["format"] = format
		return s.recordEntry(ctx, auditapi.Entry{Action: "audit.exported", TargetType: "audit_log", Data: data})
	})
	if !f.isSatisfiable() {
		last = 0
	}
	return last, err
}

// auditData returns what the entry of an export has of its filter: the names of its fields, and the
// values of those that are well-formed. Other values may be any text.
func (f entryFilter) auditData() map[string]any {
	data, names := map[string]any{}, []string{}
	for name, given := range map[string]bool{
		"action": f.Action != "", "actor_id": f.ActorID != "", "target_type": f.TargetType != "",
		"target_id": f.TargetID != "", "from": f.From != nil, "to": f.To != nil,
	} {
		if given {
			names = append(names, name)
		}
	}
	if slices.Sort(names); len(names) > 0 {
		data["filters"] = names
	}
	if f.TargetType != "" {
		data["target_type"] = f.TargetType
	}
	if f.From != nil {
		data["from"] = f.From.String()
	}
	if f.To != nil {
		data["to"] = f.To.String()
	}
	for name, id := range map[string]string{"actor_id": f.ActorID, "target_id": f.TargetID} {
		if ids.IsValid(id) {
			data[name] = id
		}
	}
	if isActionName(f.Action) {
		data["action"] = f.Action
	}
	return data
}

// isActionName reports whether a text has the form of an action.
func isActionName(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && r != '.' && r != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 50
}

// exportEntries calls fn with pages of the entries up to last, the oldest first.
func (s *Service) exportEntries(ctx context.Context, f entryFilter, last int64, fn func([]entry) error) error {
	for seq := int64(0); seq < last; {
		page, err := s.readExportPage(ctx, f, seq, last)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := fn(page); err != nil {
			return err
		}
		seq = page[len(page)-1].Seq
	}
	return nil
}

// readExportPage returns the next page of an export after an entry.
func (s *Service) readExportPage(ctx context.Context, f entryFilter, after, last int64) (page []entry, err error) {
	ctx, cancel := context.WithTimeout(ctx, exportTime)
	defer cancel()
	err = s.store.forEachBetween(ctx, f, after, last, exportPage, func(e *entry) error {
		page = append(page, *e)
		return nil
	})
	return page, err
}
