package telemetry

import (
	"context"
	"database/sql"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Request is what telemetry wants to know of the request that a context belongs to.
type Request interface {
	// RequestID returns the id that stands in the answer and in the log.
	RequestID() string
}

// requestKey is the key of the context value that RequestFrom returns.
type requestKey struct{}

// WithRequest returns a context that belongs to a request. Each log line with the context has the id of the
// request.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestFrom returns the request that ctx belongs to, or that has caused the work of ctx. It returns nil
// elsewhere.
func RequestFrom(ctx context.Context) Request {
	r, _ := ctx.Value(requestKey{}).(Request)
	return r
}

// Cause names the request and the span that led to work that is done later, perhaps by another process. It
// is stored with the work, in two columns that are NULL where there is nothing to name: traceparent, and
// request_id.
type Cause struct {
	// Traceparent is the span in the form of the W3C's header. It is NULL if nobody traces.
	Traceparent sql.NullString
	// RequestID is NULL if no request is the cause.
	RequestID sql.NullString
}

// CauseOf returns the cause of what is done with ctx. It allocates nothing if nobody traces.
func CauseOf(ctx context.Context) Cause {
	var c Cause
	if r := RequestFrom(ctx); r != nil {
		c.RequestID = nullString(r.RequestID())
	}
	if trace.SpanContextFromContext(ctx).IsValid() {
		var header parentHeader
		propagation.TraceContext{}.Inject(ctx, &header)
		c.Traceparent = nullString(string(header))
	}
	return c
}

// Attach returns a context for work with the cause: a span that is started with it is a child of the span
// that has caused the work, and its log lines have the ids of both. A traceparent that is not valid is
// ignored.
func (c Cause) Attach(ctx context.Context) context.Context {
	if c.RequestID.String != "" {
		ctx = WithRequest(ctx, pastRequest(c.RequestID.String))
	}
	if span := c.SpanContext(); span.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, span)
	}
	return ctx
}

// SpanContext returns the span that led to the work. It is not valid if there is none.
func (c Cause) SpanContext() trace.SpanContext {
	if c.Traceparent.String == "" {
		return trace.SpanContext{}
	}
	return ParseTraceparent(c.Traceparent.String)
}

// ParseTraceparent reads the W3C's header. The result is not valid if the text is none, and holds no
// tracestate.
func ParseTraceparent(text string) trace.SpanContext {
	header := parentHeader(text)
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), &header))
}

// nullString returns a text for a column that is NULL instead of empty.
func nullString(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// pastRequest is the id of a request that has caused work.
type pastRequest string

// RequestID implements Request.
func (r pastRequest) RequestID() string { return string(r) }

// parentHeader is a set of headers that holds the traceparent alone. What other headers of the W3C say, the
// tracestate and the baggage, comes from outside and is not passed on.
type parentHeader string

const parentHeaderName = "traceparent"

// Get implements propagation.TextMapCarrier.
func (h *parentHeader) Get(name string) string {
	if name != parentHeaderName {
		return ""
	}
	return string(*h)
}

// Set implements propagation.TextMapCarrier.
func (h *parentHeader) Set(name, value string) {
	if name == parentHeaderName {
		*h = parentHeader(value)
	}
}

// Keys implements propagation.TextMapCarrier.
func (h *parentHeader) Keys() []string { return []string{parentHeaderName} }
