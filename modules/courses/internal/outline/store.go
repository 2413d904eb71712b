package outline

import (
	"context"

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
	if o.Lessons, err = s.listLessons(ctx, id); err != nil {
		return nil, false, err
	}
	if err := s.fillPrerequisites(ctx, o); err != nil {
		return nil, false, err
	}
	for _, l := range o.Lessons {
		o.HasLocks = o.HasLocks || l.AvailableFrom != nil || l.AvailableAfterDays != nil || len(l.Prerequisites) > 0
	}
	return o, true, nil
}

// listLessons lists the lessons of a course in its order, without their contents.
func (s *store) listLessons(ctx context.Context, courseID string) (found []course.Lesson, err error) {
	err = s.db.Query(ctx, `SELECT id, course_id, position, title, asset_key, duration_seconds, captions,
			available_from, available_after_days, version, created_at, updated_at
		FROM lessons WHERE course_id = ? ORDER BY position`, []any{courseID},
		func(scan func(...any) error) error {
			found = append(found, course.Lesson{})
			l := &found[len(found)-1]
			return scan(&l.ID, &l.CourseID, &l.Position, &l.Title, &l.AssetKey, &l.DurationSeconds, &l.Captions,
				&l.AvailableFrom, &l.AvailableAfterDays, &l.Version, &l.CreatedAt, &l.UpdatedAt)
		})
	return found, err
}

// fillPrerequisites fills Prerequisites of the lessons, each in the course's order.
func (s *store) fillPrerequisites(ctx context.Context, o *Outline) error {
	if len(o.Lessons) < 2 {
		return nil
	}
	return s.db.Query(ctx, `SELECT q.lesson_id, q.prerequisite_id
		FROM lesson_prerequisites q JOIN lessons l ON l.id = q.prerequisite_id
		WHERE q.course_id = ? ORDER BY l.position`, []any{o.Course.ID},
		func(scan func(...any) error) error {
			var lessonID, prerequisiteID string
			if err := scan(&lessonID, &prerequisiteID); err != nil {
				return err
			}
			if l := o.FindLesson(lessonID); l != nil {
				l.Prerequisites = append(l.Prerequisites, prerequisiteID)
			}
			return nil
		})
}

// findIDBySlug returns the id of the course with a slug that is not in the trash. It returns
// db.ErrNotFound if there is none.
func (s *store) findIDBySlug(ctx context.Context, slug string) (id string, err error) {
	err = s.db.QueryRow(ctx, "SELECT id FROM courses WHERE slug = ? AND deleted_at IS NULL", []any{slug}, &id)
	return id, err
}
