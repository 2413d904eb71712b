package db_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"

	"lyceum/platform/db"
	"lyceum/platform/telemetry/telemetrytest"
	"lyceum/platform/testkit/dbtest"
)

// Each statement of a trace has a span with its text and without its values; others have none.
func TestSpansOfStatements(t *testing.T) {
	spans := telemetrytest.RecordSpans(t)
	dbtest.OnBoth(t, func(t *testing.T, d *db.DB) {
		require.NoError(t, d.ExecSchema(t.Context(), "CREATE TABLE things (id text)"))
		ctx, root := otel.Tracer("test").Start(t.Context(), "root")
		var n int
		require.NoError(t, d.QueryRow(ctx, "SELECT count(*) FROM things WHERE id = ?", []any{"canary"}, &n))
		require.ErrorIs(t, d.QueryRow(ctx, "SELECT 1 WHERE 1 = ?", []any{2}, &n), db.ErrNotFound)
		require.Error(t, d.InTx(ctx, func(ctx context.Context) error {
			return d.Conn(ctx).Exec("UPDATE nothing SET a = ?", "canary").Error
		}))
		require.NoError(t, d.InTx(ctx, func(ctx context.Context) error {
			_, err := d.Exec(ctx, "DELETE FROM things WHERE id = ?", "canary")
			return err
		}))
		root.End()
		var names []string
		for _, s := range spans.Ended() {
			if s.Parent().SpanID() != root.SpanContext().SpanID() {
				continue
			}
			names = append(names, s.Name())
			require.Equal(t, s.Name() == "UPDATE", s.Status().Code == codes.Error, s.Name())
			texts := 0
			for _, a := range s.Attributes() {
				require.NotContains(t, a.Value.String(), "canary")
				if a.Key == "db.query.text" {
					texts++
				}
			}
			require.Equal(t, 1, texts)
		}
		require.Equal(t, []string{"SELECT", "SELECT", "UPDATE", "DELETE", "COMMIT"}, names)
	})
}
