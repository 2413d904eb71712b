package courses

import (
	"context"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/outline"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/text"
)

// store writes courses and lessons. Every function that changes what an outline shows calls
// outline.Cache.DropAfterCommit.
type store struct {
	db       *db.DB
	outlines *outline.Cache
}

// insertCourse adds a course with its tags. It returns a duplicate key if another course has the slug.
func (s *store) insertCourse(ctx context.Context, c *course.Course) error {
	s.outlines.DropAfterCommit(ctx, c.ID)
	if err := s.db.Conn(ctx).Create(c).Error; err != nil {
		return err
	}
	return s.saveTags(ctx, c)
}

// saveCourse stores a course as its next version, without its tags in course_tags.
func (s *store) saveCourse(ctx context.Context, c *course.Course) error {
	c.Version++
	s.outlines.DropAfterCommit(ctx, c.ID)
	return s.db.Conn(ctx).Model(&course.Course{}).Where("id = ?", c.ID).Updates(map[string]any{
		"slug": c.Slug, "title": c.Title, "folded_title": c.FoldedTitle, "search_text": c.SearchText,
		"summary": c.Summary, "description": c.Description, "visibility": c.Visibility, "status": c.Status,
		"tags": c.Tags, "cover_key": c.CoverKey, "published_at": c.PublishedAt, "deleted_at": c.DeletedAt,
		"version": c.Version, "updated_at": c.UpdatedAt,
	}).Error
}

// saveTags writes the rows by which lists find the course's tags.
func (s *store) saveTags(ctx context.Context, c *course.Course) error {
	conn := s.db.Conn(ctx)
	s.outlines.DropAfterCommit(ctx, c.ID)
	if err := conn.Exec("DELETE FROM course_tags WHERE course_id = ?", c.ID).Error; err != nil {
		return err
	}
	rows := []map[string]any{}
	for _, tag := range c.TagList() {
		rows = append(rows, map[string]any{"course_id": c.ID, "tag": text.FoldCase(tag)})
	}
	if len(rows) == 0 {
		return nil
	}
	return conn.Table("course_tags").Create(rows).Error
}

// listSlugs lists the slugs that are the wanted one, or its base with or without a number.
func (s *store) listSlugs(ctx context.Context, wanted, base string) (found []string, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT slug FROM courses WHERE deleted_at IS NULL AND (slug = ? OR slug = ? OR slug LIKE ? ESCAPE '\')`,
		wanted, base, text.EscapeLike(base)+"-%").Scan(&found).Error
	return found, err
}

// listDeletedBefore lists up to 100 courses that were put into the trash until then, the oldest first.
func (s *store) listDeletedBefore(ctx context.Context, at clock.Time) (found []string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT id FROM courses WHERE deleted_at <= ? ORDER BY deleted_at LIMIT 100", at).
		Scan(&found).Error
	return found, err
}

// purgeCourse deletes a course. Its tags, lessons, enrollments and progress go with it.
func (s *store) purgeCourse(ctx context.Context, courseID string) error {
	s.outlines.DropAfterCommit(ctx, courseID)
	return s.db.Conn(ctx).Exec("DELETE FROM courses WHERE id = ?", courseID).Error
}
