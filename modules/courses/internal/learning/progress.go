package learning

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/course"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/telemetry"
)

// lessonProgress is a row of lesson_progress: how far a learner is in a lesson.
type lessonProgress struct {
	UserID          string
	LessonID        string
	CourseID        string
	Percent         int
	PositionSeconds int
	CompletedAt     *clock.Time
	UpdatedAt       clock.Time
}

// TableName returns the name of the table of lesson progress.
func (lessonProgress) TableName() string { return "lesson_progress" }

// getProgress returns a course and the caller's progress in the lessons that they have begun, in
// the course's order. It returns the errors of FindCourse for a course that the caller may not
// read.
func (s *Service) getProgress(
	ctx context.Context, courseID string,
) (*access.CallerCourse, []lessonProgress, error) {
	c, err := s.access.FindCourseByID(ctx, courseID)
	if err != nil {
		return nil, nil, err
	}
	lessons, err := s.store.listProgress(ctx, identity.CallerFrom(ctx).UserID, c.ID)
	return c, lessons, err
}

// listStarted returns one page of the courses in which the caller has progress and which they may
// read, the latest activity first.
func (s *Service) listStarted(
	ctx context.Context, after *course.PagePosition, limit int,
) ([]course.ListedCourse, error) {
	return s.store.listStarted(ctx, identity.CallerFrom(ctx), after, limit)
}

// report is a learner's report of how far they are in a lesson.
type report struct {
	Percent int
	// PositionSeconds is where the learner has stopped in a video; nil keeps the last position.
	PositionSeconds *int
	// IsReset lets the percentage fall and the completion end.
	IsReset bool
}

// apply returns the row after the report. Without a reset, the percentage never falls. It is the
// rule; store.writeReports repeats it in SQL for reports without a reset. TestReportApply tests this
// form, TestWriteReportsFollowsApply compares the other one with it, and TestCoursesMatchModel holds both
// to one model.
func (r report) apply(before lessonProgress) lessonProgress {
	after := before
	if r.Percent > before.Percent || r.IsReset {
		after.Percent = r.Percent
	}
	if r.PositionSeconds != nil {
		after.PositionSeconds = *r.PositionSeconds
	}
	if r.IsReset && after.Percent < 100 {
		after.CompletedAt = nil
	}
	return after
}

// changes returns whether the report would change the row.
func (r report) changes(before *lessonProgress) bool {
	after := r.apply(*before)
	return after.Percent != before.Percent || after.PositionSeconds != before.PositionSeconds ||
		(after.CompletedAt == nil) != (before.CompletedAt == nil)
}

// reportProgress writes how far the caller is in a lesson and returns the row that is stored then.
// Its PositionSeconds may be missing: writeReports doesn't read it, and no answer to a report shows
// it. It returns the errors of FindOpenLesson for a lesson that is not open to the caller. This is
// how a report is written, on every database:
//
//  1. Find the lesson, which must be open to the caller.
//  2. End here if the report changes nothing: a report that is sent twice writes once.
//  3. Share the course with other reports. Changes of its lessons wait until the transaction ends, so
//     that sums and completions are those of the lessons that exist.
//  4. Enroll a caller who is not enrolled, with the exceptions of enrollByReport.
//  5. Hold the learner's sums, so that reports of one learner in one course follow each other.
//  6. Write the lesson's row and add the difference to the sums.
//  7. At 100 percent, publish the completion of the course if it was the last lesson.
//
// Most reports come from an enrolled learner who has begun the course, and reset nothing.
// PostgreSQL does steps 1 to 6 of those in one statement for all that arrive together,
// store.writeReports, in which step 4 has nothing to do. Every other report takes the steps one by
// one, and so do all reports on SQLite: 1 and 2 here, 3 to 7 in writeReportInSteps.
func (s *Service) reportProgress(
	ctx context.Context, courseID, lessonID string, r report,
) (*lessonProgress, error) {
	if s.db.Dialect() == db.Postgres && !r.IsReset && ids.IsValid(courseID) && ids.IsValid(lessonID) {
		p, err := s.writeTogether(ctx, courseID, lessonID, r)
		if p != nil || err != nil {
			return p, err
		}
	}
	c, l, err := s.access.FindOpenLesson(ctx, courseID, lessonID) // step 1
	if err != nil {
		return nil, err
	}
	userID := identity.CallerFrom(ctx).UserID
	before, err := s.store.findProgress(ctx, userID, l)
	if err != nil {
		return nil, err
	}
	if before.isStored() && !r.changes(before) { // step 2
		return before, nil
	}
	var after *lessonProgress
	err = s.db.InTx(ctx, func(ctx context.Context) error { // steps 3 to 7
		after, err = s.writeReportInSteps(ctx, c.ID, l.ID, r)
		return err
	})
	return after, err
}

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
		cause: telemetry.CauseOf(ctx),
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
func (s *Service) writeBatch(reports []*learnerReport) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), togetherTimeout)
	defer cancel()
	ctx, span := telemetry.StartGroup(ctx, "write reports", reports,
		func(r *learnerReport) telemetry.Cause { return r.cause })
	defer func() { telemetry.EndSpan(span, err) }()
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

// writeReportInSteps does steps 3 to 7 of reportProgress in the transaction of ctx. It repeats
// steps 1 and 2 once the rows are its own, as everything may have changed in the meantime.
func (s *Service) writeReportInSteps(
	ctx context.Context, courseID, lessonID string, r report,
) (*lessonProgress, error) {
	userID, now := identity.CallerFrom(ctx).UserID, s.clock.Now()
	if err := s.store.shareCourse(ctx, courseID); err != nil { // step 3
		return nil, err
	}
	c, l, err := s.access.FindOpenLesson(ctx, courseID, lessonID) // step 1 again
	if err != nil {
		return nil, err
	}
	if err := s.enrollByReport(ctx, c, userID); err != nil { // step 4
		return nil, err
	}
	if err := s.store.holdSums(ctx, userID, c.ID, now); err != nil { // step 5
		return nil, err
	}
	before, err := s.store.findProgress(ctx, userID, l)
	if err != nil {
		return nil, err
	}
	if before.isStored() && !r.changes(before) { // step 2 again
		return before, nil
	}
	after := r.apply(*before)
	after.UpdatedAt = now
	if after.Percent == 100 && after.CompletedAt == nil {
		after.CompletedAt = &now
	}
	if err := s.store.saveProgress(ctx, before, &after); err != nil { // step 6
		return nil, err
	}
	if after.Percent == 100 { // step 7
		err = s.publishCompletions(ctx, c.ID, userID)
	}
	return &after, err
}

// isStored returns whether the row exists; the row of a lesson that was not begun is the zero
// value.
func (p *lessonProgress) isStored() bool { return p.UpdatedAt != clock.Time{} }

// completedCount returns 1 for a completed lesson and 0 for any other.
func (p *lessonProgress) completedCount() int {
	if p.CompletedAt != nil {
		return 1
	}
	return 0
}
