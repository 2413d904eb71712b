package events_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/telemetry"
	"lyceum/platform/telemetry/telemetrytest"
	"lyceum/platform/testkit"
)

// requestID is a telemetry.Request.
type requestID string

func (r requestID) RequestID() string { return string(r) }

// spansOf returns the spans of a trace that have a name.
func spansOf(all *tracetest.SpanRecorder, id trace.TraceID, name string) (found []sdktrace.ReadOnlySpan) {
	for _, s := range all.Ended() {
		if s.SpanContext().TraceID() == id && s.Name() == name {
			found = append(found, s)
		}
	}
	return found
}

// causes returns the stored causes of all rows.
func causes(t *testing.T, d *db.DB) (found []telemetry.Cause) {
	t.Helper()
	const query = "SELECT traceparent, request_id FROM outbox_deliveries"
	err := d.Query(t.Context(), query, nil, func(scan func(...any) error) error {
		var c telemetry.Cause
		err := scan(&c.Traceparent, &c.RequestID)
		found = append(found, c)
		return err
	})
	require.NoError(t, err)
	return found
}

func TestADeliveryContinuesTheTraceOfItsEvent(t *testing.T) {
	spans := telemetrytest.RecordSpans(t)
	onBoth(t, func(t *testing.T, d *db.DB) {
		c := testkit.NewClock(time.Now())
		b := events.NewBus(d, c)
		var request string
		attempts := 0
		attach(t, b,
			events.SubscribeDurable("first", func(ctx context.Context, _ happened) error {
				request = telemetry.RequestFrom(ctx).RequestID()
				if attempts++; attempts == 1 {
					return errors.New("ada@example.com is no such account")
				}
				return b.Publish(ctx, followed{})
			}),
			events.SubscribeDurable("second", func(context.Context, followed) error { return nil }))
		ctx, root := otel.Tracer("test").Start(telemetry.WithRequest(t.Context(), requestID("request-7")), "root")
		require.NoError(t, d.InTx(ctx, func(ctx context.Context) error { return b.Publish(ctx, happened{1}) }))
		root.End()
		for range 3 {
			_, err := b.RelayOnce(t.Context())
			require.NoError(t, err)
			c.Advance(time.Minute)
		}
		require.Equal(t, "request-7", request)
		id := root.SpanContext().TraceID()
		tries := spansOf(spans, id, "deliver thing.happened")
		require.Len(t, tries, 2, "one for each attempt")
		for i, s := range tries {
			require.Equal(t, root.SpanContext().SpanID(), s.Parent().SpanID())
			require.Equal(t, trace.SpanKindConsumer, s.SpanKind())
			require.Subset(t, s.Attributes(), []attribute.KeyValue{
				attribute.String("messaging.destination.name", "thing.happened"),
				attribute.String("messaging.consumer.group.name", "first"),
				attribute.Int("lyceum.attempt", i+1), attribute.String("lyceum.request_id", "request-7"),
			})
		}
		require.Equal(t, sdktrace.Status{Code: codes.Error}, tries[0].Status(), "without the text of the error")
		next := spansOf(spans, id, "deliver thing.followed")
		require.Len(t, next, 1)
		require.Equal(t, tries[1].SpanContext().SpanID(), next[0].Parent().SpanID(), "what follows from a delivery")
		require.NotEmpty(t, spansOf(spans, id, "COMMIT"))
		inserts := spansOf(spans, id, "INSERT")
		require.NotEmpty(t, inserts)
		for _, a := range inserts[0].Attributes() {
			require.NotContains(t, a.Value.String(), "request-7", "statements have no values")
		}
	})
}

func TestRowsWithoutATrace(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		b := events.NewBus(d, clock.System{})
		handled := 0
		attach(t, b, events.SubscribeDurable("s", func(context.Context, happened) error { handled++; return nil }))
		require.NoError(t, publish(t, d, b, happened{1}))
		require.Equal(t, []telemetry.Cause{{}}, causes(t, d), "both columns are NULL")
		ctx := telemetry.WithRequest(t.Context(), requestID("request-8"))
		require.NoError(t, d.InTx(ctx, func(ctx context.Context) error { return b.Publish(ctx, happened{2}) }))
		require.Contains(t, causes(t, d), telemetry.Cause{RequestID: sql.NullString{String: "request-8", Valid: true}})
		require.NoError(t, publish(t, d, b, happened{3}))
		_, err := d.Exec(t.Context(), "UPDATE outbox_deliveries SET traceparent = ? WHERE payload LIKE '%3%'",
			strings.Repeat("00-x", 100))
		require.NoError(t, err)
		_, err = b.RelayOnce(t.Context())
		require.NoError(t, err)
		require.Equal(t, 3, handled, "a traceparent that is none is ignored")
	})
}

// The version before knows no column of a later one, and goes on while that migrates.
func TestARelayGoesOnWhileALaterVersionAddsAColumn(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		b := events.NewBus(d, clock.System{})
		handled := 0
		attach(t, b, events.SubscribeDurable("s", func(context.Context, happened) error { handled++; return nil }))
		for n := range 3 {
			require.NoError(t, publish(t, d, b, happened{n}))
			_, err := b.RelayOnce(t.Context())
			require.NoError(t, err)
			column := "later_" + string(rune('a'+n))
			require.NoError(t, d.ExecSchema(t.Context(), "ALTER TABLE outbox_deliveries ADD COLUMN "+column+" text"))
		}
		require.Equal(t, 3, handled)
	})
}
