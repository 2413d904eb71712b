package outline

import (
	"context"
	"strings"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/db"
)

// store reads outlines.
type store struct{ db *db.DB }

// loadOutline reads the outline of a course. isFound is false if there is no such course outside of the
// trash.
func (s *store) loadOutline(ctx context.Context, id string) (o *Outline, isFound bool, err error) {
	o = &Outline{}
	c := &o.Course
	err = s.db.QueryRow(ctx, `SELECT id, slug, title, summary, description, visibility, status, tags, cover_key, owner_id,
			lesson_count, published_at, version, created_at, updated_at
		FROM courses WHERE id = ? AND deleted_at IS NULL`, []any{id},
		&c.ID, &c.Slug, &c.Title, &c.Summary, &c.Description, &c.Visibility, &c.Status, &c.Tags, &c.CoverKey, &c.OwnerID,
		&c.LessonCount, &c.PublishedAt, &c.Version, &c.CreatedAt, &c.UpdatedAt)
	if db.IsNotFound(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return o, true, s.fillLessons(ctx, o)
}

// fillLessons reads the lessons of the course, in its order and without their contents. The prerequisites of each are in
// the course's order, too.
func (s *store) fillLessons(ctx context.Context, o *Outline) error {
	return s.db.Query(ctx, `SELECT l.id, l.course_id, l.position, l.title, l.asset_key, l.duration_seconds, l.captions,
			l.available_from, l.available_after_days, l.version, l.created_at, l.updated_at,
			(SELECT string_agg(CAST(q.prerequisite_id AS text), ',' ORDER BY p.position)
				FROM lesson_prerequisites q JOIN lessons p ON p.id = q.prerequisite_id WHERE q.lesson_id = l.id)
		FROM lessons l WHERE l.course_id = ? ORDER BY l.position`, []any{o.Course.ID},
		func(scan func(...any) error) error {
			var l course.Lesson
			var prerequisites *string
			err := scan(&l.ID, &l.CourseID, &l.Position, &l.Title, &l.AssetKey, &l.DurationSeconds, &l.Captions,
				&l.AvailableFrom, &l.AvailableAfterDays, &l.Version, &l.CreatedAt, &l.UpdatedAt, &prerequisites)
			if prerequisites != nil {
				l.Prerequisites = strings.Split(*prerequisites, ",")
			}
			o.Lessons = append(o.Lessons, l)
			o.HasLocks = o.HasLocks || l.AvailableFrom != nil || l.AvailableAfterDays != nil || len(l.Prerequisites) > 0
			return err
		})
}

// findIDBySlug returns the id of the course with a slug that is not in the trash. It returns
// db.ErrNotFound if there is none.
func (s *store) findIDBySlug(ctx context.Context, slug string) (id string, err error) {
	err = s.db.QueryRow(ctx, "SELECT id FROM courses WHERE slug = ? AND deleted_at IS NULL", []any{slug}, &id)
	return id, err
}
