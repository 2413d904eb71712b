package telemetry

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

const (
	testTraceID = "0af7651916cd43dd8448eb211c80319c"
	testParent  = "00-" + testTraceID + "-b7ad6b7169203331-01"
)

// tracedContext returns a context with a span and a request.
func tracedContext(t *testing.T) context.Context {
	t.Helper()
	cause := Cause{
		Traceparent: sql.NullString{String: testParent, Valid: true},
		RequestID:   sql.NullString{String: "request-1", Valid: true},
	}
	return cause.Attach(t.Context())
}

func TestCause(t *testing.T) {
	t.Run("what is stored is what is read", func(t *testing.T) {
		c := CauseOf(tracedContext(t))
		require.Equal(t, testParent, c.Traceparent.String)
		require.Equal(t, "request-1", c.RequestID.String)
	})
	t.Run("nothing, where nobody traces and no request is", func(t *testing.T) {
		require.Equal(t, Cause{}, CauseOf(t.Context()))
		require.Equal(t, t.Context(), Cause{}.Attach(t.Context()))
	})
	t.Run("without a trace it allocates nothing", func(t *testing.T) {
		ctx := WithRequest(t.Context(), pastRequest("request-1"))
		var c Cause
		require.Zero(t, testing.AllocsPerRun(100, func() { c = CauseOf(ctx) }))
		require.Equal(t, "request-1", c.RequestID.String)
	})
}

func TestParseTraceparent(t *testing.T) {
	require.Equal(t, testTraceID, ParseTraceparent(testParent).TraceID().String())
	for _, text := range []string{
		"", "00", testParent + "-more", strings.ToUpper(testParent), "ff" + testParent[2:],
		"00-" + strings.Repeat("0", 32) + "-b7ad6b7169203331-01", "00-" + testTraceID + "-" + strings.Repeat("0", 16) + "-01",
		"00-" + testTraceID + "-b7ad6b7169203331-0g", strings.Repeat("00-", 10_000), testParent + "\n", "\x00" + testParent,
	} {
		require.False(t, ParseTraceparent(text).IsValid(), "%.80q", text)
	}
}

func TestLogLinesHaveTheIDsOfTheirContext(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, "info", "json")
	write := func(ctx context.Context, attrs ...any) map[string]any {
		out.Reset()
		log.InfoContext(ctx, "done", attrs...)
		var record map[string]any
		require.NoError(t, json.Unmarshal(out.Bytes(), &record))
		return record
	}
	record := write(tracedContext(t), "a", 1, "b", 2, "c", 3, "d", 4, "e", 5, "f", 6)
	require.Equal(t, "request-1", record["request_id"])
	require.Equal(t, testTraceID, record["trace_id"])
	require.Equal(t, "b7ad6b7169203331", record["span_id"])

	record = write(tracedContext(t), "request_id", "own")
	require.Equal(t, "own", record["request_id"])
	require.Equal(t, 1, strings.Count(out.String(), "request_id"))

	record = write(t.Context())
	require.NotContains(t, record, "trace_id")
	require.NotContains(t, record, "request_id")
}

func TestStartGroup(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	before := groupTracer
	groupTracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	t.Cleanup(func() { groupTracer = before })
	cause := func(traceparent string) Cause { return Cause{Traceparent: nullString(traceparent)} }
	start := func(causes ...Cause) sdktrace.ReadOnlySpan {
		_, span := StartGroup(t.Context(), "group", causes, func(c Cause) Cause { return c })
		span.End()
		ended := spans.Ended()
		if len(ended) == 0 {
			return nil
		}
		return ended[len(ended)-1]
	}
	require.Nil(t, start(cause(""), Cause{}), "nobody traces")
	alone := start(cause(testParent), cause(""))
	require.Equal(t, testTraceID, alone.SpanContext().TraceID().String())
	require.Empty(t, alone.Links())
	both := start(cause(testParent), cause(strings.ReplaceAll(testParent, "0af", "1af")))
	require.NotEqual(t, testTraceID, both.SpanContext().TraceID().String())
	require.False(t, both.Parent().IsValid())
	require.Len(t, both.Links(), 2)
}

func TestEndSpan(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("ada@example.com: %w", context.DeadlineExceeded), "timeout"},
		{fmt.Errorf("late: %w", context.Canceled), "canceled"},
		{fmt.Errorf("ada@example.com: %w", errors.New("gone")), "errors.errorString"},
		{fmt.Errorf("insert: %w", sqlError{}), "23505"},
	} {
		_, span := tracer.Start(t.Context(), "work")
		EndSpan(span, c.err)
		ended := spans.Ended()[len(spans.Ended())-1]
		require.Equal(t, []attribute.KeyValue{attribute.String("error.type", c.want)}, ended.Attributes())
		require.Empty(t, ended.Status().Description, "the text may repeat what somebody has sent")
		require.Empty(t, ended.Events())
	}
}

// sqlError is an error of PostgreSQL.
type sqlError struct{}

func (sqlError) Error() string    { return "ada@example.com exists" }
func (sqlError) SQLState() string { return "23505" }

func TestAnnotate(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	ctx, span := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test").Start(t.Context(), "work")
	Annotate(ctx, "kind", "welcome")
	Annotate(trace.ContextWithSpan(t.Context(), nil), "kind", "welcome") // nobody traces
	span.End()
	require.Equal(t, []attribute.KeyValue{attribute.String("kind", "welcome")}, spans.Ended()[0].Attributes())
}

func TestTracesURL(t *testing.T) {
	for endpoint, want := range map[string]string{
		"http://collector:4318":            "http://collector:4318/v1/traces",
		"http://collector:4318/":           "http://collector:4318/v1/traces",
		"https://collector/tenant":         "https://collector/tenant/v1/traces",
		"https://collector/x/v1/traces":    "https://collector/x/v1/traces",
		"https://collector/v1/traces?a=%2": "https://collector/v1/traces?a=%2",
	} {
		require.Equal(t, want, tracesURL(endpoint))
	}
}

func TestAnOutageOfTheCollectorIsLoggedOnce(t *testing.T) {
	var out bytes.Buffer
	before := slog.Default()
	slog.SetDefault(NewLogger(&out, "info", "json"))
	t.Cleanup(func() { slog.SetDefault(before) })
	var h exportErrors
	for range 100 {
		h.Handle(errors.New("connection refused by http://user:canary@collector"))
	}
	require.Equal(t, 1, strings.Count(out.String(), "\n"))
	require.Contains(t, out.String(), "traces not sent")
	require.NotContains(t, out.String(), "canary")
}
