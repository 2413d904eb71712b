package main

import (
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// sample is what was measured in one round, or the medians of all rounds.
type sample struct {
	// Rate is in requests per second, in deliveries per second for chats.
	Rate float64 `json:"requests_per_second"`
	// P50 and P99 are percentiles of the times of the answers, in milliseconds.
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	// CPU is the time of the server's process for a request in microseconds, 0 where it can't be read.
	CPU float64 `json:"cpu_us_per_request"`
	// Allocs is how many objects the server allocates for a request.
	Allocs float64 `json:"allocations_per_request"`
	// Memory is the resident memory of the server at the end of the round, in MiB.
	Memory float64 `json:"memory_mib"`
	// SocketKiB is what an open socket takes of that, in KiB. It is 0 in scenarios without sockets.
	SocketKiB float64 `json:"socket_kib,omitempty"`
}

// result is what was measured in one scenario.
type result struct {
	Scenario string `json:"scenario"`
	About    string `json:"about"`
	// Ratio is the median of the ratios of Lyceum's rate to the yardstick's in each round, 0 without yardstick.
	Ratio     float64 `json:"ratio,omitempty"`
	Lyceum    sample  `json:"lyceum"`
	Yardstick *sample `json:"yardstick,omitempty"`
}

// setup is under which conditions a run measured.
type setup struct {
	Time        string  `json:"time"`
	Go          string  `json:"go"`
	System      string  `json:"system"`
	Processor   string  `json:"processor"`
	Cores       int     `json:"cores"`
	Database    string  `json:"database"`
	Connections int     `json:"connections"`
	Rounds      int     `json:"rounds"`
	Seconds     float64 `json:"seconds"`
	Courses     int     `json:"courses"`
	Learners    int     `json:"learners"`
}

// report is everything that a run has found out.
type report struct {
	Setup   setup    `json:"setup"`
	Results []result `json:"results"`
}

// summarize returns the result of a scenario. rounds holds those of Lyceum and, if there is one, of the yardstick.
func summarize(s scenario, rounds [][]sample) result {
	r := result{Scenario: s.name, About: s.about, Lyceum: medianSample(rounds[0])}
	if len(rounds) == 1 {
		return r
	}
	other := medianSample(rounds[1])
	r.Yardstick = &other
	ratios := make([]float64, len(rounds[0]))
	for i := range ratios {
		ratios[i] = rounds[0][i].Rate / rounds[1][i].Rate
	}
	r.Ratio = median(ratios)
	return r
}

// medianSample returns the median of each value over the rounds.
func medianSample(rounds []sample) sample {
	of := func(value func(sample) float64) float64 {
		values := make([]float64, len(rounds))
		for i, r := range rounds {
			values[i] = value(r)
		}
		return median(values)
	}
	return sample{
		Rate:   of(func(s sample) float64 { return s.Rate }),
		P50:    of(func(s sample) float64 { return s.P50 }),
		P99:    of(func(s sample) float64 { return s.P99 }),
		CPU:    of(func(s sample) float64 { return s.CPU }),
		Allocs: of(func(s sample) float64 { return s.Allocs }),
		Memory: of(func(s sample) float64 { return s.Memory }), SocketKiB: rounds[0].SocketKiB,
	}
}

// median returns the middle one of the values, or the mean of the two in the middle. It returns 0 for no values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// percentile returns the smallest of the sorted values that at least p percent of them don't exceed. p is above 0 and
// at most 100. It returns 0 for no values.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

// toMillis returns a time in milliseconds.
func toMillis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// describeSetup returns the conditions of this run.
func describeSetup(o options) setup {
	database := "PostgreSQL, Redis and MinIO"
	if o.isEmbedded {
		database = "SQLite and embedded services"
	}
	return setup{
		Time: time.Now().UTC().Format(time.RFC3339), Go: runtime.Version(),
		System: runtime.GOOS + "/" + runtime.GOARCH, Processor: readProcessor(), Cores: runtime.NumCPU(),
		Database: database, Connections: o.connections, Rounds: o.rounds, Seconds: o.seconds,
		Courses: o.size.courses, Learners: o.size.learners,
	}
}

// readProcessor returns the name of the processor, or "unknown" where there is no /proc.
func readProcessor() string {
	raw, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(raw)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
