package learning

import (
	"context"
	"slices"

	"lyceum/modules/courses/internal/access"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// lessonRef names a lesson of a course.
type lessonRef struct{ courseID, lessonID string }

// writeReport does steps 1 to 6 of Service.reportProgress in one statement of PostgreSQL, and
// returns the row, without its PositionSeconds, and whether the report has written it. Rows are
// held in the order of the steps. The parts of the statement are:
//
//	seen     the lesson with the learner's row, if it is open to a learner who is enrolled; and
//	         whether the report changes the row
//	held     the course, shared with other reports
//	sums     the learner's sums, held
//	written  the row
//	summed   the sums, changed by what the row has gained
//
// gained and finished are columns of lesson_progress only so that written can return them to
// summed: RETURNING knows the row after the report, not the one before. Nothing else reads them,
// and they mean nothing afterwards; writeReportInSteps leaves them as they are.
//
// It returns errNeedsSteps if the learner is not enrolled, has no sums yet, or the lesson is not
// open: then nothing was written. It must not be used for a reset. The rule for the row is
// report.apply.
func (s *store) writeReport(
	ctx context.Context, caller identity.Caller, lesson lessonRef, r report, now clock.Time,
) (p *lessonProgress, isWritten bool, err error) {
	readable, unlocked := access.ReadableEnrolled(caller), access.Unlocked(caller, now)
	var completedAt *clock.Time
	if r.Percent == 100 {
		completedAt = &now
	}
	seenArgs := []any{r.Percent, r.PositionSeconds, lesson.courseID, lesson.lessonID, caller.UserID}
	writtenArgs := []any{
		caller.UserID, caller.UserID, lesson.lessonID, r.Percent, r.PositionSeconds, completedAt, now,
		r.Percent, r.Percent, r.PositionSeconds,
	}
	p = &lessonProgress{UserID: caller.UserID, LessonID: lesson.lessonID, CourseID: lesson.courseID}
	err = s.db.QueryRow(ctx, `WITH seen AS (
			SELECT c.id AS course_id, lp.percent, lp.completed_at, lp.updated_at,
				lp.percent IS NULL OR lp.percent < CAST(? AS integer) OR COALESCE(lp.position_seconds <> CAST(? AS integer), FALSE) AS changes
			FROM courses c JOIN lessons l ON l.course_id = c.id JOIN enrollments e ON e.course_id = c.id
			LEFT JOIN lesson_progress lp ON lp.user_id = e.user_id AND lp.lesson_id = l.id
			WHERE c.id = ? AND l.id = ? AND e.user_id = ? AND `+readable.SQL+` AND `+unlocked.SQL+`
		), held AS (
			SELECT c.id FROM courses c JOIN seen ON seen.course_id = c.id WHERE seen.changes AND c.deleted_at IS NULL FOR KEY SHARE OF c
		), sums AS (
			SELECT p.user_id FROM course_progress p JOIN held ON held.id = p.course_id WHERE p.user_id = ? FOR UPDATE OF p
		), written AS (
			INSERT INTO lesson_progress AS lp (user_id, lesson_id, course_id, percent, position_seconds, completed_at, updated_at, gained, finished)
			SELECT CAST(? AS uuid), CAST(? AS uuid), held.id, CAST(? AS integer), COALESCE(CAST(? AS integer), 0), CAST(? AS bigint), CAST(? AS bigint),
				CAST(? AS integer), CASE WHEN CAST(? AS integer) = 100 THEN 1 ELSE 0 END
			FROM held JOIN sums ON TRUE
			ON CONFLICT (user_id, lesson_id) DO UPDATE SET gained = GREATEST(lp.percent, excluded.percent) - lp.percent,
				finished = CASE WHEN lp.completed_at IS NULL THEN excluded.finished ELSE 0 END,
				percent = GREATEST(lp.percent, excluded.percent), completed_at = COALESCE(lp.completed_at, excluded.completed_at),
				position_seconds = COALESCE(CAST(? AS integer), lp.position_seconds), updated_at = excluded.updated_at
			RETURNING lp.user_id, lp.course_id, lp.percent, lp.completed_at, lp.updated_at, lp.gained, lp.finished
		), summed AS (
			UPDATE course_progress p SET percent_sum = p.percent_sum + w.gained, completed_lessons = p.completed_lessons + w.finished, last_activity_at = w.updated_at
			FROM written w WHERE p.user_id = w.user_id AND p.course_id = w.course_id
		)
		SELECT COALESCE(w.percent, seen.percent), CASE WHEN w.percent IS NULL THEN seen.completed_at ELSE w.completed_at END, COALESCE(w.updated_at, seen.updated_at),
			w.percent IS NOT NULL
		FROM seen LEFT JOIN written w ON TRUE WHERE w.percent IS NOT NULL OR NOT seen.changes`,
		slices.Concat(seenArgs, readable.Args, unlocked.Args, writtenArgs),
		&p.Percent, &p.CompletedAt, &p.UpdatedAt, &isWritten)
	if db.IsNotFound(err) {
		return nil, false, errNeedsSteps
	}
	return p, isWritten, err
}
