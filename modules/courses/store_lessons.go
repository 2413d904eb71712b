package courses

import (
	"context"
	"slices"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/db"
)

// lessonPrerequisite is a row of lesson_prerequisites.
type lessonPrerequisite struct{ LessonID, PrerequisiteID, CourseID string }

// TableName returns the name of the table of prerequisites.
func (lessonPrerequisite) TableName() string { return "lesson_prerequisites" }

// insertLesson adds a lesson at the end of a course, and counts it.
func (s *store) insertLesson(ctx context.Context, l *course.Lesson) error {
	if err := s.db.Conn(ctx).Create(l).Error; err != nil {
		return err
	}
	if err := s.insertPrerequisites(ctx, prerequisitesOf(l)); err != nil {
		return err
	}
	if err := s.saveCaptionKeys(ctx, l); err != nil {
		return err
	}
	return s.addToLessonCount(ctx, l.CourseID, 1)
}

// insertLessons adds the n lessons of a course that counts them already. lesson returns each just
// before it is written. Prerequisites come last, as they may name lessons further down.
func (s *store) insertLessons(ctx context.Context, n int, lesson func(i int) (course.Lesson, error)) error {
	var prerequisites []lessonPrerequisite
	for i := range n {
		l, err := lesson(i)
		if err != nil {
			return err
		}
		if err := s.db.Conn(ctx).Create(&l).Error; err != nil {
			return err
		}
		if err := s.saveCaptionKeys(ctx, &l); err != nil {
			return err
		}
		prerequisites = append(prerequisites, prerequisitesOf(&l)...)
	}
	return s.insertPrerequisites(ctx, prerequisites)
}

// saveLesson stores a lesson as its next version, with the rows of other tables that have changed.
func (s *store) saveLesson(ctx context.Context, l *course.Lesson, changed []string) error {
	l.Version++
	s.outlines.DropAfterCommit(ctx, l.CourseID)
	err := s.db.Conn(ctx).Model(&course.Lesson{}).Where("id = ?", l.ID).Updates(map[string]any{
		"title": l.Title, "content": l.Content, "content_html": l.ContentHTML, "html_version": l.HTMLVersion,
		"asset_key": l.AssetKey, "duration_seconds": l.DurationSeconds, "captions": l.Captions,
		"available_from": l.AvailableFrom, "available_after_days": l.AvailableAfterDays,
		"version": l.Version, "updated_at": l.UpdatedAt,
	}).Error
	if err != nil {
		return err
	}
	if slices.Contains(changed, "captions") {
		if err := s.saveCaptionKeys(ctx, l); err != nil {
			return err
		}
	}
	if !slices.Contains(changed, "prerequisite_ids") {
		return nil
	}
	if err := s.db.Conn(ctx).Exec("DELETE FROM lesson_prerequisites WHERE lesson_id = ?", l.ID).Error; err != nil {
		return err
	}
	return s.insertPrerequisites(ctx, prerequisitesOf(l))
}

// deleteLesson deletes a lesson, moves the lessons behind it up, and counts it no longer.
func (s *store) deleteLesson(ctx context.Context, l *course.Lesson) error {
	conn := s.db.Conn(ctx)
	if err := conn.Exec("DELETE FROM lessons WHERE id = ?", l.ID).Error; err != nil {
		return err
	}
	err := conn.Exec("UPDATE lessons SET position = position - 1 WHERE course_id = ? AND position > ?",
		l.CourseID, l.Position).Error
	if err != nil {
		return err
	}
	return s.addToLessonCount(ctx, l.CourseID, -1)
}

// setPosition moves a lesson of a course. Positions may be equal in the meantime.
func (s *store) setPosition(ctx context.Context, courseID, lessonID string, position int) error {
	s.outlines.DropAfterCommit(ctx, courseID)
	return s.db.Conn(ctx).Exec("UPDATE lessons SET position = ? WHERE id = ?", position, lessonID).Error
}

// addToLessonCount adds n to the number of lessons of a course, which got or lost some.
func (s *store) addToLessonCount(ctx context.Context, courseID string, n int) error {
	s.outlines.DropAfterCommit(ctx, courseID)
	return s.db.Conn(ctx).Exec("UPDATE courses SET lesson_count = lesson_count + ? WHERE id = ?", n, courseID).Error
}

// prerequisitesOf returns the rows of a lesson's prerequisites.
func prerequisitesOf(l *course.Lesson) []lessonPrerequisite {
	rows := make([]lessonPrerequisite, len(l.Prerequisites))
	for i, id := range l.Prerequisites {
		rows[i] = lessonPrerequisite{l.ID, id, l.CourseID}
	}
	return rows
}

// prerequisiteChunk is how many prerequisites one statement adds at most.
const prerequisiteChunk = 500

// insertPrerequisites adds prerequisites in chunks.
func (s *store) insertPrerequisites(ctx context.Context, rows []lessonPrerequisite) error {
	if len(rows) == 0 {
		return nil
	}
	return s.db.Conn(ctx).CreateInBatches(rows, prerequisiteChunk).Error
}

// listPrerequisites lists the prerequisites of all lessons of a course, in the course's order. It
// reads them for no learner: IsCompleted is false in all of them.
func (s *store) listPrerequisites(ctx context.Context, courseID string) (found []course.Prerequisite, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT q.lesson_id, q.prerequisite_id
		FROM lesson_prerequisites q JOIN lessons l ON l.id = q.prerequisite_id
		WHERE q.course_id = ? ORDER BY l.position`, courseID).Scan(&found).Error
	return found, err
}

// listPrerequisitesOf lists the ids of the prerequisites of a lesson, in the course's order.
func (s *store) listPrerequisitesOf(ctx context.Context, lessonID string) (found []string, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT q.prerequisite_id
		FROM lesson_prerequisites q JOIN lessons l ON l.id = q.prerequisite_id
		WHERE q.lesson_id = ? ORDER BY l.position`, lessonID).Scan(&found).Error
	return found, err
}

// saveCaptionKeys writes the rows by which the file of a caption finds its lesson.
func (s *store) saveCaptionKeys(ctx context.Context, l *course.Lesson) error {
	rows, seen, conn := []map[string]any{}, map[string]bool{}, s.db.Conn(ctx)
	for _, c := range l.CaptionList() {
		if !seen[c.AssetKey] {
			rows = append(rows, map[string]any{"lesson_id": l.ID, "asset_key": c.AssetKey})
		}
		seen[c.AssetKey] = true
	}
	if l.Version > 1 { // a new lesson has none yet
		if err := conn.Exec("DELETE FROM lesson_captions WHERE lesson_id = ?", l.ID).Error; err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return conn.Table("lesson_captions").Create(rows).Error
}

// copyLesson adds a lesson with the texts of another one, which are copied inside the database.
func (s *store) copyLesson(ctx context.Context, fromID string, l *course.Lesson) error {
	uuid := "text"
	if s.db.Dialect() == db.Postgres {
		uuid = "uuid"
	}
	err := s.db.Conn(ctx).Exec(`INSERT INTO lessons (id, course_id, position, title, content, content_html, html_version, asset_key, duration_seconds, captions,
			available_from, available_after_days, version, created_at, updated_at)
		SELECT CAST(? AS `+uuid+`), CAST(? AS `+uuid+`), position, title, content, content_html, html_version, asset_key, duration_seconds, captions,
			CAST(? AS bigint), available_after_days, CAST(? AS bigint), CAST(? AS bigint), CAST(? AS bigint) FROM lessons WHERE id = ?`,
		l.ID, l.CourseID, l.AvailableFrom, l.Version, l.CreatedAt, l.UpdatedAt, fromID).Error
	if err != nil {
		return err
	}
	return s.saveCaptionKeys(ctx, l)
}

// copyPrerequisites adds prerequisites for the copies of lessons. copies has the new id of each.
func (s *store) copyPrerequisites(
	ctx context.Context, courseID string, all []course.Prerequisite, copies map[string]string,
) error {
	rows := make([]lessonPrerequisite, len(all))
	for i, p := range all {
		rows[i] = lessonPrerequisite{copies[p.LessonID], copies[p.PrerequisiteID], courseID}
	}
	return s.insertPrerequisites(ctx, rows)
}
