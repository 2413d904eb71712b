package catalog

import (
	"context"
	"slices"

	"lyceum/modules/courses/internal/access"
	"lyceum/modules/storage/storageapi"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
)

// usesKey is the condition that a lesson l uses a key, as its file or as captions. It takes the key
// twice.
const usesKey = `l.id IN (SELECT u.id FROM lessons u WHERE u.asset_key = ?
	UNION ALL SELECT k.lesson_id FROM lesson_captions k WHERE k.asset_key = ?)`

// listPlaces lists up to limit places of a key. Courses in the trash may be among them.
func (s *store) listPlaces(ctx context.Context, key string, limit int) (places []keyPlace, err error) {
	err = s.db.Query(ctx, `SELECT c.id AS course_id, NULL AS lesson_id FROM courses c WHERE c.cover_key = ?
		UNION ALL SELECT l.course_id, l.id FROM lessons l WHERE l.asset_key = ?
		UNION ALL SELECT l.course_id, l.id FROM lesson_captions k JOIN lessons l ON l.id = k.lesson_id WHERE k.asset_key = ?
		LIMIT ?`, []any{key, key, key, limit},
		func(scan func(...any) error) error {
			var courseID string
			var lessonID *string
			if err := scan(&courseID, &lessonID); err != nil {
				return err
			}
			place := keyPlace{CourseID: courseID}
			if lessonID != nil {
				place.LessonID = *lessonID
			}
			places = append(places, place)
			return nil
		})
	return places, err
}

// canReadKey returns whether the caller may read a course with that cover, or an open lesson that uses
// the key.
func (s *store) canReadKey(
	ctx context.Context, caller identity.Caller, key string, now clock.Time,
) (canRead bool, err error) {
	readable, unlocked := access.Readable(caller), access.Unlocked(caller, now)
	err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM courses c WHERE c.cover_key = ? AND `+readable.SQL+`)
		OR EXISTS (SELECT 1 FROM lessons l JOIN courses c ON c.id = l.course_id WHERE `+usesKey+` AND `+readable.SQL+` AND `+unlocked.SQL+`)`,
		slices.Concat([]any{key}, readable.Args, []any{key, key}, readable.Args, unlocked.Args), &canRead)
	return canRead, err
}

// findLessonWithKey returns one lesson that uses the key, of a course that the caller may read. It
// returns db.ErrNotFound if there is none.
func (s *store) findLessonWithKey(
	ctx context.Context, caller identity.Caller, key string,
) (courseID, lessonID string, err error) {
	readable := access.Readable(caller)
	err = s.db.QueryRow(ctx, `SELECT l.course_id, l.id FROM lessons l JOIN courses c ON c.id = l.course_id
		WHERE `+usesKey+` AND `+readable.SQL+` ORDER BY l.id LIMIT 1`,
		append([]any{key, key}, readable.Args...), &courseID, &lessonID)
	return courseID, lessonID, err
}

// keyUse is one place that uses a key.
type keyUse struct {
	storageapi.Use
	Key string
}

// listUses lists the places that use the keys. Courses in the trash count, as they may come back. Of a
// course that the caller may not read, only the type of the place is told.
func (s *store) listUses(ctx context.Context, caller identity.Caller, keys []string) (found []keyUse, err error) {
	readable := access.Readable(caller)
	visible := func(column, name string) string {
		return "CASE WHEN " + readable.SQL + " THEN " + column + " END AS " + name
	}
	columns := func(id, title string) string {
		return visible(id, "id") + ", " + visible("c.id", "course_id") + ", " + visible(title, "title")
	}
	var args []any
	for range 3 { // three parts with three readable columns each
		args = slices.Concat(args, readable.Args, readable.Args, readable.Args, []any{keys})
	}
	err = s.db.Conn(ctx).Raw(`SELECT 'course' AS type, `+columns("c.id", "c.title")+`, c.cover_key AS key
			FROM courses c WHERE c.cover_key IN ?
		UNION ALL SELECT 'lesson' AS type, `+columns("l.id", "l.title")+`, l.asset_key AS key
			FROM lessons l JOIN courses c ON c.id = l.course_id WHERE l.asset_key IN ?
		UNION ALL SELECT 'lesson' AS type, `+columns("l.id", "l.title")+`, k.asset_key AS key
			FROM lesson_captions k JOIN lessons l ON l.id = k.lesson_id AND (l.asset_key IS NULL OR l.asset_key <> k.asset_key)
			JOIN courses c ON c.id = l.course_id WHERE k.asset_key IN ?`, args...).Scan(&found).Error
	return found, err
}
