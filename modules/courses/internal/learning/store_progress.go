package learning

import (
	"context"

	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/course"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// findProgress returns an account's progress in a lesson. A lesson that the account has not begun
// has a row that is not stored.
func (s *store) findProgress(ctx context.Context, userID string, l *course.Lesson) (*lessonProgress, error) {
	p := &lessonProgress{}
	err := s.db.Conn(ctx).Where("user_id = ? AND lesson_id = ?", userID, l.ID).Take(p).Error
	if db.IsNotFound(err) {
		return &lessonProgress{UserID: userID, LessonID: l.ID, CourseID: l.CourseID}, nil
	}
	return p, err
}

// listProgress lists an account's progress in the lessons of a course, in the course's order.
func (s *store) listProgress(ctx context.Context, userID, courseID string) (found []lessonProgress, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT lp.* FROM lesson_progress lp JOIN lessons l ON l.id = lp.lesson_id
		WHERE lp.user_id = ? AND lp.course_id = ? ORDER BY l.position`, userID, courseID).Scan(&found).Error
	return found, err
}

// listStarted lists the courses in which an account has progress and which it may read, the latest
// activity first.
func (s *store) listStarted(
	ctx context.Context, caller identity.Caller, after *course.PagePosition, limit int,
) (found []course.ListedCourse, err error) {
	readable := access.Readable(caller)
	q := s.db.Conn(ctx).Table("course_progress p").Select("c.*, "+progressColumns).
		Joins("JOIN courses c ON c.id = p.course_id").
		Where("p.user_id = ?", caller.UserID).Where(readable.SQL, readable.Args...)
	if after != nil {
		q = q.Where("(p.last_activity_at, c.id) < (?, ?)", after.At, after.ID)
	}
	err = q.Order("p.last_activity_at DESC, c.id DESC").Limit(limit).Scan(&found).Error
	return found, err
}

// shareCourse holds off changes of the course and its lessons until the transaction ends, but no
// other report.
func (s *store) shareCourse(ctx context.Context, courseID string) error {
	if s.db.Dialect() != db.Postgres {
		return nil // a transaction has the whole database to itself there
	}
	return s.db.Conn(ctx).Exec("SELECT 1 FROM courses WHERE id = ? FOR KEY SHARE", courseID).Error
}

// holdSums holds the learner's sums in a course until the transaction ends, and adds them first if
// they don't exist. Reports of one learner in one course wait for each other here.
func (s *store) holdSums(ctx context.Context, userID, courseID string, now clock.Time) error {
	conn := s.db.Conn(ctx)
	err := conn.Exec(`INSERT INTO course_progress (user_id, course_id, percent_sum, completed_lessons, last_activity_at)
		VALUES (?, ?, 0, 0, ?) ON CONFLICT DO NOTHING`, userID, courseID, now).Error
	if err != nil {
		return err
	}
	var held string
	return conn.Raw("SELECT user_id FROM course_progress WHERE user_id = ? AND course_id = ?"+s.db.ForUpdate(),
		userID, courseID).Scan(&held).Error
}

// saveProgress writes a lesson's row and adds its difference from before to the learner's sums.
func (s *store) saveProgress(ctx context.Context, before, after *lessonProgress) error {
	conn := s.db.Conn(ctx)
	err := conn.Exec(`INSERT INTO lesson_progress (user_id, lesson_id, course_id, percent, position_seconds, completed_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (user_id, lesson_id) DO UPDATE SET percent = excluded.percent, position_seconds = excluded.position_seconds,
			completed_at = excluded.completed_at, updated_at = excluded.updated_at`,
		after.UserID, after.LessonID, after.CourseID, after.Percent, after.PositionSeconds, after.CompletedAt,
		after.UpdatedAt).Error
	if err != nil {
		return err
	}
	return conn.Exec(`UPDATE course_progress SET percent_sum = percent_sum + ?, completed_lessons = completed_lessons + ?, last_activity_at = ?
		WHERE user_id = ? AND course_id = ?`,
		after.Percent-before.Percent, after.completedCount()-before.completedCount(), after.UpdatedAt,
		after.UserID, after.CourseID).Error
}

// markCompleted marks and returns the learners who have completed all lessons that the course has
// now and were not marked before: one account, or any learner of the course if userID is empty.
func (s *store) markCompleted(
	ctx context.Context, courseID, userID string, at clock.Time,
) (userIDs []string, err error) {
	query := `UPDATE course_progress SET completed_at = ? WHERE course_id = ? AND completed_at IS NULL
		AND completed_lessons > 0 AND completed_lessons = (SELECT lesson_count FROM courses WHERE id = ?)`
	args := []any{at, courseID, courseID}
	if userID != "" {
		query, args = query+" AND user_id = ?", append(args, userID)
	}
	err = s.db.Conn(ctx).Raw(query+" RETURNING user_id", args...).Scan(&userIDs).Error
	return userIDs, err
}

// deleteLessonProgress subtracts a lesson from every learner's sums and deletes its progress.
func (s *store) deleteLessonProgress(ctx context.Context, courseID, lessonID string) error {
	err := s.db.Conn(ctx).Exec(`UPDATE course_progress SET
		percent_sum = percent_sum - (SELECT lp.percent FROM lesson_progress lp WHERE lp.user_id = course_progress.user_id AND lp.lesson_id = ?),
		completed_lessons = completed_lessons - (SELECT CASE WHEN lp.completed_at IS NULL THEN 0 ELSE 1 END FROM lesson_progress lp WHERE lp.user_id = course_progress.user_id AND lp.lesson_id = ?)
		WHERE course_id = ? AND user_id IN (SELECT user_id FROM lesson_progress WHERE lesson_id = ?)`,
		lessonID, lessonID, courseID, lessonID).Error
	if err != nil {
		return err
	}
	return s.db.Conn(ctx).Exec("DELETE FROM lesson_progress WHERE lesson_id = ?", lessonID).Error
}
