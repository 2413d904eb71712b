package invites

import (
	"context"
	"encoding/json"
	"slices"

	"lyceum/platform/ids"
	"lyceum/platform/text"
)

// Statuses of a row in a batch.
const (
	rowCreated = "created"
	rowExists  = "exists"
	rowError   = "error"
	rowSkipped = "skipped"
)

// batch is an order to invite many, each address by a code of its own. Atomic means all or none; DryRun only tells
// what would happen.
type batch struct {
	grant
	Emails []string
	Atomic bool
	DryRun bool
}

// batchRow is what became of one row. InviteID is the invite of its address, if there is one.
type batchRow struct {
	Email, Status, Error, InviteID string

	address string
}

// inviteAll makes an invite for each address and gives one row for each in order. An address that has an open invite to
// the same role and courses, which lasts as long, exists: sending a batch again does nothing. The id is empty when nothing was made.
func (s *Service) inviteAll(ctx context.Context, b batch) (batchID string, rows []batchRow, err error) {
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
		if skipRest(rows, b.Atomic) || b.DryRun || !slices.ContainsFunc(rows, isNew) {
			return nil
		}
		batchID = ids.New()
		return s.keep(ctx, titles, s.inviteRows(ctx, b, batchID, rows)...)
	})
	return batchID, rows, err
}

// judge says what is to become of each row.
func (s *Service) judge(ctx context.Context, b batch) ([]batchRow, error) {
	rows := make([]batchRow, len(b.Emails))
	var addresses []string
	for n, email := range b.Emails {
		address, err := text.Email(email)
		rows[n] = batchRow{Email: email, Status: rowCreated, address: address}
		if err != nil {
			rows[n].Status, rows[n].Error = rowError, "invalid-email"
			continue
		}
		addresses = append(addresses, address)
	}
	courses, _ := json.Marshal(b.CourseIDs) // a list of strings
	open, err := s.store.openFor(ctx, addresses, b.Role, string(courses), b.ExpiresAt, s.clock.Now())
	if err != nil {
		return nil, err
	}
	for n := range rows {
		r := &rows[n]
		if r.Status == rowError {
			continue
		}
		if id, known := open[r.address]; known {
			r.Status, r.InviteID = rowExists, id
		}
		open[r.address] = r.InviteID // an address twice in one batch is there by then
	}
	return rows, nil
}

func isNew(r batchRow) bool { return r.Status == rowCreated }

// skipRest makes an atomic batch with an error one that does nothing, and says so.
func skipRest(rows []batchRow, atomic bool) bool {
	if !atomic || !slices.ContainsFunc(rows, func(r batchRow) bool { return r.Status == rowError }) {
		return false
	}
	for n := range rows {
		if isNew(rows[n]) {
			rows[n].Status = rowSkipped
		}
	}
	return true
}

// inviteRows drafts the invites of new rows and names them in the rows of their addresses.
func (s *Service) inviteRows(ctx context.Context, b batch, batchID string, rows []batchRow) []made {
	now, byAddress := s.clock.Now(), map[string]string{}
	var out []made
	for n := range rows {
		r := &rows[n]
		if isNew(*r) {
			m := s.draft(ctx, b.grant, now)
			m.Email, m.BatchID = &r.address, &batchID
			r.InviteID, byAddress[r.address] = m.ID, m.ID
			out = append(out, m)
		}
		if r.Status == rowExists && r.InviteID == "" {
			r.InviteID = byAddress[r.address]
		}
	}
	return out
}
