package invites

import (
	"context"
	"encoding/json"
	"slices"

	"lyceum/platform/bulk"
	"lyceum/platform/ids"
)

// batch is an order to invite many, each address by a code of its own. Atomic means all or none; DryRun only tells
// what would happen.
type batch struct {
	grant
	Emails []string
	Atomic bool
	DryRun bool
}

// inviteAll makes an invite for each address and gives one row for each in order. An address that has an open invite to
// the same role and courses, which lasts as long, exists: sending a batch again does nothing. The id is empty when nothing was made.
func (s *Service) inviteAll(ctx context.Context, b batch) (batchID string, rows []bulk.Row, err error) {
	titles, err := s.check(ctx, &b.grant)
	if err != nil {
		return "", nil, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		batchID = ""
		if err := s.mayGrant(ctx); err != nil {
			return err
		}
		if err := s.store.lockBatches(ctx); err != nil {
			return err
		}
		if rows, err = s.judge(ctx, b); err != nil {
			return err
		}
		if bulk.SkipIfFailed(rows, b.Atomic) || b.DryRun || !slices.ContainsFunc(rows, isNew) {
			return nil
		}
		batchID = ids.New()
		return s.keep(ctx, titles, s.inviteRows(ctx, b, batchID, rows)...)
	})
	return batchID, rows, err
}

// judge says what is to become of each row.
func (s *Service) judge(ctx context.Context, b batch) ([]bulk.Row, error) {
	rows := bulk.NewRows(b.Emails)
	courses, _ := json.Marshal(b.CourseIDs) // a list of strings
	open, err := s.store.openFor(ctx, bulk.ListAddresses(rows), b.Role, string(courses), b.ExpiresAt, s.clock.Now())
	if err != nil {
		return nil, err
	}
	for n := range rows {
		r := &rows[n]
		if r.Status == bulk.Failed {
			continue
		}
		if id, known := open[r.Address]; known {
			r.Status, r.ID = bulk.Exists, id
		}
		open[r.Address] = r.ID // an address twice in one batch is there by then
	}
	return rows, nil
}

func isNew(r bulk.Row) bool { return r.Status == bulk.Created }

// inviteRows drafts the invites of new rows and names them in the rows of their addresses.
func (s *Service) inviteRows(ctx context.Context, b batch, batchID string, rows []bulk.Row) []made {
	now, byAddress := s.clock.Now(), map[string]string{}
	var out []made
	for n := range rows {
		r := &rows[n]
		if isNew(*r) {
			m := s.draft(ctx, b.grant, now)
			m.Email, m.BatchID = &r.Address, &batchID
			r.ID, byAddress[r.Address] = m.ID, m.ID
			out = append(out, m)
		}
		if r.Status == bulk.Exists && r.ID == "" {
			r.ID = byAddress[r.Address]
		}
	}
	return out
}
