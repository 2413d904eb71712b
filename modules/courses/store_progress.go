package courses

import (
	"context"
	"slices"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

type lessonProgress struct {
	UserID          string
	LessonID        string
	CourseID        string
	Percent         int
	PositionSeconds int
	CompletedAt     *clock.Time
	UpdatedAt       clock.Time
}

// TableName of lesson progress.
func (lessonProgress) TableName() string { return "lesson_progress" }

func (s *store) progress(ctx context.Context, userID, lessonID string) (*lessonProgress, error) {
	p := &lessonProgress{}
	err := s.db.Conn(ctx).Where("user_id = ? AND lesson_id = ?", userID, lessonID).Take(p).Error
	if db.IsNotFound(err) {
		return nil, nil
	}
	return p, err
}

// progressIn lists what an account has begun in a course, in the course's order.
func (s *store) progressIn(ctx context.Context, userID, courseID string) (found []lessonProgress, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT lp.* FROM lesson_progress lp JOIN lessons l ON l.id = lp.lesson_id
		WHERE lp.user_id = ? AND lp.course_id = ? ORDER BY l.position`, userID, courseID).Scan(&found).Error
	return found, err
}

// completedAmong gives those of the lessons that an account has completed.
func (s *store) completedAmong(ctx context.Context, userID string, lessonIDs []string) (map[string]bool, error) {
	out := map[string]bool{}
	if len(lessonIDs) == 0 {
		return out, nil
	}
	var found []string
	err := s.db.Conn(ctx).Raw("SELECT lesson_id FROM lesson_progress WHERE user_id = ? AND completed_at IS NOT NULL AND lesson_id IN ?",
		userID, lessonIDs).Scan(&found).Error
	for _, id := range found {
		out[id] = true
	}
	return out, err
}

// lockSums makes the learner's sums if need be and holds them: progress of one learner in one
// course is written one at a time.
func (s *store) lockSums(ctx context.Context, userID, courseID string, now clock.Time) error {
	conn := s.db.Conn(ctx)
	err := conn.Exec(`INSERT INTO course_progress (user_id, course_id, percent_sum, completed_lessons, last_activity_at)
		VALUES (?, ?, 0, 0, ?) ON CONFLICT DO NOTHING`, userID, courseID, now).Error
	if err != nil {
		return err
	}
	var held string
	return conn.Raw("SELECT user_id FROM course_progress WHERE user_id = ? AND course_id = ?"+s.db.ForUpdate(), userID, courseID).Scan(&held).Error
}

// saveProgress writes a lesson's progress and moves the sums by the difference.
func (s *store) saveProgress(ctx context.Context, p *lessonProgress, percentBy, completedBy int) error {
	conn := s.db.Conn(ctx)
	err := conn.Exec(`INSERT INTO lesson_progress (user_id, lesson_id, course_id, percent, position_seconds, completed_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (user_id, lesson_id) DO UPDATE SET percent = excluded.percent, position_seconds = excluded.position_seconds,
			completed_at = excluded.completed_at, updated_at = excluded.updated_at`,
		p.UserID, p.LessonID, p.CourseID, p.Percent, p.PositionSeconds, p.CompletedAt, p.UpdatedAt).Error
	if err != nil {
		return err
	}
	return conn.Exec(`UPDATE course_progress SET percent_sum = percent_sum + ?, completed_lessons = completed_lessons + ?, last_activity_at = ?
		WHERE user_id = ? AND course_id = ?`, percentBy, completedBy, p.UpdatedAt, p.UserID, p.CourseID).Error
}

// newlyComplete marks and lists who has completed all lessons that there are now: one account, or all of the
// course when userID is empty.
func (s *store) newlyComplete(ctx context.Context, courseID, userID string, at clock.Time) (users []string, err error) {
	query := `UPDATE course_progress SET completed_at = ? WHERE course_id = ? AND completed_at IS NULL
		AND completed_lessons > 0 AND completed_lessons = (SELECT lesson_count FROM courses WHERE id = ?)`
	args := []any{at, courseID, courseID}
	if userID != "" {
		query, args = query+" AND user_id = ?", append(args, userID)
	}
	err = s.db.Conn(ctx).Raw(query+" RETURNING user_id", args...).Scan(&users).Error
	return users, err
}

// shareCourse holds off whoever changes the course or its lessons until the transaction ends, but no other report.
func (s *store) shareCourse(ctx context.Context, courseID string) error {
	if s.db.Dialect() != db.Postgres {
		return nil // a transaction has the database to itself there
	}
	return s.db.Conn(ctx).Exec("SELECT 1 FROM courses WHERE id = ? FOR KEY SHARE", courseID).Error
}

// quickReport writes the report of an enrolled account, PostgreSQL's way: checks, both rows and the answer in
// one statement. It is for reports that reset nothing, and not for the first one in a course, which has no sums to
// hold. nil means that it has done nothing, as something is in the way; written, that the report was news. Rows are
// locked in the order in which writeProgress does: course, sums, progress.
func (s *store) quickReport(ctx context.Context, caller identity.Caller, courseID, lessonID string, r report, now clock.Time) (p *lessonProgress, written bool, err error) {
	may, args := readableEnrolled(caller)
	open, more := unlocked(caller, now)
	var completed *clock.Time
	if r.Percent == 100 {
		completed = &now
	}
	p = &lessonProgress{UserID: caller.UserID, LessonID: lessonID, CourseID: courseID}
	err = s.db.QueryRow(ctx, `WITH seen AS (
			SELECT c.id AS course_id, lp.percent, lp.completed_at, lp.updated_at,
				lp.percent IS NULL OR lp.percent < CAST(? AS integer) OR COALESCE(lp.position_seconds <> CAST(? AS integer), FALSE) AS changes
			FROM courses c JOIN lessons l ON l.course_id = c.id JOIN enrollments e ON e.course_id = c.id
			LEFT JOIN lesson_progress lp ON lp.user_id = e.user_id AND lp.lesson_id = l.id
			WHERE c.id = ? AND l.id = ? AND e.user_id = ? AND `+may+` AND `+open+`
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
		slices.Concat([]any{r.Percent, r.PositionSeconds, courseID, lessonID, caller.UserID}, args, more,
			[]any{caller.UserID, caller.UserID, lessonID, r.Percent, r.PositionSeconds, completed, now, r.Percent, r.Percent, r.PositionSeconds}),
		&p.Percent, &p.CompletedAt, &p.UpdatedAt, &written)
	if db.IsNotFound(err) {
		return nil, false, nil
	}
	return p, written, err
}
