package telemetrytest

import (
	"sync"
	"testing"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// provider is the source of all spans of this process: tracers stay with the first one.
var provider = sync.OnceValue(func() *sdktrace.TracerProvider {
	p := sdktrace.NewTracerProvider()
	otel.SetTracerProvider(p)
	return p
})

// RecordSpans records the spans of this process until the end of the test.
func RecordSpans(t testing.TB) *tracetest.SpanRecorder {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	provider().RegisterSpanProcessor(spans)
	t.Cleanup(func() { provider().UnregisterSpanProcessor(spans) })
	return spans
}
