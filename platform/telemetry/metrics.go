package telemetry

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics holds the metrics of one server. They have a registry of their own, so that tests can run
// many servers in one process. It is safe for concurrent use.
type Metrics struct {
	Registry *prometheus.Registry
	// requests counts and times answered requests by method, route and status.
	requests *prometheus.HistogramVec
	// Sockets counts open WebSockets.
	Sockets prometheus.Gauge
}

// requestBuckets are the upper bounds of the histogram of request times, in seconds. They are close
// together up to 100 ms, where most answers lie.
var requestBuckets = []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}

// NewMetrics returns the metrics of a server and those that packages have declared for the process, beside
// the standard ones of Go and of the process.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "lyceum_http_request_duration_seconds", Help: "Time to answer a request.",
			Buckets: requestBuckets,
		}, []string{"method", "route", "status"}),
		Sockets: prometheus.NewGauge(prometheus.GaugeOpts{Name: "lyceum_websockets_open", Help: "Open WebSockets."}),
	}
	process.mu.Lock()
	defer process.mu.Unlock()
	m.Registry.MustRegister(process.collectors...)
	m.Registry.MustRegister(m.requests, m.Sockets, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// SetVersion tells the version of the program as a label of a metric that is always 1.
func (m *Metrics) SetVersion(version string) {
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "lyceum_build_info", Help: "The version of the program, as a label of the value 1.",
	}, []string{"version"})
	m.Registry.MustRegister(info)
	info.WithLabelValues(version).Set(1)
}

// ObserveRequest records one answered request. The route is the pattern of the path, such as
// /files/:id. The path itself would make one time series for each object.
func (m *Metrics) ObserveRequest(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}
