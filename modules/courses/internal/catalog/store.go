package catalog

import (
	"context"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/db"
)

// store reads courses and lessons.
type store struct{ db *db.DB }

// listCoursesByID returns those of the courses that are not in the trash, without their long texts.
func (s *store) listCoursesByID(ctx context.Context, courseIDs []string) (found []course.Course, err error) {
	if len(courseIDs) == 0 {
		return []course.Course{}, nil
	}
	err = s.db.Conn(ctx).Omit("description", "search_text").
		Where("id IN ? AND deleted_at IS NULL", courseIDs).Find(&found).Error
	return found, err
}

// listLessons returns up to limit lessons behind a position, in the course's order and without
// their content.
func (s *store) listLessons(
	ctx context.Context, courseID string, position, limit int,
) (found []course.Lesson, err error) {
	err = s.db.Query(ctx, `SELECT id, course_id, position, title, asset_key, duration_seconds, captions,
			available_from, available_after_days, version, created_at, updated_at
		FROM lessons WHERE course_id = ? AND position > ? ORDER BY position LIMIT ?`,
		[]any{courseID, position, limit},
		func(scan func(...any) error) error {
			found = append(found, course.Lesson{})
			l := &found[len(found)-1]
			return scan(&l.ID, &l.CourseID, &l.Position, &l.Title, &l.AssetKey, &l.DurationSeconds, &l.Captions,
				&l.AvailableFrom, &l.AvailableAfterDays, &l.Version, &l.CreatedAt, &l.UpdatedAt)
		})
	return found, err
}

// saveHTML stores HTML that was rendered again, unless the lesson has changed since it was read.
func (s *store) saveHTML(ctx context.Context, l *course.Lesson) error {
	return s.db.Conn(ctx).Exec("UPDATE lessons SET content_html = ?, html_version = ? WHERE id = ? AND version = ?",
		l.ContentHTML, l.HTMLVersion, l.ID, l.Version).Error
}
