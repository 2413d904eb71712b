package courses

import (
	"context"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/auth"
)

// report is one write of progress.
type report struct {
	Percent         int
	PositionSeconds *int
	Reset           bool
}

// reportProgress writes how far the caller is in a lesson. The same report again changes nothing;
// percent never falls but by a reset. Progress of one learner in one course is written one at a
// time, so that its sums are true whatever comes at once.
func (s *Service) reportProgress(ctx context.Context, courseID, lessonID string, r report) (p *lessonProgress, err error) {
	c, err := s.findID(ctx, courseID)
	if err != nil {
		return nil, err
	}
	l, err := s.lessonIn(ctx, c.ID, lessonID)
	if err != nil {
		return nil, err
	}
	caller := auth.CallerFrom(ctx)
	if before, err := s.store.progress(ctx, caller.UserID, l.ID); err != nil || before != nil && !r.changes(before) {
		return before, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		p, err = s.writeProgress(ctx, c, l, caller.UserID, r)
		return err
	})
	return p, err
}

// next is the row after the report.
func (r report) next(before lessonProgress) lessonProgress {
	after := before
	if r.Percent > before.Percent || r.Reset {
		after.Percent = r.Percent
	}
	if r.PositionSeconds != nil {
		after.PositionSeconds = *r.PositionSeconds
	}
	if r.Reset && after.Percent < 100 {
		after.CompletedAt = nil
	}
	return after
}

func (r report) changes(before *lessonProgress) bool {
	after := r.next(*before)
	return after.Percent != before.Percent || after.PositionSeconds != before.PositionSeconds || (after.CompletedAt == nil) != (before.CompletedAt == nil)
}

func (s *Service) writeProgress(ctx context.Context, c *course, l *lesson, userID string, r report) (*lessonProgress, error) {
	now := s.clock.Now()
	if err := s.ensureEnrolled(ctx, c, userID); err != nil {
		return nil, err
	}
	if err := s.store.lockSums(ctx, userID, c.ID, now); err != nil {
		return nil, err
	}
	// Read again under the lock: another tab may have written meanwhile, or the lesson be gone.
	if _, err := s.lessonIn(ctx, c.ID, l.ID); err != nil {
		return nil, err
	}
	before, err := s.store.progress(ctx, userID, l.ID)
	if err != nil {
		return nil, err
	}
	if before == nil {
		before = &lessonProgress{UserID: userID, LessonID: l.ID, CourseID: c.ID}
	} else if !r.changes(before) {
		return before, nil
	}
	after := r.next(*before)
	after.UpdatedAt = now
	if after.Percent == 100 && after.CompletedAt == nil {
		after.CompletedAt = &now
	}
	if err := s.store.saveProgress(ctx, &after, after.Percent-before.Percent, done(&after)-done(before)); err != nil {
		return nil, err
	}
	if after.Percent == 100 {
		err = s.tellCompleted(ctx, c.ID)
	}
	return &after, err
}

func done(p *lessonProgress) int {
	if p.CompletedAt != nil {
		return 1
	}
	return 0
}

// ensureEnrolled enrolls whoever begins to learn.
func (s *Service) ensureEnrolled(ctx context.Context, c *course, userID string) error {
	enrolled, err := s.store.enrolled(ctx, userID, c.ID)
	if err != nil || enrolled {
		return err
	}
	if c.Status == archived {
		return nil // owner or administrator: they may read it, and nobody is enrolled any more
	}
	_, err = s.enroll(ctx, c.ID, userID)
	return err
}

// enroll adds an enrollment in the caller's transaction and says whether it is new.
func (s *Service) enroll(ctx context.Context, courseID, userID string) (bool, error) {
	created, err := s.store.enroll(ctx, userID, courseID, s.clock.Now())
	if err != nil || !created {
		return false, err
	}
	return true, s.tellEnrollment(ctx, "enrollment.created", courseID, userID, true)
}

func (s *Service) tellEnrollment(ctx context.Context, action, courseID, userID string, enrolled bool) error {
	err := s.events.Publish(ctx, auditapi.Entry{Action: action, TargetType: "enrollment", TargetID: courseID, Data: map[string]any{"course_id": courseID, "user_id": userID}})
	if err != nil {
		return err
	}
	return s.events.Publish(ctx, coursesapi.EnrollmentChanged{CourseID: courseID, UserID: userID, Enrolled: enrolled})
}

// selfEnroll enrolls the caller in a course that he may read.
func (s *Service) selfEnroll(ctx context.Context, courseID string) (c *course, created bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if c, err = s.findID(ctx, courseID); err != nil {
			return err
		}
		caller := auth.CallerFrom(ctx)
		enrolled, err := s.store.enrolled(ctx, caller.UserID, c.ID)
		if err != nil || enrolled {
			return err
		}
		if c.Status == archived {
			return errArchived
		}
		created, err = s.enroll(ctx, c.ID, caller.UserID)
		return err
	})
	return c, created, err
}

// selfUnenroll ends the caller's enrollment and keeps his progress; without one nothing happens.
func (s *Service) selfUnenroll(ctx context.Context, courseID string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.findID(ctx, courseID)
		if err != nil {
			return err
		}
		user := auth.CallerFrom(ctx).UserID
		if ended, err := s.store.unenroll(ctx, user, c.ID); err != nil || !ended {
			return err
		}
		return s.tellEnrollment(ctx, "enrollment.deleted", c.ID, user, false)
	})
}
