package courses

import (
	"context"

	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// progressIn returns a course and the caller's progress in the lessons that they have begun, in the course's order. It
// returns what findID returns for a course that the caller may not read.
func (s *Service) progressIn(ctx context.Context, courseID string) (*sight, []lessonProgress, error) {
	v, err := s.findID(ctx, courseID)
	if err != nil {
		return nil, nil, err
	}
	lessons, err := s.store.progressIn(ctx, identity.CallerFrom(ctx).UserID, v.ID)
	return v, lessons, err
}

// listStarted returns one page of the courses in which the caller has progress and which they may read, the latest
// activity first.
func (s *Service) listStarted(ctx context.Context, after *position, limit int) ([]listed, error) {
	return s.store.started(ctx, identity.CallerFrom(ctx), after, limit)
}

// percentOf returns the floor of the lessons' mean: 100 only when all are complete, 0 without lessons.
func percentOf(sum, lessons int) int {
	if lessons == 0 {
		return 0
	}
	return min(sum/lessons, 100)
}

// report is one write of progress.
type report struct {
	Percent         int
	PositionSeconds *int
	Reset           bool
}

// reportProgress writes how far the caller is in a lesson. The same report again changes nothing;
// percent never falls but by a reset. Most reports are one statement on PostgreSQL; what that one can't
// do is done step by step.
func (s *Service) reportProgress(ctx context.Context, courseID, lessonID string, r report) (p *lessonProgress, err error) {
	if !r.Reset && s.db.Dialect() == db.Postgres && ids.IsValid(courseID) && ids.IsValid(lessonID) {
		if p, err = s.quickReport(ctx, courseID, lessonID, r); err != nil || p != nil {
			return p, err
		}
	}
	v, l, err := s.openLesson(ctx, courseID, lessonID)
	if err != nil {
		return nil, err
	}
	user := identity.CallerFrom(ctx).UserID
	if before, err := s.store.progress(ctx, user, l.ID); err != nil || before != nil && !r.changes(before) {
		return before, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		p, err = s.writeProgress(ctx, v.ID, l.ID, user, r)
		return err
	})
	return p, err
}

// quickReport writes a report by one statement, and by one more where it may complete the course; nil where
// that can't be.
func (s *Service) quickReport(ctx context.Context, courseID, lessonID string, r report) (p *lessonProgress, err error) {
	caller, now := identity.CallerFrom(ctx), s.clock.Now()
	if r.Percent < 100 {
		p, _, err = s.store.quickReport(ctx, caller, courseID, lessonID, r, now)
	} else {
		err = s.db.InTx(ctx, func(ctx context.Context) (err error) {
			var written bool
			if p, written, err = s.store.quickReport(ctx, caller, courseID, lessonID, r, now); err != nil || !written {
				return err
			}
			return s.tellCompleted(ctx, courseID, caller.UserID)
		})
	}
	if db.IsMissingReference(err) {
		return nil, nil // the lesson has gone this moment
	}
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

// writeProgress writes a report in the caller's transaction. It shares the course with other reports, and
// holds up whoever changes its lessons: what they add up to and who is done would not be true else.
func (s *Service) writeProgress(ctx context.Context, courseID, lessonID, userID string, r report) (*lessonProgress, error) {
	now := s.clock.Now()
	if err := s.store.shareCourse(ctx, courseID); err != nil {
		return nil, err
	}
	// Looked at again, as all may have changed meanwhile.
	v, l, err := s.openLesson(ctx, courseID, lessonID)
	if err != nil {
		return nil, err
	}
	if err := s.enrollByReport(ctx, v, userID); err != nil {
		return nil, err
	}
	if err := s.store.lockSums(ctx, userID, v.ID, now); err != nil {
		return nil, err
	}
	before, err := s.store.progress(ctx, userID, l.ID)
	if err != nil {
		return nil, err
	}
	if before == nil {
		before = &lessonProgress{UserID: userID, LessonID: l.ID, CourseID: v.ID}
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
		err = s.tellCompleted(ctx, v.ID, userID)
	}
	return &after, err
}

// enrollByReport enrolls an account that reports progress for the first time. Managers of the course try it without
// becoming its learners, and an account that was taken out stays out until it is enrolled again.
func (s *Service) enrollByReport(ctx context.Context, v *sight, userID string) error {
	if v.EnrolledAt != nil || manages(v.course, identity.CallerFrom(ctx)) {
		return nil
	}
	if out, err := s.store.takenOut(ctx, userID, v.ID); err != nil || out {
		return err
	}
	_, err := s.enroll(ctx, v.ID, userID)
	return err
}

func done(p *lessonProgress) int {
	if p.CompletedAt != nil {
		return 1
	}
	return 0
}

// tellCompleted tells of who has completed every lesson by now, once each: of one account, or of all when
// userID is empty. Its transaction holds the course.
func (s *Service) tellCompleted(ctx context.Context, courseID, userID string) error {
	users, err := s.store.newlyComplete(ctx, courseID, userID, s.clock.Now())
	if err != nil {
		return err
	}
	for _, u := range users {
		if err := s.events.Publish(ctx, coursesapi.CourseCompleted{CourseID: courseID, UserID: u}); err != nil {
			return err
		}
	}
	return nil
}
