package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
)

// growthPath is a request whose time is measured while the database grows.
type growthPath struct {
	name string
	next func(d *dataset, r *lyceumRoutes, n int) request
}

// growthPaths are the requests that a school makes all day. Administrators' lists of courses are never kept in memory.
var growthPaths = []growthPath{
	// The first page of courses, from the database.
	{"courses",
		func(d *dataset, r *lyceumRoutes, _ int) request { return r.listCourses(&d.admin) }},
	// The same in the order of the titles.
	{"courses by title",
		func(d *dataset, _ *lyceumRoutes, _ int) request { return get("/courses?sort=title", &d.admin) }},
	// A course with its lessons and the learner's progress.
	{"course",
		func(d *dataset, r *lyceumRoutes, n int) request { return r.showCourse(d.course(n), d.learner(n)) }},
	// The first page of courses with the learner's progress.
	{"my list",
		func(d *dataset, r *lyceumRoutes, n int) request { return r.listCourses(d.learner(n)) }},
	// The courses that the learner has begun.
	{"my progress",
		func(d *dataset, _ *lyceumRoutes, n int) request { return get("/users/me/progress", d.learner(n)) }},
	// A report that changes the progress in a lesson.
	{"report",
		func(d *dataset, r *lyceumRoutes, n int) request { return nextChange(d, r, n) }},
	// A signed URL for the file of a lesson.
	{"signed URL",
		func(d *dataset, r *lyceumRoutes, n int) request { return r.signFile(d.learner(n)) }},
	// The first page of the learners of a course.
	{"learners",
		func(d *dataset, _ *lyceumRoutes, n int) request {
			return get("/courses/"+d.course(n).id+"/learners", &d.admin)
		}},
	// The first page of the learner's notifications.
	{"notifications",
		func(d *dataset, _ *lyceumRoutes, _ int) request { return get("/notifications", d.learner(0)) }},
	// The first page of the audit log.
	{"audit log",
		func(d *dataset, _ *lyceumRoutes, _ int) request { return get("/admin/audit-logs", &d.admin) }},
}

// get returns the request of a path for somebody.
func get(path string, l *learner) request {
	return request{method: "GET", path: path, token: l.accessToken(), want: 200}
}

// growthPoint is what was measured of all paths at one step.
type growthPoint struct {
	amount
	// P50 and P99 are percentiles of the times of the answers in milliseconds, by the name of the path.
	P50 map[string]float64 `json:"p50_ms"`
	P99 map[string]float64 `json:"p99_ms"`
}

// growthReport is what a run has found out about growth.
type growthReport struct {
	Setup  setup         `json:"setup"`
	Points []growthPoint `json:"points"`
}

// measureGrowth measures all paths of Lyceum with one connection while the database grows.
func measureGrowth(ctx context.Context, o options, stderr io.Writer) (r growthReport, err error) {
	s, err := openStage(ctx, o, stderr)
	if err != nil {
		return r, err
	}
	defer s.close()
	s.say("starting Lyceum")
	if s.lyceum, err = startLyceum(ctx, s.binary, s.folder, s.services); err != nil {
		return r, err
	}
	client := newLoadClient(s.lyceum.addr, seedWorkers)
	data, err := seedSite(ctx, client, o.size)
	if err != nil {
		return r, fmt.Errorf("filling the database: %w", s.explain(err))
	}
	r.Setup = describeSetup(o)
	g := &grower{
		databaseURL: s.services.databaseURL, ownerID: data.admin.id, learnerID: data.learners[0].id,
		courses: len(data.courses),
	}
	for _, step := range o.growth {
		s.say("growing to %d courses and %d rows of progress", step.Courses, step.Progress)
		if err := g.growTo(ctx, step); err != nil {
			return r, err
		}
		point, err := measurePaths(ctx, client, data, o.roundLength())
		if err != nil {
			return r, s.explain(err)
		}
		point.amount = step
		r.Points = append(r.Points, point)
	}
	return r, nil
}

// measurePaths measures each path for some time, after a shorter time that is not counted.
func measurePaths(ctx context.Context, client *loadClient, d *dataset, length time.Duration) (p growthPoint, err error) {
	p.P50, p.P99 = map[string]float64{}, map[string]float64{}
	routes := &lyceumRoutes{}
	for _, path := range growthPaths {
		n := 0
		next := func() request { n++; return path.next(d, routes, n) }
		for _, part := range []time.Duration{min(length/2, longestWarmUp), length} {
			load := &closedLoop{client: client, next: next, connections: 1, length: part}
			latencies, _, err := load.run(ctx)
			if err != nil {
				return p, fmt.Errorf("%s: %w", path.name, err)
			}
			p.P50[path.name], p.P99[path.name] = toMillis(percentile(latencies, 50)), toMillis(percentile(latencies, 99))
		}
	}
	return p, nil
}

// rows returns the cells of the table: a row for each path, a column for each step.
func (r growthReport) rows() [][]string {
	head := []string{"ms, p50 / p99"}
	for _, p := range r.Points {
		head = append(head, fmt.Sprintf("%s courses, %s progress", shorten(p.Courses), shorten(p.Progress)))
	}
	all := [][]string{head}
	for _, path := range growthPaths {
		row := []string{path.name}
		for _, p := range r.Points {
			row = append(row, formatNumber(p.P50[path.name])+" / "+formatNumber(p.P99[path.name]))
		}
		all = append(all, row)
	}
	return all
}

// shorten returns a number with k or M for its zeros.
func shorten(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return fmt.Sprint(n/1_000_000, "M")
	case n >= 1000 && n%1000 == 0:
		return fmt.Sprint(n/1000, "k")
	}
	return fmt.Sprint(n)
}

// write writes growth.md, growth.json and growth.svg into a folder, which it makes.
func (r growthReport) write(folder string) error {
	return writeFiles(folder, "growth", r,
		map[string]string{"growth.md": markdownTable(r.rows()), "growth.svg": renderCurves(r)})
}

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

	// Each learner has progress in the first lesson of every course that was made through the API.
	growProgress = `WITH firsts AS (
			SELECT l.id, l.course_id FROM lessons l JOIN courses c ON c.id = l.course_id
			WHERE l.position = 1 AND c.slug NOT LIKE 'grown-%'
		), people AS (SELECT md5('learner ' || n)::uuid AS id, n FROM generate_series($1::bigint + 1, $2::bigint) n
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
	if _, err := conn.Exec(ctx, "SET session_replication_role = replica"); err != nil {
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
	_, err = conn.Exec(ctx, "VACUUM ANALYZE")
	return err
}
