package jobs_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"lyceum/platform/jobs"
	"lyceum/platform/telemetry"
	"lyceum/platform/telemetry/telemetrytest"
	"lyceum/platform/testkit"
)

// newCause returns the cause of a request with an id that ends with a digit.
func newCause(digit int) telemetry.Cause {
	return telemetry.Cause{
		Traceparent: sql.NullString{String: fmt.Sprintf("00-%032d-b7ad6b7169203331-01", digit), Valid: true},
		RequestID:   sql.NullString{String: fmt.Sprint("request-", digit), Valid: true},
	}
}

// A job belongs to the request that has enqueued it, or that has written the row which the sweep found.
func TestAJobContinuesItsTrace(t *testing.T) {
	spans := telemetrytest.RecordSpans(t)
	ran := make(chan string, 3)
	q := newQueue(t, jobs.Worker{
		Name: "note", Every: time.Hour,
		Sweep: func(context.Context) ([]jobs.Job, error) {
			return []jobs.Job{{ID: "swept", Cause: newCause(2)}, {ID: "alone"}}, nil
		},
		Handle: func(ctx context.Context, id string) error {
			request := "none"
			if r := telemetry.RequestFrom(ctx); r != nil {
				request = r.RequestID()
			}
			ran <- id + " " + request
			return nil
		},
	})
	q.Enqueue(newCause(1).Attach(t.Context()), "note", "enqueued")
	stop := start(t, q)
	got := []string{receive(t, ran), receive(t, ran), receive(t, ran)}
	require.ElementsMatch(t, []string{"enqueued request-1", "swept request-2", "alone none"}, got)
	stop()
	traces := map[string]bool{}
	testkit.Eventually(t, func() bool {
		for _, s := range spans.Ended() {
			if s.Name() == "run note" && s.SpanKind() == trace.SpanKindConsumer && s.Parent().IsValid() {
				traces[s.SpanContext().TraceID().String()] = true
			}
		}
		return len(traces) == 2
	}, "two traces")
	require.Equal(t, map[string]bool{fmt.Sprintf("%032d", 1): true, fmt.Sprintf("%032d", 2): true}, traces)
}
