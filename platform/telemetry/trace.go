package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// flushTimeout bounds how long a stop waits for the collector to take the last traces.
const flushTimeout = 3 * time.Second

// Bounds of what waits for the collector: while it is away or slow, at most maxWaitingSpans are kept and all
// others are dropped, and the values of a span are cut. Requests never wait.
const (
	maxWaitingSpans   = 2048
	maxAttributeBytes = 2048
	exportTimeout     = 10 * time.Second
)

// StartTracing sends traces to an OTLP endpoint over HTTP, in batches and in the background. The path
// /v1/traces is added to the endpoint unless it is there. With an empty endpoint StartTracing does nothing.
// The caller calls the returned function at the end: it sends the last traces, within flushTimeout. An error
// names the environment variable of the endpoint.
func StartTracing(ctx context.Context, endpoint, version string) (func(), error) {
	if endpoint == "" {
		return func() {}, nil
	}
	exporter, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(tracesURL(endpoint)), otlptracehttp.WithTimeout(exportTimeout))
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	otel.SetErrorHandler(&exportErrors{})
	limits := sdktrace.NewSpanLimits()
	limits.AttributeValueLengthLimit = maxAttributeBytes
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter,
			sdktrace.WithMaxQueueSize(maxWaitingSpans), sdktrace.WithExportTimeout(exportTimeout)),
		sdktrace.WithRawSpanLimits(limits),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "lyceum"), attribute.String("service.version", version))),
	)
	otel.SetTracerProvider(provider)
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
		defer cancel()
		_ = provider.Shutdown(ctx)
	}, nil
}

// tracesURL returns the URL of the traces below an endpoint.
func tracesURL(endpoint string) string {
	const path = "/v1/traces"
	u, err := url.Parse(endpoint)
	if err != nil || strings.HasSuffix(u.Path, path) {
		return endpoint
	}
	return u.JoinPath(path).String()
}

// errorPause is the least time between two lines of the log about an exporter that fails.
const errorPause = time.Minute

// exportErrors logs that traces could not be sent. A collector that is away fails every few seconds.
type exportErrors struct {
	mu   sync.Mutex
	last time.Time
}

// Handle implements otel.ErrorHandler.
func (e *exportErrors) Handle(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if time.Since(e.last) < errorPause {
		return
	}
	e.last = time.Now()
	slog.Warn("traces not sent, some are lost", "error", err)
}
