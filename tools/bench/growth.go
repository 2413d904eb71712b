package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"lyceum/tools/bench/charts"
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
	Setup   setup         `json:"setup"`
	Points  []growthPoint `json:"points"`
	Sockets []socketPoint `json:"sockets"`
}

// measureGrowth measures a chat while its sockets become more, and all paths of Lyceum with one connection while the
// database grows.
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
	s.say("opening up to %d sockets", o.sockets[len(o.sockets)-1])
	if r.Sockets, err = measureSockets(ctx, s.lyceum, data, o); err != nil {
		return r, s.explain(err)
	}
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
			row = append(row, charts.FormatNumber(p.P50[path.name])+" / "+charts.FormatNumber(p.P99[path.name]))
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

// chart returns the chart of the median times of all paths.
func (r growthReport) chart() charts.Curves {
	c := charts.Curves{Title: "Time to answer while the database grows (flat is better)", Unit: "ms"}
	for _, p := range r.Points {
		c.Steps = append(c.Steps, []string{shorten(p.Courses) + " courses", shorten(p.Progress) + " progress"})
	}
	for _, path := range growthPaths {
		curve := charts.Curve{Name: path.name}
		for _, p := range r.Points {
			curve.Values = append(curve.Values, p.P50[path.name])
		}
		c.Curves = append(c.Curves, curve)
	}
	return c
}

// write writes growth.md, growth.json, growth.svg and sockets.svg into a folder, which it makes.
func (r growthReport) write(folder string) error {
	return writeFiles(folder, "growth", r, map[string]string{
		"growth.md":  markdownTable(r.rows()) + "\n" + markdownTable(socketRows(r.Sockets)),
		"growth.svg": r.chart().SVG(), "sockets.svg": chartSockets(r.Sockets).SVG(),
	})
}
