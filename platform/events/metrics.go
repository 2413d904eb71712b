package events

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lyceum/platform/db"
	"lyceum/platform/telemetry"
)

// deliveries counts attempts to hand events to durable subscribers.
var deliveries = telemetry.NewCounter("lyceum_outbox_deliveries_total",
	"Attempts to deliver an event to a durable subscriber; result is delivered or failed.", "event", "subscriber", "result")

// countDelivery counts an attempt.
func countDelivery(row outboxRow, err error) {
	result := "delivered"
	if err != nil {
		result = "failed"
	}
	deliveries.WithLabelValues(row.Event, row.Subscriber, result).Inc()
}

// Collector tells what waits in the outbox. It asks the database when it is collected.
type Collector struct{ db *db.DB }

// NewCollector returns the collector of a database.
func NewCollector(d *db.DB) *Collector { return &Collector{d} }

var (
	pendingDesc = prometheus.NewDesc("lyceum_outbox_pending", "Deliveries that wait, over all servers.", nil, nil)
	lagDesc     = prometheus.NewDesc("lyceum_outbox_lag_seconds", "How long the oldest delivery that is due has waited.", nil, nil)
	deadDesc    = prometheus.NewDesc("lyceum_outbox_dead", "Deliveries that were given up and wait for an operator.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *Collector) Describe(descs chan<- *prometheus.Desc) {
	descs <- pendingDesc
	descs <- lagDesc
	descs <- deadDesc
}

// collectTimeout bounds the query of a collection: the other metrics must come when the database is away.
const collectTimeout = time.Second

// Collect implements prometheus.Collector. It tells nothing if the database does not answer.
func (c *Collector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	lag, err := readLag(ctx, c.db)
	if err != nil {
		slog.Debug("outbox metrics not collected", "error", err)
		return
	}
	metrics <- prometheus.MustNewConstMetric(pendingDesc, prometheus.GaugeValue, float64(lag.pending))
	metrics <- prometheus.MustNewConstMetric(lagDesc, prometheus.GaugeValue, lag.oldest.Seconds())
	metrics <- prometheus.MustNewConstMetric(deadDesc, prometheus.GaugeValue, float64(lag.dead))
}
