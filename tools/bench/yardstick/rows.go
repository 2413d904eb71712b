package yardstick

import (
	"strconv"
	"time"
)

// The queries of the yardstick. Each is what the answer needs and nothing else.
const (
	courseColumns = `c.id::text, c.slug, c.title, c.summary, c.visibility, c.status, c.tags, c.owner_id::text,
		u.display_name, c.lesson_count, c.created_at, c.updated_at, c.published_at`
	progressColumns = `, COALESCE(p.percent_sum, 0), COALESCE(p.completed_lessons, 0)`
	fromCourses     = ` FROM courses c JOIN users u ON u.id = c.owner_id`
	joinProgress    = ` LEFT JOIN course_progress p ON p.course_id = c.id AND p.user_id = $1`
	firstPage       = ` WHERE c.deleted_at IS NULL AND c.status = 'published' AND c.visibility = 'public'
		ORDER BY c.created_at DESC, c.id DESC LIMIT 20`

	selectCourses   = `SELECT ` + courseColumns + fromCourses + firstPage
	selectCoursesOf = `SELECT ` + courseColumns + progressColumns + fromCourses + joinProgress + firstPage
	selectCourse    = `SELECT ` + courseColumns + `, c.version` + fromCourses + ` WHERE c.id = $1`
	selectCourseOf  = `SELECT ` + courseColumns + progressColumns + `, c.version` + fromCourses + joinProgress +
		` WHERE c.id = $2`
	selectLessons = `SELECT id::text, position, title, asset_key, duration_seconds, created_at, updated_at
		FROM lessons WHERE course_id = $1 ORDER BY position`
	selectFile = `SELECT blob_id::text, content_type FROM storage_assets a
		WHERE key = $1 AND EXISTS (SELECT FROM lessons l WHERE l.asset_key = a.key)`
	selectPassword = `SELECT u.id::text, c.password_hash FROM users u JOIN auth_credentials c ON c.user_id = u.id
		WHERE u.email = $1`

	// writeProgress stores a report that changes something, adds what the row gains to the sums of the course, and
	// returns the row.
	writeProgress = `WITH seen AS (
			SELECT percent, updated_at FROM lesson_progress
			WHERE user_id = $1 AND lesson_id = $2 AND percent >= $3 AND position_seconds = $4
		), written AS (
			INSERT INTO lesson_progress AS lp
				(user_id, lesson_id, course_id, percent, position_seconds, updated_at, gained)
			SELECT $1, l.id, l.course_id, $3, $4, $5, $3
			FROM lessons l JOIN enrollments e ON e.course_id = l.course_id AND e.user_id = $1
			WHERE l.id = $2 AND NOT EXISTS (SELECT FROM seen)
			ON CONFLICT (user_id, lesson_id) DO UPDATE SET
				gained = GREATEST(lp.percent, excluded.percent) - lp.percent,
				percent = GREATEST(lp.percent, excluded.percent),
				position_seconds = excluded.position_seconds, updated_at = excluded.updated_at
			RETURNING course_id, percent, updated_at, gained
		), summed AS (
			INSERT INTO course_progress AS p (user_id, course_id, percent_sum, completed_lessons, last_activity_at)
			SELECT $1, course_id, gained, 0, $5 FROM written
			ON CONFLICT (user_id, course_id) DO UPDATE SET
				percent_sum = p.percent_sum + excluded.percent_sum, last_activity_at = excluded.last_activity_at
		)
		SELECT percent, updated_at FROM written UNION ALL SELECT percent, updated_at FROM seen`
)

// courseRow is a row of a course with the name of its owner and, for a user, the sums of their progress.
type courseRow struct {
	id, slug, title, summary, visibility, status, tags, ownerID, ownerName string
	lessonCount, created, updated                                          int64
	published                                                              *int64
	hasProgress                                                            bool
	percentSum, completed                                                  int64
}

// targets returns where the columns of the row go, with those of progress if they are asked for.
func (c *courseRow) targets(hasProgress bool) []any {
	c.hasProgress = hasProgress
	all := []any{
		&c.id, &c.slug, &c.title, &c.summary, &c.visibility, &c.status, &c.tags, &c.ownerID, &c.ownerName,
		&c.lessonCount, &c.created, &c.updated, &c.published,
	}
	if hasProgress {
		all = append(all, &c.percentSum, &c.completed)
	}
	return all
}

// appendFields appends the course as JSON without the brace at its end. It escapes nothing: the texts of the
// measurement have nothing to escape. tags is JSON in the database.
func (c *courseRow) appendFields(out []byte) []byte {
	out = appendText(out, `{"id":"`, c.id)
	out = appendText(out, `","slug":"`, c.slug)
	out = appendText(out, `","title":"`, c.title)
	out = appendText(out, `","summary":"`, c.summary)
	out = appendText(out, `","visibility":"`, c.visibility)
	out = appendText(out, `","status":"`, c.status)
	out = appendText(out, `","tags":`, c.tags)
	out = appendText(out, `,"owner":{"id":"`, c.ownerID)
	out = appendText(out, `","display_name":"`, c.ownerName)
	out = strconv.AppendInt(append(out, `"},"lesson_count":`...), c.lessonCount, 10)
	out = appendTime(out, `,"created_at":"`, c.created)
	out = appendTime(out, `","updated_at":"`, c.updated)
	if c.published != nil {
		out = appendTime(out, `","published_at":"`, *c.published)
	}
	out = append(out, '"')
	if !c.hasProgress {
		return out
	}
	out = strconv.AppendInt(append(out, `,"progress":{"percent":`...), c.percentSum/max(c.lessonCount, 1), 10)
	out = strconv.AppendInt(append(out, `,"completed_lessons":`...), c.completed, 10)
	return append(out, '}')
}

// lessonRow is a row of a lesson.
type lessonRow struct {
	id, title                            string
	assetKey                             *string
	position, duration, created, updated int64
}

// appendJSON appends the lesson as JSON.
func (l *lessonRow) appendJSON(out []byte) []byte {
	out = appendText(out, `{"id":"`, l.id)
	out = appendText(out, `","title":"`, l.title)
	out = append(out, '"')
	if l.assetKey != nil {
		out = append(appendText(out, `,"asset_key":"`, *l.assetKey), '"')
	}
	out = strconv.AppendInt(append(out, `,"position":`...), l.position, 10)
	out = strconv.AppendInt(append(out, `,"duration_seconds":`...), l.duration, 10)
	out = appendTime(out, `,"created_at":"`, l.created)
	return append(appendTime(out, `","updated_at":"`, l.updated), `"}`...)
}

// appendText appends a piece of JSON and a text.
func appendText(out []byte, piece, text string) []byte { return append(append(out, piece...), text...) }

// appendTime appends a piece of JSON and a time, which is given in milliseconds since 1970.
func appendTime(out []byte, piece string, ms int64) []byte {
	return time.UnixMilli(ms).UTC().AppendFormat(append(out, piece...), "2006-01-02T15:04:05.000Z07:00")
}

// appendETag appends the ETag of a version.
func appendETag(out []byte, version int64) []byte {
	return append(strconv.AppendInt(append(out, '"'), version, 10), '"')
}
