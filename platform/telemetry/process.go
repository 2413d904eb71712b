package telemetry

import (
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// process holds the metrics that packages declare for the whole process. Every registry has them.
var process struct {
	mu         sync.Mutex
	collectors []prometheus.Collector
}

// declare adds a metric of the process.
func declare[C prometheus.Collector](c C) C {
	process.mu.Lock()
	defer process.mu.Unlock()
	process.collectors = append(process.collectors, c)
	return c
}

// NewCounter declares a counter of the process, as a variable of the package that counts. Its name begins with
// "lyceum_" and ends with "_total". labels must have few values each: every combination is a time series.
func NewCounter(name, help string, labels ...string) *prometheus.CounterVec {
	return declare(prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels))
}

// NewHistogram declares a histogram of times in seconds, like NewCounter. Its name ends with "_seconds".
func NewHistogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return declare(prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels))
}

// Description describes a metric to operators.
type Description struct {
	Name, Help string
	Labels     []string
}

// Describe returns the metrics of the program, sorted by their names. Those of the Go runtime, the process and
// the database driver are left out.
func (m *Metrics) Describe() []Description {
	descs := make(chan *prometheus.Desc)
	go func() {
		m.Registry.Describe(descs)
		close(descs)
	}()
	var found []Description
	for desc := range descs {
		if d := parseDesc(desc.String()); strings.HasPrefix(d.Name, "lyceum_") {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b Description) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(found, func(a, b Description) bool { return a.Name == b.Name })
}

// parseDesc reads the text of a description, as the library has no other access to it:
//
//	Desc{fqName: "name", help: "text", unit: "", constLabels: {}, variableLabels: {a,b}}
func parseDesc(text string) (d Description) {
	_, rest, _ := strings.Cut(text, `fqName: "`)
	d.Name, rest, _ = strings.Cut(rest, `", help: "`)
	// Newer versions of the library have a unit between the help and the labels.
	d.Help, _, _ = strings.Cut(rest, `", `)
	if _, labels, ok := strings.Cut(rest, "variableLabels: {"); ok {
		labels, _, _ = strings.Cut(labels, "}")
		if labels != "" {
			d.Labels = strings.Split(labels, ",")
		}
	}
	return d
}
