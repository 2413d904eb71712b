package courses

import (
	"context"
	"slices"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
)

// usesKey is the condition that a lesson l has a key, as its file or as captions; it takes the key twice.
const usesKey = "(l.asset_key = ? OR l.id IN (SELECT k.lesson_id FROM lesson_captions k WHERE k.asset_key = ?))"

// mayReadKey says whether the caller may read a course with that cover, or an open lesson of such a course that uses the key.
func (s *store) mayReadKey(ctx context.Context, caller identity.Caller, key string, now clock.Time) (may bool, err error) {
	readable, args := readable(caller)
	unlocked, more := unlocked(caller, now)
	err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM courses c WHERE c.cover_key = ? AND `+readable+`)
		OR EXISTS (SELECT 1 FROM lessons l JOIN courses c ON c.id = l.course_id WHERE `+usesKey+` AND `+readable+` AND `+unlocked+`)`,
		slices.Concat([]any{key}, args, []any{key, key}, args, more), &may)
	return may, err
}

// lessonWithKey is one lesson that uses the key, of a course that the caller may read; db.ErrNotFound when there is none.
func (s *store) lessonWithKey(ctx context.Context, caller identity.Caller, key string) (courseID, lessonID string, err error) {
	readable, args := readable(caller)
	err = s.db.QueryRow(ctx, `SELECT l.course_id, l.id FROM lessons l JOIN courses c ON c.id = l.course_id
		WHERE `+usesKey+` AND `+readable+` ORDER BY l.id LIMIT 1`, append([]any{key, key}, args...), &courseID, &lessonID)
	return courseID, lessonID, err
}

// usesOf lists what uses the keys, courses in the trash too: they may come back. Of what the caller may not
// read it tells no more than that there is something.
func (s *store) usesOf(ctx context.Context, caller identity.Caller, keys []string) (found []struct {
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
	captions, args3 := part("lesson", "l.id", "l.title", "k.asset_key",
		"lesson_captions k JOIN lessons l ON l.id = k.lesson_id AND (l.asset_key IS NULL OR l.asset_key <> k.asset_key) JOIN courses c ON c.id = l.course_id")
	err = s.db.Conn(ctx).Raw(courses+" UNION ALL "+lessons+" UNION ALL "+captions, slices.Concat(args1, args2, args3)...).Scan(&found).Error
	return found, err
}
