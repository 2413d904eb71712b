package telemetry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"lyceum/platform/text"
)

// EndSpan ends the span of work that ended with err. The span gets the kind of the error and never its text,
// which may repeat what somebody has sent.
func EndSpan(span trace.Span, err error) {
	if err != nil && span.IsRecording() {
		span.SetStatus(codes.Error, "")
		span.SetAttributes(attribute.String("error.type", errorType(err)))
	}
	span.End()
}

// errorType returns a name for the kind of an error: timeout, canceled, the code of PostgreSQL, or the type
// of the innermost error.
func errorType(err error) string {
	var sqlError interface{ SQLState() string }
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.As(err, &sqlError):
		return sqlError.SQLState()
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", err), "*")
}

// Annotate adds an attribute to the span of ctx, if somebody traces. A value must not be a secret or an
// address.
func Annotate(ctx context.Context, name, value string) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(TextAttribute(name, value))
	}
}

// TextAttribute returns an attribute of a text that may be long. It is cut, and copied: the SDK would keep the
// whole text in memory until the span is sent.
func TextAttribute(name, value string) attribute.KeyValue {
	if len(value) > maxAttributeBytes {
		value = strings.Clone(text.CutBytes(value, maxAttributeBytes))
	}
	return attribute.String(name, value)
}

// groupTracer makes the spans of StartGroup.
var groupTracer = otel.Tracer("lyceum/groups")

// StartGroup returns a context for work that is done for several items at once, and its span. With the cause
// of one item the span is a child of it; with more it has a trace of its own, with links to them all. The
// caller ends the span. No log line with the context has the id of a request.
func StartGroup[T any](
	ctx context.Context, name string, items []T, causeOf func(T) Cause,
) (context.Context, trace.Span) {
	var links []trace.Link
	for _, item := range items {
		if span := causeOf(item).SpanContext(); span.IsValid() {
			links = append(links, trace.Link{SpanContext: span})
		}
	}
	switch len(links) {
	case 0: // nobody traces
		return ctx, trace.SpanFromContext(context.Background())
	case 1:
		return groupTracer.Start(trace.ContextWithRemoteSpanContext(ctx, links[0].SpanContext), name)
	}
	return groupTracer.Start(ctx, name, trace.WithNewRoot(), trace.WithLinks(links...))
}

// Message is a piece of work that a process takes from a queue, in the terms of OpenTelemetry's conventions for
// messaging.
type Message struct {
	System, Operation, Destination, ID string
	// Attempt counts from 1.
	Attempt int64
}

// messageSpan are the options of the span of a Message.
var messageSpan = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer)}

// StartMessage starts the span of an attempt at a message. ctx belongs to the request that has caused it. What the
// message says stays out.
func StartMessage(ctx context.Context, tracer trace.Tracer, m Message) (context.Context, trace.Span) {
	ctx, span := tracer.Start(ctx, m.Operation+" "+m.Destination, messageSpan...)
	if !span.IsRecording() {
		return ctx, span // nobody traces
	}
	span.SetAttributes(attribute.String("messaging.system", m.System),
		attribute.String("messaging.operation.name", m.Operation),
		attribute.String("messaging.operation.type", "process"),
		attribute.String("messaging.destination.name", m.Destination), attribute.String("messaging.message.id", m.ID),
		attribute.Int64("lyceum.attempt", m.Attempt))
	if r := RequestFrom(ctx); r != nil {
		span.SetAttributes(attribute.String("lyceum.request_id", r.RequestID()))
	}
	return ctx, span
}
