package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// amount is how much there is of everything at one step of the growth.
type amount struct {
	Courses       int `json:"courses"`
	Progress      int `json:"progress_rows"`
	Notifications int `json:"notifications"`
	AuditEntries  int `json:"audit_entries"`
}

// growthSteps are the steps from a small school to a large one.
var growthSteps = []amount{
	{Courses: 200, Progress: 10_000, Notifications: 1_000, AuditEntries: 1_000},
	{Courses: 20_000, Progress: 100_000, Notifications: 30_000, AuditEntries: 30_000},
	{Courses: 200_000, Progress: 1_000_000, Notifications: 200_000, AuditEntries: 200_000},
	{Courses: 1_000_000, Progress: 10_000_000, Notifications: 1_000_000, AuditEntries: 1_000_000},
}

// Rows that were not made through the API are older than those that were, and belong to nobody: the measured learners
// meet them in indexes only. $1 is the last number that exists and $2 the last one wanted.
const (
	growCourses = `WITH made AS (
			INSERT INTO courses (id, slug, title, folded_title, search_text, summary, description, visibility, status,
				tags, owner_id, lesson_count, published_at, version, created_at, updated_at)
			SELECT gen_random_uuid(), 'grown-' || n, 'Grown ' || n, 'grown ' || n, 'grown ' || n, 'Summary', '', 'public',
				'published', '[]', $3, 1, 1600000000000 + n, 1, 1600000000000 + n, 1600000000000 + n
			FROM generate_series($1::bigint + 1, $2::bigint) n RETURNING id, created_at
		)
		INSERT INTO lessons (id, course_id, position, title, content, content_html, duration_seconds, version, created_at, updated_at)
		SELECT gen_random_uuid(), id, 1, 'Lesson', 'Text.', '<p>Text.</p>', 0, 1, created_at, created_at FROM made`

	// Each learner has progress in the first lesson of every course that was made through the API. Their ids rise, as
	// rows at random places of an index take several times as long.
	growProgress = `WITH firsts AS (
			SELECT l.id, l.course_id FROM lessons l JOIN courses c ON c.id = l.course_id
			WHERE l.position = 1 AND c.slug NOT LIKE 'grown-%'
		), people AS (SELECT lpad(to_hex(n), 32, '0')::uuid AS id, n FROM generate_series($1::bigint + 1, $2::bigint) n
		), enrolled AS (
			INSERT INTO enrollments (user_id, course_id, created_at)
			SELECT p.id, f.course_id, 1600000000000 + p.n FROM people p, firsts f
		), begun AS (
			INSERT INTO course_progress (user_id, course_id, percent_sum, completed_lessons, last_activity_at)
			SELECT p.id, f.course_id, 50, 0, 1600000000000 + p.n FROM people p, firsts f
		)
		INSERT INTO lesson_progress (user_id, lesson_id, course_id, percent, position_seconds, updated_at)
		SELECT p.id, f.id, f.course_id, 50, 0, 1600000000000 + p.n FROM people p, firsts f`

	growNotifications = `INSERT INTO notifications (id, user_id, event_id, kind, title, body, link, hidden, created_at)
		SELECT gen_random_uuid(), CASE WHEN n % 1000 = 0 THEN $3 ELSE md5('learner ' || n % 5000)::uuid END, gen_random_uuid(),
			'course_published', 'Title', 'Body', '', FALSE, 1600000000000 + n
		FROM generate_series($1::bigint + 1, $2::bigint) n`

	growAuditEntries = `INSERT INTO audit_entries (seq, id, action, actor_id, target_type, target_id, ip, user_agent, request_id,
			data, created_at, prev_hash, hash)
		SELECT 1000000000 + n, gen_random_uuid(), 'course.updated', md5('learner ' || n % 5000)::uuid, 'course', 'grown-' || n, '', '', '',
			'{}', 1600000000000 + n, '', 'grown-' || n
		FROM generate_series($1::bigint + 1, $2::bigint) n`
)

// grower fills the database with rows that nobody asks for.
type grower struct {
	databaseURL string
	ownerID     string
	learnerID   string
	courses     int
	now         amount
}

// growTo adds rows until there are as many as a step says, and lets PostgreSQL count them.
func (g *grower) growTo(ctx context.Context, step amount) error {
	conn, err := pgx.Connect(ctx, g.databaseURL)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it has done its work
	// Foreign keys hold by the statements themselves. Checking each row would take most of the time.
	if _, err := conn.Exec(ctx, "SET session_replication_role = replica; SET maintenance_work_mem = '1GB'"); err != nil {
		return err
	}
	buildAgain, err := dropIndexes(ctx, conn)
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name, statement string
		from, to        int
		args            []any
	}{
		{"courses", growCourses, g.now.Courses, step.Courses - g.courses, []any{g.ownerID}},
		{"progress", growProgress, g.now.Progress / g.courses, step.Progress / g.courses, nil},
		{"notifications", growNotifications, g.now.Notifications, step.Notifications, []any{g.learnerID}},
		{"audit entries", growAuditEntries, g.now.AuditEntries, step.AuditEntries, nil},
	} {
		if part.to <= part.from {
			continue
		}
		if _, err := conn.Exec(ctx, part.statement, append([]any{part.from, part.to}, part.args...)...); err != nil {
			return fmt.Errorf("adding %s: %w", part.name, err)
		}
	}
	g.now = step
	g.now.Courses = step.Courses - g.courses
	for _, statement := range append(buildAgain, "VACUUM ANALYZE") {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// grownIndexes lists the indexes of the tables that grow, but not those of their keys.
const grownIndexes = `SELECT i.schemaname, i.indexname, i.indexdef FROM pg_indexes i
	WHERE i.tablename IN ('courses', 'lessons', 'enrollments', 'course_progress', 'lesson_progress', 'notifications', 'audit_entries')
	AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = (quote_ident(i.schemaname) || '.' || quote_ident(i.indexname))::regclass)`

// dropIndexes drops the indexes of grownIndexes and returns the statements that build them again: to build an index
// takes much less time than to add millions of rows to it.
func dropIndexes(ctx context.Context, conn *pgx.Conn) (buildAgain []string, err error) {
	rows, err := conn.Query(ctx, grownIndexes)
	if err != nil {
		return nil, err
	}
	type index struct{ schema, name, definition string }
	indexes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (i index, err error) {
		return i, row.Scan(&i.schema, &i.name, &i.definition)
	})
	if err != nil {
		return nil, err
	}
	for _, i := range indexes {
		if _, err := conn.Exec(ctx, "DROP INDEX "+pgx.Identifier{i.schema, i.name}.Sanitize()); err != nil {
			return nil, err
		}
		buildAgain = append(buildAgain, i.definition)
	}
	return buildAgain, nil
}
