package main

// scenario is a kind of request that is measured.
type scenario struct {
	// name is how -only names it, and about says what is sent.
	name, about string
	// next returns the n-th request to the server that has the routes. It is called by many goroutines.
	next func(d *dataset, r routes, n int) request
	// chat is set instead of next for messages over sockets; what is counted then are deliveries.
	chat *chatLoad
	// perCore bounds the connections for each core; 0 means no bound of its own.
	perCore int
}

// limitConnections returns on how many of the connections the scenario sends, at least one.
func (s scenario) limitConnections(connections, cores int) int {
	if s.perCore == 0 {
		return connections
	}
	return min(connections, s.perCore*cores)
}

// loginsPerCore keeps logins short: each waits for a core, and Lyceum refuses one that has waited for 1.8 s.
const loginsPerCore = 4

// allScenarios holds all scenarios, in the order of the table.
var allScenarios = []scenario{
	{name: "list-anonymous", about: "the first page of 20 public courses, without a token",
		next: func(_ *dataset, r routes, _ int) request { return r.listCourses(nil) }},
	{name: "list-member", about: "the same page with the learner's progress in each course",
		next: func(d *dataset, r routes, n int) request { return r.listCourses(d.learner(n)) }},
	{name: "detail", about: "a course with its five lessons, without a token",
		next: func(d *dataset, r routes, n int) request { return r.showCourse(d.course(n), nil) }},
	{name: "detail-not-modified", about: "the same with If-None-Match, answered by 304",
		next: func(d *dataset, r routes, n int) request { return r.revalidateCourse(d.course(n)) }},
	{name: "progress-changing", about: "a report that raises percent and position in a lesson", next: nextChange},
	{name: "progress-unchanged", about: "a report that repeats what is stored", next: nextRepetition},
	{name: "sign", about: "a signed URL for the file of a lesson",
		next: func(d *dataset, r routes, n int) request { return r.signFile(d.learner(n)) }},
	{name: "class-mix", about: "60 % lists and details, 30 % reports, 10 % signed URLs, of learners", next: nextOfClass},
	{name: "login", about: "a login with email address and password", perCore: loginsPerCore,
		next: func(d *dataset, r routes, n int) request { return r.logIn(d.learner(n)) }},
	{name: "chat-fan-out", about: "deliveries to 500 sockets of messages of eight, each sent after the acknowledgment of the last",
		chat: &chatLoad{sockets: 500, senders: 8}},
	{name: "chat-paced", about: "deliveries to 100 sockets of 100 messages a second",
		chat: &chatLoad{sockets: 100, senders: 10, perSecond: 100}},
}

// progressReport is a report about a lesson, which it names by its place in the course.
type progressReport struct{ lesson, percent, position int }

// changingLesson is the place of the lesson whose progress rises.
const changingLesson = 0

// unchangedReport is stored before the measurement and repeated in it.
var unchangedReport = progressReport{lesson: 1, percent: 50, position: 10}

// The bounds of what a report may say. A percentage of 100 would complete the lesson, which is a work of its own.
const (
	highestPercent = 99
	positions      = 1_000_000
)

// nextChange returns a report that changes a row: the percentage rises by one in each pass over all pairs, and the
// position differs from that of the pass before.
func nextChange(d *dataset, r routes, _ int) request {
	i := int(d.reports.Add(1))
	l, c := d.pair(i)
	passes := i / (len(d.learners) * len(d.courses))
	return r.reportProgress(l, c,
		progressReport{lesson: changingLesson, percent: min(2+passes, highestPercent), position: i % positions})
}

// nextRepetition returns a report that is stored already.
func nextRepetition(d *dataset, r routes, n int) request {
	l, c := d.pair(n % (unchangedCourses(d) * len(d.learners)))
	return r.reportProgress(l, c, unchangedReport)
}

// nextOfClass returns what a class does: of ten requests three are lists, three details, three reports and one signs.
func nextOfClass(d *dataset, r routes, n int) request {
	switch n % 10 {
	case 0, 3, 6:
		return r.listCourses(d.learner(n))
	case 1, 4, 7:
		return r.showCourse(d.course(n), d.learner(n))
	case 2, 5, 8:
		return nextChange(d, r, n)
	default:
		return r.signFile(d.learner(n))
	}
}

// scenarioNames returns the names of all scenarios.
func scenarioNames() (names []string) {
	for _, s := range allScenarios {
		names = append(names, s.name)
	}
	return names
}

// learner returns a learner for the n-th request: neighbors get different ones.
func (d *dataset) learner(n int) *learner { return &d.learners[n%len(d.learners)] }

// course returns a course for the n-th request.
func (d *dataset) course(n int) *course { return &d.courses[n%len(d.courses)] }

// pair returns the n-th pair of a learner and a course. All pairs come before one comes again, and neighbors have
// different learners, so that requests at the same time change different rows.
func (d *dataset) pair(n int) (*learner, *course) { return d.learner(n), d.course(n / len(d.learners)) }

// unchangedCourses returns how many courses, from the first on, have what progress-unchanged repeats.
func unchangedCourses(d *dataset) int { return min(len(d.courses), 20) }
