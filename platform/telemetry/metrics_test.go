package telemetry

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"
)

// scrape returns the metrics of a server as Prometheus reads them.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil)
	promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{}).ServeHTTP(recorder, request)
	require.Equal(t, 200, recorder.Code)
	return recorder.Body.String()
}

func TestMetrics(t *testing.T) {
	one, other := NewMetrics(), NewMetrics() // two servers in one process
	one.ObserveRequest("GET", "/courses/:slug", 200, 3*time.Millisecond)
	one.ObserveRequest("GET", "/courses/:slug", 200, time.Minute)
	one.ObserveRequest("GET", "/courses/:slug", 404, time.Millisecond)
	one.Sockets.Inc()

	const found = `{method="GET",route="/courses/:slug",status="200"}`
	const missing = `{method="GET",route="/courses/:slug",status="404"}`
	text := scrape(t, one)
	require.Contains(t, text, "lyceum_http_request_duration_seconds_count"+found+" 2\n")
	require.Contains(t, text, "lyceum_http_request_duration_seconds_sum"+found+" 60.003\n")
	require.Contains(t, text, "lyceum_http_request_duration_seconds_count"+missing+" 1\n")
	require.Contains(t, text, "lyceum_websockets_open 1\n")
	require.Contains(t, text, "go_goroutines ")

	text = scrape(t, other)
	require.NotContains(t, text, "/courses/:slug")
	require.Contains(t, text, "lyceum_websockets_open 0\n")
}
