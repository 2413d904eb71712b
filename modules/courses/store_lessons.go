package courses

import (
	"context"
	"slices"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/auth"
	"lyceum/platform/clock"
	"lyceum/platform/db"
)

const outlineColumns = "id, course_id, position, title, asset_key, duration_seconds, version, created_at, updated_at"

func (s *store) outline(ctx context.Context, courseID string) (found []lesson, err error) {
	err = s.db.Conn(ctx).Select(outlineColumns).Where("course_id = ?", courseID).Order("position").Find(&found).Error
	return found, err
}

func (s *store) lessonsAfter(ctx context.Context, courseID string, position, limit int) (found []lesson, err error) {
	err = s.db.Conn(ctx).Select(outlineColumns).Where("course_id = ? AND position > ?", courseID, position).Order("position").Limit(limit).Find(&found).Error
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
	return s.countLessons(ctx, l.CourseID, 1)
}

func (s *store) countLessons(ctx context.Context, courseID string, by int) error {
	return s.db.Conn(ctx).Exec("UPDATE courses SET lesson_count = lesson_count + ? WHERE id = ?", by, courseID).Error
}

func (s *store) saveLesson(ctx context.Context, l *lesson) error {
	l.Version++
	return s.db.Conn(ctx).Model(&lesson{}).Where("id = ?", l.ID).Updates(map[string]any{
		"title": l.Title, "content": l.Content, "content_html": l.ContentHTML, "asset_key": l.AssetKey,
		"duration_seconds": l.DurationSeconds, "version": l.Version, "updated_at": l.UpdatedAt,
	}).Error
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

// newlyComplete marks and lists the learners who have completed all lessons that there are now.
func (s *store) newlyComplete(ctx context.Context, courseID string, at clock.Time) (users []string, err error) {
	err = s.db.Conn(ctx).Raw(`UPDATE course_progress SET completed_at = ? WHERE course_id = ? AND completed_at IS NULL
		AND completed_lessons > 0 AND completed_lessons = (SELECT lesson_count FROM courses WHERE id = ?) RETURNING user_id`, at, courseID, courseID).Scan(&users).Error
	return users, err
}

type lessonProgress struct {
	UserID          string
	LessonID        string
	CourseID        string
	Percent         int
	PositionSeconds int
	CompletedAt     *clock.Time
	UpdatedAt       clock.Time
}

// TableName of lesson progress.
func (lessonProgress) TableName() string { return "lesson_progress" }

func (s *store) progress(ctx context.Context, userID, lessonID string) (*lessonProgress, error) {
	p := &lessonProgress{}
	err := s.db.Conn(ctx).Where("user_id = ? AND lesson_id = ?", userID, lessonID).Take(p).Error
	if db.IsNotFound(err) {
		return nil, nil
	}
	return p, err
}

func (s *store) progressIn(ctx context.Context, userID, courseID string) (found []lessonProgress, err error) {
	err = s.db.Conn(ctx).Where("user_id = ? AND course_id = ?", userID, courseID).Find(&found).Error
	return found, err
}

func (s *store) sumsOf(ctx context.Context, userID, courseID string) (found sums, err error) {
	err = s.db.Conn(ctx).Raw("SELECT "+sumColumns+" FROM course_progress p WHERE p.user_id = ? AND p.course_id = ?", userID, courseID).Scan(&found).Error
	return found, err
}

// lockSums makes the learner's sums if need be and holds them: progress of one learner in one
// course is written one at a time.
func (s *store) lockSums(ctx context.Context, userID, courseID string, now clock.Time) error {
	conn := s.db.Conn(ctx)
	err := conn.Exec(`INSERT INTO course_progress (user_id, course_id, percent_sum, completed_lessons, last_activity_at)
		VALUES (?, ?, 0, 0, ?) ON CONFLICT DO NOTHING`, userID, courseID, now).Error
	if err != nil {
		return err
	}
	var held string
	return conn.Raw("SELECT user_id FROM course_progress WHERE user_id = ? AND course_id = ?"+s.db.ForUpdate(), userID, courseID).Scan(&held).Error
}

// saveProgress writes a lesson's progress and moves the sums by the difference.
func (s *store) saveProgress(ctx context.Context, p *lessonProgress, percentBy, completedBy int) error {
	conn := s.db.Conn(ctx)
	err := conn.Exec(`INSERT INTO lesson_progress (user_id, lesson_id, course_id, percent, position_seconds, completed_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (user_id, lesson_id) DO UPDATE SET percent = excluded.percent, position_seconds = excluded.position_seconds,
			completed_at = excluded.completed_at, updated_at = excluded.updated_at`,
		p.UserID, p.LessonID, p.CourseID, p.Percent, p.PositionSeconds, p.CompletedAt, p.UpdatedAt).Error
	if err != nil {
		return err
	}
	return conn.Exec(`UPDATE course_progress SET percent_sum = percent_sum + ?, completed_lessons = completed_lessons + ?, last_activity_at = ?
		WHERE user_id = ? AND course_id = ?`, percentBy, completedBy, p.UpdatedAt, p.UserID, p.CourseID).Error
}

// mayReadKey says whether the caller may read a course whose cover or lesson uses the key.
func (s *store) mayReadKey(ctx context.Context, caller auth.Caller, key string) (bool, error) {
	condition, args := readable(caller)
	var n int64
	err := s.db.Conn(ctx).Raw(`SELECT count(*) FROM courses c WHERE (c.cover_key = ? OR EXISTS (SELECT 1 FROM lessons l WHERE l.course_id = c.id AND l.asset_key = ?))
		AND `+condition, append([]any{key, key}, args...)...).Scan(&n).Error
	return n > 0, err
}

// usesOf lists what uses the keys, courses in the trash too: they may come back. Of what the caller may not
// read it tells no more than that there is something.
func (s *store) usesOf(ctx context.Context, caller auth.Caller, keys []string) (found []struct {
	storageapi.Use
	Key string
}, err error) {
	may, args := readable(caller)
	shown := func(column string) string { return "CASE WHEN " + may + " THEN " + column + " END AS " }
	part := func(kind, id, title, key, from string) (string, []any) {
		all := slices.Concat(args, args, args, []any{keys})
		return "SELECT '" + kind + "' AS type, " + shown(id) + "id, " + shown("c.id") + "course_id, " + shown(title) + "title, " + key + " AS key FROM " + from +
			" WHERE " + key + " IN ?", all
	}
	courses, args1 := part("course", "c.id", "c.title", "c.cover_key", "courses c")
	lessons, args2 := part("lesson", "l.id", "l.title", "l.asset_key", "lessons l JOIN courses c ON c.id = l.course_id")
	err = s.db.Conn(ctx).Raw(courses+" UNION ALL "+lessons, append(args1, args2...)...).Scan(&found).Error
	return found, err
}
