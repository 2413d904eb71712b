package learning

import (
	"context"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/bulk"
)

// batch is a request to enroll the accounts of many addresses.
type batch struct {
	Emails []string
	// IsAtomic enrolls nobody if one row has an error.
	IsAtomic bool
	// IsDryRun enrolls nobody and only returns what would happen.
	IsDryRun bool
}

// enrollBatch enrolls accounts in a course that the caller manages, also accounts that may not read
// the course before. It returns one row for each address, in their order. An account that is
// enrolled already has the status exists, so that a batch that is sent again does nothing.
func (s *Service) enrollBatch(ctx context.Context, courseID string, b batch) (rows []bulk.Row, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.access.HoldManagedCourse(ctx, courseID)
		if err != nil {
			return err
		}
		if c.Status == course.Archived {
			return course.ErrCourseArchived
		}
		if rows, err = s.planRows(ctx, c.ID, b.Emails); err != nil {
			return err
		}
		if isSkipped := bulk.SkipIfFailed(rows, b.IsAtomic); isSkipped || b.IsDryRun {
			return nil
		}
		return s.enrollRows(ctx, c.ID, rows)
	})
	return rows, err
}

// planRows returns a row for each address with what is to become of it.
func (s *Service) planRows(ctx context.Context, courseID string, emails []string) ([]bulk.Row, error) {
	rows := bulk.NewRows(emails)
	accounts, err := s.accounts.ByEmails(ctx, bulk.ListAddresses(rows))
	if err != nil {
		return nil, err
	}
	isEnrolled, err := s.store.filterEnrolled(ctx, courseID, idsOf(accounts))
	if err != nil {
		return nil, err
	}
	for i := range rows {
		row := &rows[i]
		if row.Status == bulk.Failed {
			continue
		}
		account, isKnown := accounts[row.Address]
		switch {
		case !isKnown:
			row.MarkFailed("no-account")
		case isEnrolled[account.ID]:
			row.Status = bulk.Exists
		}
		row.ID = account.ID
		// A later row with the same address exists by then. The account of an unknown address has
		// the id "", which no other account has.
		isEnrolled[account.ID] = true
	}
	return rows, nil
}

// idsOf returns the ids of accounts.
func idsOf(accounts map[string]usersapi.Account) []string {
	userIDs := make([]string, 0, len(accounts))
	for _, a := range accounts {
		userIDs = append(userIDs, a.ID)
	}
	return userIDs
}

// enrollRows enrolls the accounts of the rows that are to be created. An account that has enrolled
// itself in the meantime gets the status exists.
func (s *Service) enrollRows(ctx context.Context, courseID string, rows []bulk.Row) error {
	var userIDs []string
	for _, row := range rows {
		if row.Status == bulk.Created {
			userIDs = append(userIDs, row.ID)
		}
	}
	enrolled, err := s.Enroll(ctx, courseID, userIDs...)
	if err != nil {
		return err
	}
	isNew := map[string]bool{}
	for _, id := range enrolled {
		isNew[id] = true
	}
	for i := range rows {
		if rows[i].Status == bulk.Created && !isNew[rows[i].ID] {
			rows[i].Status = bulk.Exists
		}
	}
	return nil
}
