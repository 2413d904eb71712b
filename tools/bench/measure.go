package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// settleTime bounds how long a server may go on with work of its own before the other one is measured.
const settleTime = 2 * time.Second

// longestWarmUp bounds the time before the first round of a scenario that is not counted.
const longestWarmUp = 500 * time.Millisecond

// side is one of the servers that are compared.
type side struct {
	name   string
	server *server
	client *loadClient
	routes routes
	// socketKiB is what an open socket takes of the server's memory, 0 if it was not measured.
	socketKiB float64
}

// readETags asks for every course once, so that revalidateCourse has what to send.
func (s *side) readETags(ctx context.Context, d *dataset) error {
	etags := map[string]string{}
	for i := range d.courses {
		c := &d.courses[i]
		_, etag, err := s.client.sendOnce(s.routes.showCourse(c, nil))
		if err != nil || ctx.Err() != nil {
			return fmt.Errorf("%s: %w", s.name, cmp.Or(ctx.Err(), err))
		}
		etags[c.id] = etag
	}
	s.routes.keepETags(etags)
	return nil
}

// meter measures scenarios on all sides.
type meter struct {
	options options
	data    *dataset
	sides   []*side
	// prepare is called before each scenario.
	prepare func(context.Context) error
	say     func(format string, args ...any)
	// sent counts the requests of all scenarios.
	sent atomic.Int64
}

// measureScenarios measures each scenario and returns the results in their order. It ends at the first unexpected
// answer and returns the results up to there with the error.
func (m *meter) measureScenarios(ctx context.Context) (results []result, err error) {
	for _, s := range m.options.scenarios {
		m.say("measuring %s", s.name)
		if err := m.prepare(ctx); err != nil {
			return results, err
		}
		rounds, err := m.measureScenario(ctx, s)
		if err != nil {
			return results, fmt.Errorf("%s: %w", s.name, err)
		}
		results = append(results, summarize(s, rounds))
		if m.options.profiles != "" {
			if err := m.profileScenario(ctx, s); err != nil {
				return results, fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	return results, nil
}

// measureScenario measures one scenario, the sides in turns, and returns the rounds of each side.
func (m *meter) measureScenario(ctx context.Context, s scenario) (rounds [][]sample, err error) {
	length := m.options.roundLength()
	rounds = make([][]sample, len(m.sides))
	for _, side := range m.sides {
		if _, err := m.measureRound(ctx, side, s, min(length/2, longestWarmUp)); err != nil {
			return nil, err
		}
	}
	for range m.options.rounds {
		for i, side := range m.sides {
			if err := m.settle(ctx); err != nil {
				return nil, err
			}
			taken, err := m.measureRound(ctx, side, s, length)
			if err != nil {
				return nil, err
			}
			rounds[i] = append(rounds[i], taken)
		}
	}
	return rounds, nil
}

// settle waits until no server has work of its own, at most settleTime for each.
func (m *meter) settle(ctx context.Context) error {
	for _, side := range m.sides {
		if err := side.server.waitUntilIdle(ctx, settleTime); err != nil {
			return err
		}
	}
	return nil
}

// measureRound sends requests of a scenario to one side for some time and returns what was measured.
func (m *meter) measureRound(ctx context.Context, side *side, s scenario, length time.Duration) (sample, error) {
	measure := m.measureRequests
	if s.chat != nil {
		measure = m.measureChat
	}
	latencies, took, before, err := measure(ctx, side, s, length)
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w", side.name, err)
	}
	after, err := side.server.readUsage(ctx, true)
	if err != nil {
		return sample{}, err
	}
	n := float64(len(latencies))
	return sample{
		Rate: n / took.Seconds(), P50: toMillis(percentile(latencies, 50)), P99: toMillis(percentile(latencies, 99)),
		CPU:    float64((after.cpu - before.cpu).Microseconds()) / n,
		Allocs: max(0, after.allocs-before.allocs-side.server.scrapeAllocs) / n,
		Memory: readMemory(side.server.pid()), SocketKiB: side.socketKiB,
	}, nil
}

// measureRequests sends requests for some time and returns the sorted times of their answers, the time until the last
// one, and what the server had used before.
func (m *meter) measureRequests(
	ctx context.Context, side *side, s scenario, length time.Duration,
) (latencies []time.Duration, took time.Duration, before usage, err error) {
	if before, err = side.server.readUsage(ctx, false); err != nil {
		return nil, 0, before, err
	}
	next := func() request { return s.next(m.data, side.routes, int(m.sent.Add(1))) }
	connections := s.limitConnections(m.options.connections, runtime.NumCPU())
	load := &closedLoop{client: side.client, next: next, connections: connections, length: length}
	latencies, took, err = load.run(ctx)
	return latencies, took, before, err
}

// closedLoop sends requests on some connections: each sends the next one when it has the answer.
type closedLoop struct {
	client      *loadClient
	next        func() request
	connections int
	length      time.Duration
}

// run sends requests until the length is over and returns the sorted times of the answers, and the time until the last
// one. It returns the first error, and that of ctx if it ends.
func (l *closedLoop) run(ctx context.Context) (latencies []time.Duration, took time.Duration, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	perConnection := make([][]time.Duration, l.connections)
	var all sync.WaitGroup
	began := time.Now()
	for i := range perConnection {
		all.Go(func() {
			var err error
			if perConnection[i], err = l.runConnection(ctx, began.Add(l.length)); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	took = time.Since(began)
	latencies = slices.Concat(perConnection...)
	slices.Sort(latencies)
	return latencies, took, context.Cause(ctx)
}

// runConnection sends requests one after the other until the deadline, at least one, and returns the time of each.
func (l *closedLoop) runConnection(ctx context.Context, deadline time.Time) (latencies []time.Duration, err error) {
	req, res := &fasthttp.Request{}, &fasthttp.Response{}
	for ctx.Err() == nil {
		began := time.Now()
		if err := l.client.send(l.next(), req, res); err != nil {
			return nil, err
		}
		ended := time.Now()
		latencies = append(latencies, ended.Sub(began))
		if ended.After(deadline) {
			break
		}
	}
	return latencies, nil
}

// profileLength is how long a profile takes. The scenario runs a little longer.
const profileLength = 5 * time.Second

// profileScenario runs a scenario against Lyceum once more and writes a CPU profile of it to a file that is
// named after the scenario.
func (m *meter) profileScenario(ctx context.Context, s scenario) error {
	lyceum := m.sides[0]
	m.say("profiling %s", s.name)
	type outcome struct {
		profile []byte
		err     error
	}
	read := make(chan outcome, 1)
	go func() {
		profile, err := lyceum.server.readCPUProfile(ctx, profileLength)
		read <- outcome{profile, err}
	}()
	_, err := m.measureRound(ctx, lyceum, s, profileLength+time.Second/2)
	got := <-read
	if err != nil {
		return err
	}
	if got.err != nil {
		return got.err
	}
	if err := os.MkdirAll(m.options.profiles, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(m.options.profiles, s.name+".pprof"), got.profile, 0o600)
}
