package courses

import (
	"cmp"
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/ids"
)

func (s *store) deletedBefore(ctx context.Context, at clock.Time) (found []string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT id FROM courses WHERE deleted_at <= ? ORDER BY deleted_at LIMIT 100", at).Scan(&found).Error
	return found, err
}

// purge deletes a course; its tags, lessons, enrollments and progress go with it.
func (s *store) purge(ctx context.Context, id string) error {
	return s.db.Conn(ctx).Exec("DELETE FROM courses WHERE id = ?", id).Error
}

// copyLesson adds l with the texts of another lesson, which stay in the database.
func (s *store) copyLesson(ctx context.Context, fromID string, l *lesson) error {
	return s.db.Conn(ctx).Exec(`INSERT INTO lessons (id, course_id, position, title, content, content_html, asset_key, duration_seconds,
			available_from, available_after_days, version, created_at, updated_at)
		SELECT CAST(? AS `+s.uuid()+`), CAST(? AS `+s.uuid()+`), position, title, content, content_html, asset_key, duration_seconds,
			CAST(? AS bigint), available_after_days, CAST(? AS bigint), CAST(? AS bigint), CAST(? AS bigint) FROM lessons WHERE id = ?`,
		l.ID, l.CourseID, l.AvailableFrom, l.Version, l.CreatedAt, l.UpdatedAt, fromID).Error
}

// uuid is the type of an id.
func (s *store) uuid() string {
	if s.db.Dialect() == "postgres" {
		return "uuid"
	}
	return "text"
}

// copyPrerequisites repeats what comes first between the copies of lessons, and counts them.
func (s *store) copyPrerequisites(ctx context.Context, courseID string, all []needed, copies map[string]string) error {
	rows := make([]map[string]any, len(all))
	for i, n := range all {
		rows[i] = map[string]any{"lesson_id": copies[n.LessonID], "prerequisite_id": copies[n.PrerequisiteID], "course_id": courseID}
	}
	if len(rows) > 0 {
		if err := s.db.Conn(ctx).Table("lesson_prerequisites").CreateInBatches(rows, 500).Error; err != nil {
			return err
		}
	}
	return s.countLessons(ctx, courseID, 0)
}

func (s *store) courseIDsAfter(ctx context.Context, after string, limit int) (found []string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT id FROM courses WHERE id > ? ORDER BY id LIMIT ?", cmp.Or(after, ids.None), limit).Scan(&found).Error
	return found, err
}

// recount makes a course's stored count and its learners' sums what the rows say; n says how many were wrong.
func (s *store) recount(ctx context.Context, courseID string) (n int64, err error) {
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
			return n, res.Error
		}
		n += res.RowsAffected
	}
	return n, nil
}
