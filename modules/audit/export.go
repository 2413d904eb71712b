package audit

import (
	"context"
	"slices"
	"time"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/ids"
)

// Bounds of an export: how many entries are held at once, and how long the database may take for them.
const (
	exportPage = 1000
	exportTime = 30 * time.Second
)

// beginExport records that the caller takes a copy of the log, and returns the number of the last entry that belongs to
// the copy: the one before the record. It returns 0 for a filter that no entry can match.
func (s *Service) beginExport(ctx context.Context, f filter, format string) (last int64, err error) {
	err = s.store.db.InTx(ctx, func(ctx context.Context) error {
		h, newest, err := s.store.lockHead(ctx)
		if err != nil {
			return err
		}
		last = max(h.Seq, newest)
		data := f.said()
		data["format"] = format
		return s.append(ctx, auditapi.Entry{Action: "audit.exported", TargetType: "audit_log", Data: data})
	})
	if !f.isSatisfiable() {
		last = 0
	}
	return last, err
}

// said is what an entry may say of a filter: its fields, and the values of those that are well-formed, as anybody's text could stand in the rest.
func (f filter) said() map[string]any {
	data, names := map[string]any{}, []string{}
	for name, given := range map[string]bool{"action": f.Action != "", "actor_id": f.ActorID != "", "target_type": f.TargetType != "",
		"target_id": f.TargetID != "", "from": f.From != nil, "to": f.To != nil} {
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
	if isAction(f.Action) {
		data["action"] = f.Action
	}
	return data
}

func isAction(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && r != '.' && r != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 50
}

// export hands the entries up to last to fn in pages, the oldest first, for as long as there are some.
func (s *Service) export(ctx context.Context, f filter, last int64, fn func([]entry) error) error {
	for seq := int64(0); seq < last; {
		page, err := s.exportPage(ctx, f, seq, last)
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

func (s *Service) exportPage(ctx context.Context, f filter, after, last int64) (page []entry, err error) {
	ctx, cancel := context.WithTimeout(ctx, exportTime)
	defer cancel()
	err = s.store.each(ctx, f, after, last, exportPage, func(e *entry) error {
		page = append(page, *e)
		return nil
	})
	return page, err
}
