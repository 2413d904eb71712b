package invites

import (
	"context"
	"slices"

	"lyceum/platform/bulk"
	"lyceum/platform/ids"
)

// batch is a request to invite many addresses, each by a code of its own.
type batch struct {
	grant
	Emails []string
	// Atomic says that a row with an error keeps all rows from being written.
	Atomic bool
	// DryRun says that nothing is written: the result is what would happen.
	DryRun bool
}

// createBatch creates an invite for each address and returns one row for each, in their order. A
// row exists if its address has an open invite to the same role and courses that lasts as long: the
// same batch sent again changes nothing. batchID is "" if nothing was created.
func (s *Service) createBatch(ctx context.Context, b batch) (batchID string, rows []bulk.Row, err error) {
	titles, err := s.validateGrant(ctx, &b.grant)
	if err != nil {
		return "", nil, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		batchID = "" // of an attempt before
		if err := s.requireAdmin(ctx); err != nil {
			return err
		}
		if err := s.store.lockBatches(ctx); err != nil {
			return err
		}
		if rows, err = s.planRows(ctx, b); err != nil {
			return err
		}
		if bulk.SkipIfFailed(rows, b.Atomic) || b.DryRun || !slices.ContainsFunc(rows, isToBeCreated) {
			return nil
		}
		batchID = ids.New()
		return s.storeInvites(ctx, titles, s.newBatchInvites(ctx, b, batchID, rows)...)
	})
	return batchID, rows, err
}

// planRows returns what is to happen to each row.
func (s *Service) planRows(ctx context.Context, b batch) ([]bulk.Row, error) {
	rows := bulk.NewRows(b.Emails)
	openInvites, err := s.store.findOpen(ctx, bulk.ListAddresses(rows), b.grant, s.clock.Now())
	if err != nil {
		return nil, err
	}
	for n := range rows {
		r := &rows[n]
		if r.Status == bulk.Failed {
			continue
		}
		if id, exists := openInvites[r.Address]; exists {
			r.Status, r.ID = bulk.Exists, id
		}
		openInvites[r.Address] = r.ID // a second row of the address exists
	}
	return rows, nil
}

// isToBeCreated reports whether an invite is to be created for a row.
func isToBeCreated(r bulk.Row) bool { return r.Status == bulk.Created }

// newBatchInvites returns the new invites of a batch and writes their ids into all rows of their
// addresses.
func (s *Service) newBatchInvites(ctx context.Context, b batch, batchID string, rows []bulk.Row) []createdInvite {
	now, idByAddress := s.clock.Now(), map[string]string{}
	var created []createdInvite
	for n := range rows {
		r := &rows[n]
		if isToBeCreated(*r) {
			c := s.newInvite(ctx, b.grant, now)
			c.Email, c.BatchID = &r.Address, &batchID
			r.ID, idByAddress[r.Address] = c.ID, c.ID
			created = append(created, c)
		}
		if r.Status == bulk.Exists && r.ID == "" {
			r.ID = idByAddress[r.Address]
		}
	}
	return created
}
