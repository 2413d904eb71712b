package telemetry

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
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
		received := make(chan []byte, 10)
		collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			received <- body
		}))
		t.Cleanup(collector.Close)
		stop, err := StartTracing(t.Context(), collector.URL+"/v1/traces", "1.0")
		require.NoError(t, err)
		_, span := otel.Tracer("test").Start(t.Context(), "GET /courses/:slug")
		span.End()
		stop()
		require.Len(t, received, 1)
		body := string(<-received)
		require.Contains(t, body, "GET /courses/:slug")
		require.Contains(t, body, "lyceum")
	})
}
