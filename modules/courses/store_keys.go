package courses

import (
	"context"
	"slices"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/auth"
	"lyceum/platform/clock"
)

// mayReadKey says whether the caller may read a course with that cover, or an open lesson of such a course that uses the key.
func (s *store) mayReadKey(ctx context.Context, caller auth.Caller, key string, now clock.Time) (may bool, err error) {
	readable, args := readable(caller)
	unlocked, more := unlocked(caller, now)
	err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM courses c WHERE c.cover_key = ? AND `+readable+`)
		OR EXISTS (SELECT 1 FROM lessons l JOIN courses c ON c.id = l.course_id WHERE l.asset_key = ? AND `+readable+` AND `+unlocked+`)`,
		slices.Concat([]any{key}, args, []any{key}, args, more), &may)
	return may, err
}

// lessonWithKey is one lesson that uses the key, of a course that the caller may read; db.ErrNotFound when there is none.
func (s *store) lessonWithKey(ctx context.Context, caller auth.Caller, key string) (courseID, lessonID string, err error) {
	readable, args := readable(caller)
	err = s.db.QueryRow(ctx, `SELECT l.course_id, l.id FROM lessons l JOIN courses c ON c.id = l.course_id
		WHERE l.asset_key = ? AND `+readable+` ORDER BY l.id LIMIT 1`, append([]any{key}, args...), &courseID, &lessonID)
	return courseID, lessonID, err
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
