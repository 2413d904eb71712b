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

// saveHTML stores HTML that was rendered again, unless the lesson has changed since it was read.
func (s *store) saveHTML(ctx context.Context, l *course.Lesson) error {
	return s.db.Conn(ctx).Exec("UPDATE lessons SET content_html = ?, html_version = ? WHERE id = ? AND version = ?",
		l.ContentHTML, l.HTMLVersion, l.ID, l.Version).Error
}
