package jobs

import (
	"context"
	"database/sql"

	"github.com/gocraft/work"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"

	"lyceum/platform/telemetry"
)

// tracer makes a span of each job, at next to no cost without an exporter.
var tracer = otel.Tracer("lyceum/jobs")

// Names of the arguments of a job in Redis. Workers of other versions read and write them, too: one that
// knows the id alone does the job without its cause.
const (
	argID          = "id"
	argTraceparent = "traceparent"
	argRequestID   = "request_id"
)

// arguments returns what a job looks like in the queue.
func arguments(j Job) work.Q {
	q := work.Q{argID: j.ID}
	if j.Cause.Traceparent.Valid {
		q[argTraceparent] = j.Cause.Traceparent.String
	}
	if j.Cause.RequestID.Valid {
		q[argRequestID] = j.Cause.RequestID.String
	}
	return q
}

// readJob reads a job of the queue.
func readJob(j *work.Job) Job {
	read := Job{ID: j.ArgString(argID)}
	for name, into := range map[string]*sql.NullString{
		argTraceparent: &read.Cause.Traceparent, argRequestID: &read.Cause.RequestID,
	} {
		into.String, into.Valid = j.Args[name].(string)
	}
	return read
}

// startJob starts the span of an attempt at a job.
func startJob(ctx context.Context, name string, j Job, attempt int64) (context.Context, trace.Span) {
	return telemetry.StartMessage(ctx, tracer, telemetry.Message{
		System: "lyceum.jobs", Operation: "run", Destination: name, ID: j.ID, Attempt: attempt,
	})
}
