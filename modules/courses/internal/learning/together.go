package learning

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// Bounds of one statement for many reports.
const (
	togetherTimeout = 5 * time.Second
	togetherMost    = 200
)

// writeTogether writes the caller's report with others that arrive at the same time, and returns the
// row that is stored then. It returns nil if the report needs the steps, which find out why:
//
//   - there is no such course or lesson, the caller may not read the course, or the lesson is locked,
//   - the caller is not enrolled: managers and removed learners always take the steps, unless they
//     enroll themselves,
//   - the learner has no sums yet: this is their first report in the course,
//   - another transaction holds the course or the learner's sums,
//   - the course was put into the trash, or a lesson deleted, while the statement ran.
//
// A report of 100 percent may complete the course. It is written alone, in a transaction with
// step 7.
func (s *Service) writeTogether(
	ctx context.Context, courseID, lessonID string, r report,
) (*lessonProgress, error) {
	own := &learnerReport{
		report: r, userID: identity.CallerFrom(ctx).UserID, courseID: courseID, lessonID: lessonID,
	}
	var err error
	if r.Percent < 100 {
		err = s.reports.Do(own)
	} else {
		err = s.db.InTx(ctx, func(ctx context.Context) error {
			err := s.store.writeReports(ctx, []*learnerReport{own}, s.clock.Now())
			if err != nil || !own.isWritten {
				return err
			}
			return s.publishCompletions(ctx, courseID, own.userID)
		})
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, err // the steps would wait as long
	}
	if err != nil {
		if db.ClassifyError(err) == nil && !db.IsMissingReference(err) {
			slog.ErrorContext(ctx, "reports can't be written together", "error", err)
		}
		return nil, nil //nolint:nilnil // another report may be the cause: the steps are alone
	}
	return own.after, nil
}

// writeBatch writes reports that have arrived together. It depends on none of their requests. A report
// about the same lesson as another one of its learner is written after it.
func (s *Service) writeBatch(reports []*learnerReport) error {
	ctx, cancel := context.WithTimeout(context.Background(), togetherTimeout)
	defer cancel()
	for len(reports) > 0 {
		now, later := splitRepeated(reports)
		for some := range slices.Chunk(now, togetherMost) {
			if err := s.store.writeReports(ctx, some, s.clock.Now()); err != nil {
				return err
			}
		}
		reports = later
	}
	return nil
}

// splitRepeated returns the first report about each lesson of each learner, and all others.
func splitRepeated(reports []*learnerReport) (first, repeated []*learnerReport) {
	type subject struct{ userID, lessonID string }
	known := make(map[subject]bool, len(reports))
	for _, r := range reports {
		about := subject{r.userID, r.lessonID}
		if known[about] {
			repeated = append(repeated, r)
			continue
		}
		known[about] = true
		first = append(first, r)
	}
	return first, repeated
}
