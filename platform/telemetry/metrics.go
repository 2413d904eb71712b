package telemetry

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics of one server, in a registry of its own so that tests can run many in one process.
type Metrics struct {
	Registry *prometheus.Registry
	requests *prometheus.HistogramVec
	// Sockets counts open WebSockets.
	Sockets prometheus.Gauge
}

// NewMetrics registers the standard collectors and Lyceum's own.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "lyceum_http_request_duration_seconds", Help: "Time to answer, by route and status.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"method", "route", "status"}),
		Sockets: prometheus.NewGauge(prometheus.GaugeOpts{Name: "lyceum_websockets_open", Help: "Open WebSockets."}),
	}
	m.Registry.MustRegister(m.requests, m.Sockets, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Observe records one answered request; route is its pattern, never its path.
func (m *Metrics) Observe(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}
