package learning

import (
	"cmp"
	"context"

	"lyceum/platform/ids"
)

// listCourseIDsAfter lists courses by id, including those in the trash. An empty after is the beginning.
func (s *store) listCourseIDsAfter(ctx context.Context, after string, limit int) (found []string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT id FROM courses WHERE id > ? ORDER BY id LIMIT ?",
		cmp.Or(after, ids.None), limit).Scan(&found).Error
	return found, err
}

// recompute corrects a course's number of lessons and its learners' sums from the rows. It returns how
// many were wrong.
func (s *store) recompute(ctx context.Context, courseID string) (repaired int64, err error) {
	const sum = "(SELECT COALESCE(SUM(lp.percent), 0) FROM lesson_progress lp WHERE lp.user_id = course_progress.user_id AND lp.course_id = course_progress.course_id)"
	const completed = "(SELECT COUNT(lp.completed_at) FROM lesson_progress lp WHERE lp.user_id = course_progress.user_id AND lp.course_id = course_progress.course_id)"
	const lessons = "(SELECT COUNT(*) FROM lessons l WHERE l.course_id = courses.id)"
	for _, statement := range []string{
		"UPDATE courses SET lesson_count = " + lessons + " WHERE id = ? AND lesson_count <> " + lessons,
		`INSERT INTO course_progress (user_id, course_id, percent_sum, completed_lessons, last_activity_at)
			SELECT user_id, course_id, SUM(percent), COUNT(completed_at), MAX(updated_at) FROM lesson_progress WHERE course_id = ? GROUP BY user_id, course_id
			ON CONFLICT (user_id, course_id) DO NOTHING`,
		"UPDATE course_progress SET percent_sum = " + sum + ", completed_lessons = " + completed +
			" WHERE course_id = ? AND (percent_sum <> " + sum + " OR completed_lessons <> " + completed + ")",
	} {
		res := s.db.Conn(ctx).Exec(statement, courseID)
		if res.Error != nil {
			return repaired, res.Error
		}
		repaired += res.RowsAffected
	}
	return repaired, nil
}
