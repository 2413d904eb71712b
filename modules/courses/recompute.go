package courses

import "context"

// Recompute makes stored counts and sums what the rows say, course by course, tells of completions that were
// missed, and says how many counts and sums were wrong. It works beside a serving process.
func (s *Service) Recompute(ctx context.Context) (repaired int64, err error) {
	for after := ""; ; {
		page, err := s.store.courseIDsAfter(ctx, after, csvPage)
		if err != nil || len(page) == 0 {
			return repaired, err
		}
		for _, id := range page {
			n, err := s.recompute(ctx, id)
			if err != nil {
				return repaired, err
			}
			repaired += n
		}
		after = page[len(page)-1]
	}
}

func (s *Service) recompute(ctx context.Context, courseID string) (n int64, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		// Nobody writes progress in the course meanwhile, in the trash or not.
		if _, err := s.store.lockAny(ctx, courseID); err != nil {
			return err
		}
		if n, err = s.store.recount(ctx, courseID); err != nil {
			return err
		}
		return s.tellCompleted(ctx, courseID, "")
	})
	return n, err
}
