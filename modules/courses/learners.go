package courses

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
)

// learning is one learner of a course: who it is, and how far.
type learning struct {
	UserID     string
	EnrolledAt clock.Time
	Sums       sums `gorm:"embedded"`
}

// listLearners returns one page of the learners of a course, the earliest enrollment first. The caller must have been
// checked to manage the course.
func (s *Service) listLearners(ctx context.Context, courseID string, after *position, limit int) ([]learning, error) {
	return s.store.learning(ctx, courseID, after, limit)
}

// accountsOf returns the accounts of learners by id, without those that are deleted.
func (s *Service) accountsOf(ctx context.Context, page []learning) (map[string]usersapi.Account, error) {
	out := make([]string, len(page))
	for i, l := range page {
		out[i] = l.UserID
	}
	return s.accounts.ByIDs(ctx, out)
}

// csvPage is how many learners are read at once for CSV.
const csvPage = 500

// eachLearner hands over all learners of a course with their accounts, the earliest enrollment first.
func (s *Service) eachLearner(ctx context.Context, courseID string, fn func(learning, usersapi.Account) error) error {
	var after *position
	for {
		page, err := s.store.learning(ctx, courseID, after, csvPage)
		if err != nil || len(page) == 0 {
			return err
		}
		accounts, err := s.accountsOf(ctx, page)
		if err != nil {
			return err
		}
		for _, l := range page {
			if err := fn(l, accounts[l.UserID]); err != nil {
				return err
			}
		}
		last := page[len(page)-1]
		after = &position{At: last.EnrolledAt, ID: last.UserID}
	}
}
