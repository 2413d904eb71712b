package courses

import (
	"cmp"
	"context"

	"lyceum/platform/ids"
)

const outlineColumns = "id, course_id, position, title, asset_key, duration_seconds, captions, available_from, available_after_days, version, created_at, updated_at"

func (s *store) outline(ctx context.Context, courseID string) ([]lesson, error) {
	return s.lessonsAfter(ctx, courseID, 0, maxLessons)
}

// lessonsAfter lists lessons without their texts, in order.
func (s *store) lessonsAfter(ctx context.Context, courseID string, position, limit int) (found []lesson, err error) {
	err = s.db.Query(ctx, "SELECT "+outlineColumns+" FROM lessons WHERE course_id = ? AND position > ? ORDER BY position LIMIT ?", []any{courseID, position, limit},
		func(scan func(...any) error) error {
			found = append(found, lesson{})
			l := &found[len(found)-1]
			return scan(&l.ID, &l.CourseID, &l.Position, &l.Title, &l.AssetKey, &l.DurationSeconds, &l.Captions, &l.AvailableFrom, &l.AvailableAfterDays, &l.Version, &l.CreatedAt, &l.UpdatedAt)
		})
	return found, err
}

func (s *store) lesson(ctx context.Context, courseID, id string) (*lesson, error) {
	l := &lesson{}
	return l, s.db.Conn(ctx).Where("id = ? AND course_id = ?", id, courseID).Take(l).Error
}

func (s *store) insertLesson(ctx context.Context, l *lesson) error {
	if err := s.db.Conn(ctx).Create(l).Error; err != nil {
		return err
	}
	if err := s.insertPrerequisites(ctx, l); err != nil {
		return err
	}
	if err := s.saveCaptionKeys(ctx, l); err != nil {
		return err
	}
	return s.countLessons(ctx, l.CourseID, 1)
}

func (s *store) savePrerequisites(ctx context.Context, l *lesson) error {
	if err := s.db.Conn(ctx).Exec("DELETE FROM lesson_prerequisites WHERE lesson_id = ?", l.ID).Error; err != nil {
		return err
	}
	return s.insertPrerequisites(ctx, l)
}

func (s *store) insertPrerequisites(ctx context.Context, l *lesson) error {
	if len(l.Prerequisites) == 0 {
		return nil
	}
	rows := make([]map[string]any, len(l.Prerequisites))
	for i, id := range l.Prerequisites {
		rows[i] = map[string]any{"lesson_id": l.ID, "prerequisite_id": id, "course_id": l.CourseID}
	}
	return s.db.Conn(ctx).Table("lesson_prerequisites").Create(rows).Error
}

// needed lists what comes first in a course, in its order, and whether an account has done it: before the given
// lessons, or before any.
func (s *store) needed(ctx context.Context, courseID, userID string, lessonIDs ...string) (found []needed, err error) {
	query := `SELECT q.lesson_id, q.prerequisite_id, lp.completed_at IS NOT NULL AS done
		FROM lesson_prerequisites q JOIN lessons l ON l.id = q.prerequisite_id
		LEFT JOIN lesson_progress lp ON lp.user_id = ? AND lp.lesson_id = q.prerequisite_id WHERE q.course_id = ?`
	args := []any{cmp.Or(userID, ids.None), courseID}
	if len(lessonIDs) > 0 {
		query, args = query+" AND q.lesson_id IN ?", append(args, lessonIDs)
	}
	err = s.db.Conn(ctx).Raw(query+" ORDER BY l.position", args...).Scan(&found).Error
	return found, err
}

func (s *store) countLessons(ctx context.Context, courseID string, by int) error {
	return s.db.Conn(ctx).Exec("UPDATE courses SET lesson_count = lesson_count + ? WHERE id = ?", by, courseID).Error
}

func (s *store) saveLesson(ctx context.Context, l *lesson) error {
	l.Version++
	return s.db.Conn(ctx).Model(&lesson{}).Where("id = ?", l.ID).Updates(map[string]any{
		"title": l.Title, "content": l.Content, "content_html": l.ContentHTML, "html_version": l.HTMLVersion, "asset_key": l.AssetKey,
		"duration_seconds": l.DurationSeconds, "captions": l.Captions, "available_from": l.AvailableFrom, "available_after_days": l.AvailableAfterDays,
		"version": l.Version, "updated_at": l.UpdatedAt,
	}).Error
}

// saveCaptionKeys keeps which files a lesson's captions are, so that each finds what uses it.
func (s *store) saveCaptionKeys(ctx context.Context, l *lesson) error {
	conn, seen, rows := s.db.Conn(ctx), map[string]bool{}, []map[string]any{}
	for _, c := range l.captions() {
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

// saveHTML keeps HTML that was rendered anew, unless the lesson has changed since it was read.
func (s *store) saveHTML(ctx context.Context, l *lesson) error {
	return s.db.Conn(ctx).Exec("UPDATE lessons SET content_html = ?, html_version = ? WHERE id = ? AND version = ?",
		l.ContentHTML, l.HTMLVersion, l.ID, l.Version).Error
}

// deleteLesson takes a lesson out, closes the hole in the order and takes it off every learner's sums.
func (s *store) deleteLesson(ctx context.Context, l *lesson) error {
	conn := s.db.Conn(ctx)
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`UPDATE course_progress SET
			percent_sum = percent_sum - (SELECT lp.percent FROM lesson_progress lp WHERE lp.user_id = course_progress.user_id AND lp.lesson_id = ?),
			completed_lessons = completed_lessons - (SELECT CASE WHEN lp.completed_at IS NULL THEN 0 ELSE 1 END FROM lesson_progress lp WHERE lp.user_id = course_progress.user_id AND lp.lesson_id = ?)
			WHERE course_id = ? AND user_id IN (SELECT user_id FROM lesson_progress WHERE lesson_id = ?)`, []any{l.ID, l.ID, l.CourseID, l.ID}},
		{"DELETE FROM lesson_progress WHERE lesson_id = ?", []any{l.ID}},
		{"DELETE FROM lessons WHERE id = ?", []any{l.ID}},
		{"UPDATE lessons SET position = position - 1 WHERE course_id = ? AND position > ?", []any{l.CourseID, l.Position}},
	} {
		if err := conn.Exec(step.sql, step.args...).Error; err != nil {
			return err
		}
	}
	return s.countLessons(ctx, l.CourseID, -1)
}

func (s *store) place(ctx context.Context, lessonID string, position int) error {
	return s.db.Conn(ctx).Exec("UPDATE lessons SET position = ? WHERE id = ?", position, lessonID).Error
}
