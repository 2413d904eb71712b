package telemetry

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"

	"lyceum/platform/telemetry/telemetrytest"
)

func TestStartTracing(t *testing.T) {
	before := otel.GetTracerProvider()
	t.Cleanup(func() { otel.SetTracerProvider(before) })

	t.Run("without an endpoint nothing is sent", func(t *testing.T) {
		stop, err := StartTracing(t.Context(), "", "1.0")
		require.NoError(t, err)
		stop()
		require.Equal(t, before, otel.GetTracerProvider())
	})
	t.Run("a stop sends the last spans", func(t *testing.T) {
		collector := telemetrytest.Start(t)
		stop, err := StartTracing(t.Context(), collector.URL, "1.0")
		require.NoError(t, err)
		_, span := otel.Tracer("test").Start(t.Context(), "GET /courses/:slug")
		span.End()
		stop()
		require.Len(t, collector.Spans(), 1)
		require.Equal(t, "GET /courses/:slug", collector.Spans()[0].Name)
		require.Contains(t, string(collector.Raw()), "lyceum")
	})
}

// While the collector hangs, spans beyond the bound are dropped, their makers do not wait, and a stop ends.
func TestAFrozenCollector(t *testing.T) {
	before := otel.GetTracerProvider()
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	collector := telemetrytest.Start(t)
	collector.Freeze()
	stop, err := StartTracing(t.Context(), collector.URL, "1.0")
	require.NoError(t, err)
	tracer := otel.GetTracerProvider().Tracer("test")
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	begun, used := time.Now(), heap()
	text := strings.Repeat("x", 50_000)
	for range 20_000 {
		ctx, span := tracer.Start(t.Context(), "work")
		Annotate(ctx, "text", strings.Clone(text))
		span.End()
	}
	require.Less(t, time.Since(begun), exportTimeout)
	require.Less(t, int64(heap())-int64(used), int64(64<<20), "%d spans of %d bytes wait at most",
		maxWaitingSpans, maxAttributeBytes)
	begun = time.Now()
	stop()
	require.Less(t, time.Since(begun), flushTimeout+2*time.Second)
}
