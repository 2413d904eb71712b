package faults

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ledger is what the load has done and what was acknowledged. Its lists name things by what the load chose, such as a
// title or an address, so that the check finds them again whatever the server made of them.
type ledger struct {
	mu    sync.Mutex
	works map[string]*work

	accounts  []string // addresses of registered accounts
	redeemers []string // those of them that redeemed the invite
	courses   []acknowledgedCourse
	announced []string // titles
	finished  []completion
	messages  map[string]int64 // seq by body
	uploads   map[string]string
	// surprises are answers that no fault explains.
	surprises []string
}

// acknowledgedCourse is a course with one lesson.
type acknowledgedCourse struct{ id, title, lessonID string }

// completion is a course that a learner has finished.
type completion struct {
	learner *person
	course  acknowledgedCourse
}

// work is one kind of work.
type work struct {
	acknowledged, refused int
	// busy is how many of the refusals were answers of 503. They are told apart only in a short run, beside which other
	// tests keep the machine busy: a database that does not answer in time is no fault of the story then.
	busy int
	// sentAway is how often a replica that ends has closed a socket, after which the next one is opened.
	sentAway int
	// begun is when the last acknowledged piece began.
	begun time.Time
	// slowest is the longest time between a request and its answer, whatever it was.
	slowest time.Duration
	// refusals are the last few.
	refusals []string
}

// keptRefusals bounds the list of a kind of work.
const keptRefusals = 5

// newLedger returns an empty ledger of the kinds of work.
func newLedger(kinds []string) *ledger {
	l := &ledger{works: map[string]*work{}, messages: map[string]int64{}, uploads: map[string]string{}}
	for _, kind := range kinds {
		l.works[kind] = &work{}
	}
	return l
}

// acknowledge notes a piece of work that was acknowledged, and what else note writes down of it.
func (l *ledger) acknowledge(kind string, begun time.Time, note func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.works[kind]
	w.acknowledged++
	w.begun = begun
	if note != nil {
		note()
	}
}

// refuse notes an answer that acknowledges nothing, or that there was none.
func (l *ledger) refuse(kind, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.works[kind]
	if strings.Contains(why, "close 1001") {
		w.sentAway++
		return
	}
	w.refused++
	if strings.HasPrefix(why, "503 ") && !proves() {
		w.busy++
		return
	}
	if len(w.refusals) == keptRefusals {
		w.refusals = w.refusals[1:]
	}
	w.refusals = append(w.refusals, time.Now().Format(time.TimeOnly)+" "+why)
}

// surprise notes an answer that should not have been given, whatever fails.
func (l *ledger) surprise(kind, format string, values ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.surprises = append(l.surprises, kind+": "+fmt.Sprintf(format, values...))
}

// time notes how long an answer took.
func (l *ledger) time(kind string, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.works[kind]
	w.slowest = max(w.slowest, took)
}

// figures are the sums of all kinds of work.
type figures struct {
	acknowledged, refused, busy int
	// slowest is the longest time to an answer, and slowestKind the work that waited for it.
	slowest     time.Duration
	slowestKind string
}

// sum returns the figures since the last call.
func (l *ledger) sum(before figures) (since, total figures) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for kind, w := range l.works {
		total.acknowledged += w.acknowledged
		total.refused += w.refused
		total.busy += w.busy
		if w.slowest > since.slowest {
			since.slowest, since.slowestKind = w.slowest, kind
		}
		w.slowest = 0
	}
	since.acknowledged, since.refused = total.acknowledged-before.acknowledged, total.refused-before.refused
	return since, total
}

// awaitWork waits until a piece of every kind of work has begun after an instant and was acknowledged.
func (l *ledger) awaitWork(t *testing.T, since time.Time, limit time.Duration) {
	t.Helper()
	var fault atomic.Value
	require.Eventually(t, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		var missing []string
		for kind, w := range l.works {
			if w.begun.Before(since) {
				missing = append(missing, fmt.Sprint(kind, " ", w.refusals, " and ", w.busy, " answers of 503"))
			}
		}
		if len(missing) > 0 {
			fault.Store(fmt.Sprintf("no work of these kinds succeeds: %s\nsurprises: %s", missing, l.surprises))
		}
		return len(missing) == 0
	}, limit, 5*time.Millisecond, "%v", &fault)
}

// String returns a line for each kind of work.
func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []string
	for kind, w := range l.works {
		lines = append(lines, fmt.Sprintf("%-16s %6d acknowledged %5d refused", kind, w.acknowledged, w.refused))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// refusals returns the last refusals of each kind of work.
func (l *ledger) refusals() (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for kind, w := range l.works {
		for _, why := range w.refusals {
			all = append(all, kind+": "+why)
		}
	}
	return all
}
