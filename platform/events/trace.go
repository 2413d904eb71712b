package events

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// tracer makes a span of each delivery, at next to no cost without an exporter.
var tracer = otel.Tracer("lyceum/events")

// deliverySpan are the options of that span.
var deliverySpan = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer)}

// startDelivery starts the span of an attempt to deliver a row, with the attributes of OpenTelemetry's
// conventions for messaging. The payload stays out.
func startDelivery(ctx context.Context, row outboxRow) (context.Context, trace.Span) {
	ctx, span := tracer.Start(ctx, "deliver "+row.Event, deliverySpan...)
	if !span.IsRecording() {
		return ctx, span // nobody traces
	}
	span.SetAttributes(attribute.String("messaging.system", "lyceum.outbox"),
		attribute.String("messaging.operation.name", "deliver"), attribute.String("messaging.operation.type", "process"),
		attribute.String("messaging.destination.name", row.Event),
		attribute.String("messaging.consumer.group.name", row.Subscriber),
		attribute.String("messaging.message.id", row.EventID), attribute.Int("lyceum.attempt", row.Attempts+1))
	if row.Cause.RequestID.Valid {
		span.SetAttributes(attribute.String("lyceum.request_id", row.Cause.RequestID.String))
	}
	return ctx, span
}
