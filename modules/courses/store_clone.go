package courses

import (
	"context"

	"lyceum/platform/db"
)

// copyLesson adds l with the texts of another lesson, which stay in the database.
func (s *store) copyLesson(ctx context.Context, fromID string, l *lesson) error {
	err := s.db.Conn(ctx).Exec(`INSERT INTO lessons (id, course_id, position, title, content, content_html, html_version, asset_key, duration_seconds, captions,
			available_from, available_after_days, version, created_at, updated_at)
		SELECT CAST(? AS `+s.uuid()+`), CAST(? AS `+s.uuid()+`), position, title, content, content_html, html_version, asset_key, duration_seconds, captions,
			CAST(? AS bigint), available_after_days, CAST(? AS bigint), CAST(? AS bigint), CAST(? AS bigint) FROM lessons WHERE id = ?`,
		l.ID, l.CourseID, l.AvailableFrom, l.Version, l.CreatedAt, l.UpdatedAt, fromID).Error
	if err != nil {
		return err
	}
	return s.saveCaptionKeys(ctx, l)
}

// uuid is the type of an id.
func (s *store) uuid() string {
	if s.db.Dialect() == db.Postgres {
		return "uuid"
	}
	return "text"
}

// copyPrerequisites repeats what comes first between the copies of lessons.
func (s *store) copyPrerequisites(ctx context.Context, courseID string, all []needed, copies map[string]string) error {
	rows := make([]map[string]any, len(all))
	for i, n := range all {
		rows[i] = map[string]any{"lesson_id": copies[n.LessonID], "prerequisite_id": copies[n.PrerequisiteID], "course_id": courseID}
	}
	if len(rows) == 0 {
		return nil
	}
	return s.db.Conn(ctx).Table("lesson_prerequisites").CreateInBatches(rows, 500).Error
}
