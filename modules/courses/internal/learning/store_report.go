package learning

import (
	"context"

	"lyceum/modules/courses/internal/access"
	"lyceum/platform/clock"
	"lyceum/platform/telemetry"
)

// learnerReport is a report of an account about a lesson, and what writeReports has found out about it.
type learnerReport struct {
	report
	userID, courseID, lessonID string
	// cause is the request of the report.
	cause telemetry.Cause

	// after is the row that is stored now, without its PositionSeconds. It is nil if the report needs
	// the steps.
	after *lessonProgress
	// isWritten says that the report has changed the row.
	isWritten bool
}

// writeReportsQuery does steps 1 to 6 of Service.reportProgress for many reports. Rows are held in the
// order of the steps. Its parts are:
//
//	sent     the reports
//	seen     their lessons with the learners' rows, if they are open to learners who are enrolled; and
//	         whether the report changes the row
//	held     the courses, shared with other reports
//	sums     the learners' sums, held
//	changed  the rows that existed
//	added    the rows that did not
//	summed   the sums, changed by what the rows have gained
//
// gained and finished are columns of lesson_progress only so that changed can return them to
// summed: RETURNING knows the row after the report, not the one before. Nothing else reads them,
// and they mean nothing afterwards; writeReportInSteps leaves them as they are.
//
// Rows that another transaction holds are skipped. So one learner never makes others wait, and two
// batches can't wait for each other in a circle.
var writeReportsQuery = `WITH sent AS (
		SELECT n, CAST(user_id AS uuid) AS user_id, CAST(course_id AS uuid) AS course_id, CAST(lesson_id AS uuid) AS lesson_id, percent, position_seconds
		FROM unnest(CAST(? AS text[]), CAST(? AS text[]), CAST(? AS text[]), CAST(? AS integer[]), CAST(? AS integer[]))
			WITH ORDINALITY AS u(user_id, course_id, lesson_id, percent, position_seconds, n)
	), seen AS (
		SELECT s.*, lp.percent AS old_percent, lp.completed_at, lp.updated_at,
			lp.percent IS NULL OR lp.percent < s.percent OR COALESCE(lp.position_seconds <> s.position_seconds, FALSE) AS changes
		FROM sent s JOIN courses c ON c.id = s.course_id JOIN lessons l ON l.id = s.lesson_id AND l.course_id = s.course_id
		JOIN enrollments e ON e.user_id = s.user_id AND e.course_id = s.course_id
		LEFT JOIN lesson_progress lp ON lp.user_id = s.user_id AND lp.lesson_id = s.lesson_id
		WHERE ` + access.OpenToLearners(clock.Time{}).SQL + `
	), held AS (
		SELECT c.id FROM courses c WHERE c.id IN (SELECT course_id FROM seen WHERE changes) AND c.deleted_at IS NULL FOR KEY SHARE SKIP LOCKED
	), sums AS (
		SELECT p.user_id, p.course_id FROM course_progress p JOIN held ON held.id = p.course_id
		WHERE (p.user_id, p.course_id) IN (SELECT user_id, course_id FROM seen WHERE changes) FOR UPDATE OF p SKIP LOCKED
	), changed AS (
		UPDATE lesson_progress lp SET gained = GREATEST(lp.percent, s.percent) - lp.percent,
			finished = CASE WHEN lp.completed_at IS NULL AND s.percent = 100 THEN 1 ELSE 0 END,
			percent = GREATEST(lp.percent, s.percent), completed_at = COALESCE(lp.completed_at, CASE WHEN s.percent = 100 THEN CAST(? AS bigint) END),
			position_seconds = COALESCE(s.position_seconds, lp.position_seconds), updated_at = ?
		FROM seen s JOIN sums USING (user_id, course_id)
		WHERE s.changes AND lp.user_id = s.user_id AND lp.lesson_id = s.lesson_id
		RETURNING lp.user_id, lp.lesson_id, lp.course_id, lp.percent, lp.completed_at, lp.updated_at, lp.gained, lp.finished
	), added AS (
		INSERT INTO lesson_progress AS lp (user_id, lesson_id, course_id, percent, position_seconds, completed_at, updated_at, gained, finished)
		SELECT s.user_id, s.lesson_id, s.course_id, s.percent, COALESCE(s.position_seconds, 0), CASE WHEN s.percent = 100 THEN CAST(? AS bigint) END,
			CAST(? AS bigint), s.percent, CASE WHEN s.percent = 100 THEN 1 ELSE 0 END
		FROM seen s JOIN sums USING (user_id, course_id) WHERE s.old_percent IS NULL
		ON CONFLICT DO NOTHING
		RETURNING lp.user_id, lp.lesson_id, lp.course_id, lp.percent, lp.completed_at, lp.updated_at, lp.gained, lp.finished
	), written AS (
		SELECT * FROM changed UNION ALL SELECT * FROM added
	), summed AS (
		UPDATE course_progress p SET percent_sum = p.percent_sum + w.gained, completed_lessons = p.completed_lessons + w.finished, last_activity_at = ?
		FROM (SELECT user_id, course_id, sum(gained) AS gained, sum(finished) AS finished FROM written GROUP BY user_id, course_id) w
		WHERE p.user_id = w.user_id AND p.course_id = w.course_id
	)
	SELECT s.n, COALESCE(w.percent, s.old_percent), CASE WHEN w.percent IS NULL THEN s.completed_at ELSE w.completed_at END, COALESCE(w.updated_at, s.updated_at),
		w.percent IS NOT NULL
	FROM seen s LEFT JOIN written w ON w.user_id = s.user_id AND w.lesson_id = s.lesson_id WHERE w.percent IS NOT NULL OR NOT s.changes`

// writeReports does steps 1 to 6 of Service.reportProgress for many reports in one statement of
// PostgreSQL. No two of them may be about the same lesson of a learner, and none may be a reset. It
// leaves those without outcome that need the steps. If it returns an error, outcomes mean nothing. The
// rule for the rows is report.apply.
func (s *store) writeReports(ctx context.Context, reports []*learnerReport, now clock.Time) error {
	n := len(reports)
	users, courses, lessons := make([]string, n), make([]string, n), make([]string, n)
	percents, positions := make([]int, n), make([]*int, n)
	for i, r := range reports {
		users[i], courses[i], lessons[i] = r.userID, r.courseID, r.lessonID
		percents[i], positions[i] = r.Percent, r.PositionSeconds
		r.after, r.isWritten = nil, false
	}
	args := append([]any{users, courses, lessons, percents, positions}, access.OpenToLearners(now).Args...)
	args = append(args, now, now, now, now, now)
	return s.db.Query(ctx, writeReportsQuery, args, func(scan func(...any) error) error {
		var number int // counted from 1
		var isWritten bool
		p := &lessonProgress{}
		if err := scan(&number, &p.Percent, &p.CompletedAt, &p.UpdatedAt, &isWritten); err != nil {
			return err
		}
		r := reports[number-1]
		p.UserID, p.LessonID, p.CourseID = r.userID, r.lessonID, r.courseID
		r.after, r.isWritten = p, isWritten
		return nil
	})
}
