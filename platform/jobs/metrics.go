package jobs

import (
	"time"

	"lyceum/platform/telemetry"
)

// jobTimes counts and times jobs.
var jobTimes = telemetry.NewHistogram("lyceum_job_duration_seconds", "Time that a job took; result is done or failed.",
	[]float64{.005, .025, .1, .5, 1, 5, 30}, "job", "result")

// observeJob records a job that has ended.
func observeJob(name string, begun time.Time, err error) {
	result := "done"
	if err != nil {
		result = "failed"
	}
	jobTimes.WithLabelValues(name, result).Observe(time.Since(begun).Seconds())
}
