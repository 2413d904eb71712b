package learning

import "context"

// Recompute corrects the stored counts and sums of all courses from their rows, course by course,
// and publishes completions that were missed. It returns how many counts and sums were wrong. It
// may run beside a serving process.
func (s *Service) Recompute(ctx context.Context) (repaired int64, err error) {
	for after := ""; ; {
		courseIDs, err := s.store.listCourseIDsAfter(ctx, after, rowsAtOnce)
		if err != nil || len(courseIDs) == 0 {
			return repaired, err
		}
		for _, id := range courseIDs {
			n, err := s.recomputeCourse(ctx, id)
			if err != nil {
				return repaired, err
			}
			repaired += n
		}
		after = courseIDs[len(courseIDs)-1]
	}
}

// recomputeCourse is Recompute for one course, in the trash or not.
func (s *Service) recomputeCourse(ctx context.Context, courseID string) (repaired int64, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		// Holding the course keeps out reports in it in the meantime.
		if _, err := s.access.HoldCourse(ctx, courseID); err != nil {
			return err
		}
		if repaired, err = s.store.recompute(ctx, courseID); err != nil {
			return err
		}
		if repaired > 0 {
			s.access.DropOutline(ctx, courseID)
		}
		return s.PublishCompletions(ctx, courseID)
	})
	return repaired, err
}
