package cache

import (
	"github.com/prometheus/client_golang/prometheus"

	"lyceum/platform/telemetry"
)

// lookups counts questions to caches.
var lookups = telemetry.NewCounter("lyceum_cache_lookups_total",
	"Questions to what a process keeps in memory; result is hit or miss.", "topic", "result")

// lookupCounters are the counters of one cache.
type lookupCounters struct{ hits, misses prometheus.Counter }

func newLookupCounters(topic string) lookupCounters {
	return lookupCounters{lookups.WithLabelValues(topic, "hit"), lookups.WithLabelValues(topic, "miss")}
}
