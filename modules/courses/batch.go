package courses

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/bulk"
)

// batch is an order to enroll many. Atomic means all or none; DryRun only tells what would happen.
type batch struct {
	Emails []string
	Atomic bool
	DryRun bool
}

// enrollAll enrolls accounts by address, whatever the course's visibility, and gives one row for each in order.
// A row that was enrolled before exists, so that sending a batch again does nothing.
func (s *Service) enrollAll(ctx context.Context, courseID string, b batch) (rows []bulk.Row, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.manage(ctx, courseID)
		if err != nil {
			return err
		}
		if c.Status == archived {
			return errArchived
		}
		if rows, err = s.judge(ctx, c.ID, b.Emails); err != nil {
			return err
		}
		if skipped := bulk.SkipIfFailed(rows, b.Atomic); skipped || b.DryRun {
			return nil
		}
		return s.enrollRows(ctx, c.ID, rows)
	})
	return rows, err
}

// judge says what is to become of each row.
func (s *Service) judge(ctx context.Context, courseID string, emails []string) ([]bulk.Row, error) {
	rows := bulk.NewRows(emails)
	accounts, err := s.accounts.ByEmails(ctx, bulk.ListAddresses(rows))
	if err != nil {
		return nil, err
	}
	return rows, s.judgeAccounts(ctx, courseID, rows, accounts)
}

func (s *Service) judgeAccounts(ctx context.Context, courseID string, rows []bulk.Row, accounts map[string]usersapi.Account) error {
	ids := make([]string, 0, len(accounts))
	for _, a := range accounts {
		ids = append(ids, a.ID)
	}
	enrolled, err := s.store.enrolledOf(ctx, courseID, ids)
	if err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		if r.Status == bulk.Failed {
			continue
		}
		a, known := accounts[r.Address]
		switch {
		case !known:
			r.MarkFailed("no-account")
		case enrolled[a.ID]:
			r.Status = bulk.Exists
		}
		r.ID = a.ID
		enrolled[a.ID] = true // an address twice in one batch is there by then
	}
	return nil
}

// enrollRows writes the rows that are to be created. One that enrolled by itself this moment exists.
func (s *Service) enrollRows(ctx context.Context, courseID string, rows []bulk.Row) error {
	var users []string
	for _, r := range rows {
		if r.Status == bulk.Created {
			users = append(users, r.ID)
		}
	}
	created, err := s.enroll(ctx, courseID, users...)
	if err != nil {
		return err
	}
	news := map[string]bool{}
	for _, id := range created {
		news[id] = true
	}
	for i := range rows {
		if rows[i].Status == bulk.Created && !news[rows[i].ID] {
			rows[i].Status = bulk.Exists
		}
	}
	return nil
}
