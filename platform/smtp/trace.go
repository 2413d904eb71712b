package smtp

import (
	"context"
	"net"
	"strconv"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// tracer makes a span of each mail, at next to no cost without an exporter.
var tracer = otel.Tracer("lyceum/smtp")

// sendSpan are the options of that span.
var sendSpan = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient)}

// startSpan starts the span of a mail that is handed to the server. It names the server and nothing of the
// mail.
func (c *Client) startSpan(ctx context.Context) (context.Context, trace.Span) {
	ctx, span := tracer.Start(ctx, "send mail", sendSpan...)
	if !span.IsRecording() {
		return ctx, span // nobody traces
	}
	span.SetAttributes(attribute.String("network.protocol.name", "smtp"))
	host, port, err := net.SplitHostPort(c.target.addr)
	if err == nil {
		span.SetAttributes(attribute.String("server.address", host))
	}
	if n, err := strconv.Atoi(port); err == nil {
		span.SetAttributes(attribute.Int("server.port", n))
	}
	return ctx, span
}
