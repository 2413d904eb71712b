package events

import (
	"context"

	"lyceum/platform/telemetry"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// tracer makes a span of each delivery, at next to no cost without an exporter.
var tracer = otel.Tracer("lyceum/events")

// startDelivery starts the span of an attempt to deliver a row.
func startDelivery(ctx context.Context, row outboxRow) (context.Context, trace.Span) {
	ctx, span := telemetry.StartMessage(ctx, tracer, telemetry.Message{
		System: "lyceum.outbox", Operation: "deliver", Destination: row.Event, ID: row.EventID,
		Attempt: int64(row.Attempts) + 1,
	})
	if span.IsRecording() {
		span.SetAttributes(attribute.String("messaging.consumer.group.name", row.Subscriber))
	}
	return ctx, span
}
