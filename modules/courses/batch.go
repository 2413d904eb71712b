package courses

import (
	"context"
	"slices"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/text"
)

// Statuses of a row in a batch.
const (
	rowCreated = "created"
	rowExists  = "exists"
	rowError   = "error"
	rowSkipped = "skipped"
)

// batch is an order to enroll many. Atomic means all or none; DryRun only tells what would happen.
type batch struct {
	Emails []string
	Atomic bool
	DryRun bool
}

// batchRow is what became of one row. UserID is the account, if there is one.
type batchRow struct {
	Email, Status, Error, UserID string
}

// enrollAll enrolls accounts by address, whatever the course's visibility, and gives one row for each in order.
// A row that was enrolled before exists, so that sending a batch again does nothing.
func (s *Service) enrollAll(ctx context.Context, courseID string, b batch) (rows []batchRow, err error) {
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
		if skipped := skipRest(rows, b.Atomic); skipped || b.DryRun {
			return nil
		}
		return s.enrollRows(ctx, c.ID, rows)
	})
	return rows, err
}

// skipRest makes an atomic batch with an error one that does nothing, and says so.
func skipRest(rows []batchRow, atomic bool) bool {
	if !atomic || !slices.ContainsFunc(rows, func(r batchRow) bool { return r.Status == rowError }) {
		return false
	}
	for i := range rows {
		if rows[i].Status == rowCreated {
			rows[i].Status = rowSkipped
		}
	}
	return true
}

// judge says what is to become of each row.
func (s *Service) judge(ctx context.Context, courseID string, emails []string) ([]batchRow, error) {
	rows, addresses := make([]batchRow, len(emails)), make([]string, len(emails))
	for i, email := range emails {
		rows[i] = batchRow{Email: email, Status: rowCreated}
		address, err := text.Email(email)
		if err != nil {
			rows[i].Status, rows[i].Error = rowError, "invalid-email"
		}
		addresses[i] = address
	}
	accounts, err := s.accounts.ByEmails(ctx, slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return a == "" }))
	if err != nil {
		return nil, err
	}
	return rows, s.judgeAccounts(ctx, courseID, rows, addresses, accounts)
}

func (s *Service) judgeAccounts(ctx context.Context, courseID string, rows []batchRow, addresses []string, accounts map[string]usersapi.Account) error {
	ids := make([]string, 0, len(accounts))
	for _, a := range accounts {
		ids = append(ids, a.ID)
	}
	enrolled, err := s.store.enrolledOf(ctx, courseID, ids)
	if err != nil {
		return err
	}
	for i := range rows {
		if rows[i].Status == rowError {
			continue
		}
		a, known := accounts[addresses[i]]
		switch {
		case !known:
			rows[i].Status, rows[i].Error = rowError, "no-account"
		case enrolled[a.ID]:
			rows[i].Status = rowExists
		}
		rows[i].UserID = a.ID
		enrolled[a.ID] = true // an address twice in one batch is there by then
	}
	return nil
}

// enrollRows writes the rows that are to be created. One that enrolled by itself this moment exists.
func (s *Service) enrollRows(ctx context.Context, courseID string, rows []batchRow) error {
	var users []string
	for _, r := range rows {
		if r.Status == rowCreated {
			users = append(users, r.UserID)
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
		if rows[i].Status == rowCreated && !news[rows[i].UserID] {
			rows[i].Status = rowExists
		}
	}
	return nil
}
