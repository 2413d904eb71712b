package access

import (
	"context"
	"errors"
	"time"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/clock"
	"lyceum/platform/db"
)

// learnersTimeout bounds one statement for many learners.
const learnersTimeout = 5 * time.Second

// learner asks what a course is for an account.
type learner struct {
	userID string
	course *CallerCourse
	// found is nil if the course was deleted meanwhile.
	found *learnerRow
}

// learnerRow is what a course is for an account. completed are the ids of completed lessons, joined by
// commas; nil stands for none, and for a course without locks.
type learnerRow struct {
	enrolledAt *clock.Time
	progress   course.Progress
	completed  *string
}

// fillLearner fills what the course is for an account. It returns db.ErrNotFound if the course was deleted
// meanwhile. PostgreSQL is asked about all learners that come at the same time in one statement.
func (s *Service) fillLearner(ctx context.Context, c *CallerCourse, userID string) error {
	if s.store.db.Dialect() != db.Postgres || db.HasOpenTx(ctx) {
		return s.store.fillLearner(ctx, c, userID)
	}
	l := &learner{userID: userID, course: c}
	err := s.learners.Do(l)
	if errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if err != nil {
		return s.store.fillLearner(ctx, c, userID) // the cause may be another learner
	}
	if l.found == nil {
		return db.ErrNotFound
	}
	c.EnrolledAt, c.Progress = l.found.enrolledAt, l.found.progress
	c.noteCompleted(l.found.completed)
	return nil
}

// fillLearners answers questions that have arrived together. It depends on none of their requests.
func (s *Service) fillLearners(learners []*learner) error {
	ctx, cancel := context.WithTimeout(context.Background(), learnersTimeout)
	defer cancel()
	return s.store.fillLearners(ctx, learners)
}
