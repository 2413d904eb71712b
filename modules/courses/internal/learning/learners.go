package learning

import (
	"context"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
)

// learner is an account that is enrolled in a course, with its progress there.
type learner struct {
	UserID     string
	EnrolledAt clock.Time
	Progress   course.Progress `gorm:"embedded"`
}

// findManagedCourse returns a course whose learners the caller may see: those who may change the
// course. It returns the errors of access.Service.FindManagedCourse.
func (s *Service) findManagedCourse(ctx context.Context, courseID string) (*course.Course, error) {
	return s.access.FindManagedCourse(ctx, courseID)
}

// listLearners returns one page of the learners of a course, the earliest enrollment first. The
// calling function has checked, by findManagedCourse, that the caller of ctx may see them.
func (s *Service) listLearners(
	ctx context.Context, courseID string, after *course.PagePosition, limit int,
) ([]learner, error) {
	return s.store.listLearners(ctx, courseID, after, limit)
}

// listAccounts returns the accounts of learners by id. Deleted accounts are left out.
func (s *Service) listAccounts(ctx context.Context, page []learner) (map[string]usersapi.Account, error) {
	userIDs := make([]string, len(page))
	for i, l := range page {
		userIDs[i] = l.UserID
	}
	return s.accounts.ByIDs(ctx, userIDs)
}

// eachLearner calls fn for every learner of a course, the earliest enrollment first. The account is
// the zero value if it was deleted.
func (s *Service) eachLearner(
	ctx context.Context, courseID string, fn func(learner, usersapi.Account) error,
) error {
	var after *course.PagePosition
	for {
		page, err := s.store.listLearners(ctx, courseID, after, rowsAtOnce)
		if err != nil || len(page) == 0 {
			return err
		}
		accounts, err := s.listAccounts(ctx, page)
		if err != nil {
			return err
		}
		for _, l := range page {
			if err := fn(l, accounts[l.UserID]); err != nil {
				return err
			}
		}
		last := page[len(page)-1]
		after = &course.PagePosition{At: last.EnrolledAt, ID: last.UserID}
	}
}
