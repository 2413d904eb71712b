package courses_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// benchSite is a site with many courses, and the yardstick: a bare server on the same database with
// fasthttp, pgx and JSON written by hand, and no rule but the query's own.
type benchSite struct {
	*sitetest.Site
	c       *sitetest.LoadClient
	bare    *sitetest.LoadClient
	pool    *pgxpool.Pool
	courses []string
	lessons []string
	tokens  []string
	users   []string
}

func newBenchSite(b *testing.B) *benchSite {
	vars := sitetest.Services(b)
	vars["RATE_LIMIT_ENABLED"], vars["DATABASE_MAX_CONNS"] = "false", "8"
	s := sitetest.Start(b, vars)
	l := &benchSite{Site: s, c: s.NewLoadClient(b)}
	admin := s.AdminToken()
	for i := range 200 {
		id := s.Want(201, "POST", "/courses", admin,
			map[string]any{"title": fmt.Sprint("Course ", i), "summary": "What it is about, in a sentence or two.",
				"description": "Longer text.", "tags": []string{"go", "web"}, "status": "published"}).Text("id")
		for j := range 5 {
			l.lessons = append(l.lessons,
				s.Want(201, "POST", "/courses/"+id+"/lessons", admin,
					map[string]any{"title": fmt.Sprint("Lesson ", j), "content": "Text."}).Text("id"))
		}
		l.courses = append(l.courses, id)
	}
	var emails []string
	for i := range 32 {
		email, id, token := s.NewAccount(fmt.Sprint("reader-", i))
		l.users, l.tokens, emails = append(l.users, id), append(l.tokens, token), append(emails, email)
	}
	for _, c := range l.courses {
		s.Want(200, "POST", "/courses/"+c+"/enrollments/batch", admin, sitetest.Batch(emails...))
	}
	// Everybody has begun every course: the first report in one takes more than those that follow.
	sitetest.MeasureRate(len(l.users)*len(l.courses), 8, func(i int) {
		c := i % len(l.courses)
		l.c.Try("PUT", "/courses/"+l.courses[c]+"/lessons/"+l.lessons[5*c]+"/progress",
			l.tokens[(i-1)/len(l.courses)], `{"percent":1}`)
	})
	l.startBare(b, vars["DATABASE_URL"])
	return l
}

func (l *benchSite) startBare(b *testing.B, url string) {
	cfg, err := pgxpool.ParseConfig(url)
	require.NoError(b, err)
	cfg.MaxConns = 8
	l.pool, err = pgxpool.NewWithConfig(b.Context(), cfg)
	require.NoError(b, err)
	b.Cleanup(l.pool.Close)
	addr := "127.0.0.1:" + testkit.FreePort(b)
	server := &fasthttp.Server{Handler: l.answerBare}
	go func() { _ = server.ListenAndServe(addr) }()
	b.Cleanup(func() { _ = server.Shutdown() })
	l.bare = sitetest.NewLoadClient(b, addr)
	require.Eventually(b, func() bool { return l.bare.Try("GET", "/list", "", "") == 200 }, 5*time.Second,
		10*time.Millisecond)
}

func (l *benchSite) answerBare(ctx *fasthttp.RequestCtx) {
	var out []byte
	var err error
	switch string(ctx.Path()) {
	case "/list":
		out, err = l.bareList()
	case "/detail":
		out, err = l.bareDetail(string(ctx.QueryArgs().Peek("id")))
	default:
		out, err = l.bareProgress(ctx.QueryArgs())
	}
	if err != nil {
		ctx.Error(err.Error(), 500)
		return
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(out)
}

func (l *benchSite) bareList() ([]byte, error) {
	rows, err := l.pool.Query(context.Background(),
		`SELECT c.id::text, c.slug, c.title, c.summary, c.visibility, c.status, c.tags, c.owner_id::text, u.display_name, c.lesson_count, c.created_at, c.updated_at
		FROM courses c JOIN users u ON u.id = c.owner_id WHERE c.deleted_at IS NULL AND c.status = 'published' AND c.visibility = 'public' ORDER BY c.created_at DESC, c.id DESC LIMIT 21`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []byte(`{"items":[`)
	for n := 0; rows.Next(); n++ {
		if n > 0 {
			out = append(out, ',')
		}
		if out, err = bareCourse(out, rows.Scan); err != nil {
			return nil, err
		}
	}
	return append(out, `]}`...), rows.Err()
}

func bareCourse(out []byte, scan func(...any) error) ([]byte, error) {
	var id, slug, title, summary, visibility, status, tags, owner, name string
	var lessons, created, updated int64
	if err := scan(&id, &slug, &title, &summary, &visibility, &status, &tags, &owner, &name, &lessons, &created,
		&updated); err != nil {
		return nil, err
	}
	for _, pair := range [][2]string{
		{`{"id":"`, id}, {`","slug":"`, slug}, {`","title":"`, title}, {`","summary":"`, summary},
		{`","visibility":"`, visibility}, {`","status":"`, status},
		{`","tags":`, tags}, {`,"owner":{"id":"`, owner}, {`","display_name":"`, name},
		{`"},"created_at":"`, time.UnixMilli(created).UTC().Format(time.RFC3339)},
		{`","updated_at":"`, time.UnixMilli(updated).UTC().Format(time.RFC3339)},
	} {
		out = append(append(out, pair[0]...), pair[1]...)
	}
	out = append(out, `","lesson_count":`...)
	return append(strconv.AppendInt(out, lessons, 10), '}'), nil
}

func (l *benchSite) bareDetail(id string) ([]byte, error) {
	out, err := bareCourse(nil,
		l.pool.QueryRow(context.Background(),
			`SELECT c.id::text, c.slug, c.title, c.summary, c.visibility, c.status, c.tags, c.owner_id::text, u.display_name, c.lesson_count, c.created_at, c.updated_at
		FROM courses c JOIN users u ON u.id = c.owner_id WHERE c.id = $1`, id).Scan)
	if err != nil {
		return nil, err
	}
	rows, err := l.pool.Query(context.Background(),
		"SELECT id::text, title, position FROM lessons WHERE course_id = $1 ORDER BY position", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, title string
		var position int64
		if err := rows.Scan(&id, &title, &position); err != nil {
			return nil, err
		}
		out = append(append(append(append(append(out, `,{"id":"`...), id...), `","title":"`...), title...),
			`","position":`...)
		out = append(strconv.AppendInt(out, position, 10), '}')
	}
	return out, rows.Err()
}

func (l *benchSite) bareProgress(q *fasthttp.Args) ([]byte, error) {
	var percent int
	err := l.pool.QueryRow(context.Background(),
		`WITH w AS (INSERT INTO lesson_progress AS lp (user_id, lesson_id, course_id, percent, position_seconds, updated_at, gained)
		SELECT $1, l.id, l.course_id, $3, 0, $4, $3 FROM lessons l JOIN enrollments e ON e.course_id = l.course_id AND e.user_id = $1 WHERE l.id = $2
		ON CONFLICT (user_id, lesson_id) DO UPDATE SET gained = GREATEST(lp.percent, excluded.percent) - lp.percent, percent = GREATEST(lp.percent, excluded.percent), updated_at = excluded.updated_at
		RETURNING course_id, percent, gained), s AS (INSERT INTO course_progress AS p (user_id, course_id, percent_sum, completed_lessons, last_activity_at)
		SELECT $1, course_id, gained, 0, $4 FROM w ON CONFLICT (user_id, course_id) DO UPDATE SET percent_sum = p.percent_sum + excluded.percent_sum, last_activity_at = excluded.last_activity_at)
		SELECT percent FROM w`, string(q.Peek("user")), string(q.Peek("lesson")), q.GetUintOrZero("percent"), time.Now().UnixMilli()).Scan(&percent)
	return fmt.Appendf(nil, `{"percent":%d}`, percent), err
}

// Requests a second beside the yardstick's, in turns within one run; both servers, the client and PostgreSQL
// share the machine.
func BenchmarkCourses(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(sitetest.GCPercent)) // as serve does
	l := newBenchSite(b)
	pick := func() (course, lesson string, user int) {
		i := rand.IntN(len(l.courses))
		return l.courses[i], l.lessons[5*i+rand.IntN(5)], rand.IntN(len(l.users))
	}
	hold := func(want, got int) {
		if got != want {
			b.Errorf("status %d instead of %d", got, want)
		}
	}
	etag := l.Want(200, "GET", "/courses", "", nil).Header.Get("ETag")
	ours := map[string]func(int){
		"list":   func(int) { hold(200, l.c.Try("GET", "/courses", "", "")) },
		"member": func(int) { _, _, u := pick(); hold(200, l.c.Try("GET", "/courses", l.tokens[u], "")) },
		"detail": func(int) { c, _, _ := pick(); hold(200, l.c.Try("GET", "/courses/"+c, "", "")) },
		"304":    func(int) { hold(304, l.c.Try("GET", "/courses", "", "", "If-None-Match", etag)) },
		"progress": func(int) {
			c, lesson, u := pick()
			hold(200,
				l.c.Try("PUT", "/courses/"+c+"/lessons/"+lesson+"/progress", l.tokens[u],
					fmt.Sprintf(`{"percent":%d}`, rand.IntN(100))))
		},
	}
	list := func(int) { hold(200, l.bare.Try("GET", "/list", "", "")) }
	theirs := map[string]func(int){
		"list": list, "member": list, "304": list,
		"detail": func(int) { c, _, _ := pick(); hold(200, l.bare.Try("GET", "/detail?id="+c, "", "")) },
		"progress": func(int) {
			_, lesson, u := pick()
			hold(200,
				l.bare.Try("PUT",
					fmt.Sprintf("/progress?user=%s&lesson=%s&percent=%d", l.users[u], lesson, rand.IntN(100)), "",
					""))
		},
	}
	for _, name := range []string{"list", "member", "detail", "304", "progress"} {
		b.Run(name, func(b *testing.B) { b.ReportAllocs(); sitetest.CompareRates(b, ours[name], theirs[name]) })
	}
}
