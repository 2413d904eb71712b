package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"lyceum/app/sitetest"
	"lyceum/platform/telemetry/telemetrytest"
	"lyceum/platform/testkit"
)

// tracedVars returns the settings of a process that sends its spans to a collector soon, and logs everything.
func tracedVars(c *telemetrytest.Collector) map[string]string {
	return map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_BSP_SCHEDULE_DELAY": "50",
		"LOG_LEVEL": "debug", "LOG_FORMAT": "json", "RATE_LIMIT_ENABLED": "false",
	}
}

// launchWorker starts `lyceum worker`, which ends with the test.
func launchWorker(t *testing.T, vars map[string]string) *sitetest.Process {
	t.Helper()
	p := sitetest.Run(t, ownProgram.Command(context.Background(), vars, "worker"))
	testkit.Eventually(t, func() bool { return strings.Contains(p.Out.String(), "worker started") }, "the worker: %s", p.Out)
	return p
}

// requestSpan waits for the span of the request with an id.
func requestSpan(t *testing.T, c *telemetrytest.Collector, id string) telemetrytest.Span {
	t.Helper()
	return c.WaitForSpan(t, "of "+id, func(s telemetrytest.Span) bool {
		return s.Attributes["lyceum.request_id"] == id && s.Kind == tracepb.Span_SPAN_KIND_SERVER
	})
}

// requireLine holds the log to have a line with a message, a request id and a trace id.
func requireLine(t *testing.T, out *sitetest.SyncBuffer, message, requestID, traceID string) {
	t.Helper()
	testkit.Eventually(t, func() bool {
		for line := range strings.Lines(out.String()) {
			var record map[string]any
			if json.Unmarshal([]byte(line), &record) == nil && record["msg"] == message &&
				record["request_id"] == requestID && record["trace_id"] == traceID && record["span_id"] != nil {
				return true
			}
		}
		return false
	}, "the line %q of %s in trace %s", message, requestID, traceID)
}

// requireChain holds the spans from a forgotten password to its mail to be one trace.
func requireChain(t *testing.T, c *telemetrytest.Collector, requestID string) (traceID string) {
	t.Helper()
	request := requestSpan(t, c, requestID)
	require.Equal(t, "POST /auth/password/forgot", request.Name)
	require.Empty(t, request.ParentID)
	insert := c.Child(t, request, "INSERT")
	require.Contains(t, insert.Attributes["db.query.text"], "outbox_deliveries")
	require.Equal(t, tracepb.Span_SPAN_KIND_CLIENT, insert.Kind)
	c.Child(t, request, "COMMIT")

	delivery := c.Child(t, request, "deliver auth.reset_asked")
	require.Equal(t, tracepb.Span_SPAN_KIND_CONSUMER, delivery.Kind)
	require.Equal(t, "auth", delivery.Attributes["messaging.consumer.group.name"])
	require.EqualValues(t, 1, delivery.Attributes["lyceum.attempt"])
	job := c.Child(t, delivery, "run mail.send")
	require.Equal(t, tracepb.Span_SPAN_KIND_CONSUMER, job.Kind)
	require.Equal(t, "password_reset", job.Attributes["lyceum.mail_kind"])
	send := c.Child(t, job, "send mail")
	require.Equal(t, tracepb.Span_SPAN_KIND_CLIENT, send.Kind)
	require.False(t, send.HasFailed)
	for _, s := range []telemetrytest.Span{delivery, job} {
		require.Equal(t, requestID, s.Attributes["lyceum.request_id"], s.Name)
	}
	for _, s := range c.Spans() {
		if s.Attributes["lyceum.request_id"] == requestID {
			require.Equal(t, request.TraceID, s.TraceID, s.Name)
		}
	}
	return request.TraceID
}

// requireNothingSecret holds everything that was exported to hold none of some texts.
func requireNothingSecret(t *testing.T, c *telemetrytest.Collector, secrets ...string) {
	t.Helper()
	raw := c.Raw()
	require.Contains(t, string(raw), "/auth/login", "the exports are not compressed")
	for _, secret := range secrets {
		require.NotEmpty(t, secret)
		require.False(t, bytes.Contains(raw, []byte(secret)), "%q was exported", secret)
	}
}

// One trace leads from a request to its mail, and one request id through all logs.
func TestATraceLeadsFromARequestToItsMail(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, vars map[string]string) {
		c := telemetrytest.Start(t)
		maps.Copy(vars, tracedVars(c))
		p := launch(t, t.TempDir(), vars)
		s := p.Site()
		admin := s.AdminToken()
		email, id, token := s.NewAccount("traced-ada")
		s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email},
			sitetest.Header{"X-Request-Id": "traced-request-1"})
		link := s.WaitForLink(email, "/reset#token=", "")
		trace := requireChain(t, c, "traced-request-1")
		for _, message := range []string{"request", "event delivered", "mail sent"} {
			requireLine(t, p.Out, message, "traced-request-1", trace)
		}

		code := s.Want(201, "POST", "/admin/invites", admin,
			map[string]any{"role_to_grant": "member", "email": "traced-bob@example.com"},
			sitetest.Header{"X-Request-Id": "traced-request-2"}).Text("code")
		invite := requestSpan(t, c, "traced-request-2")
		c.Child(t, c.Child(t, invite, "run mail.send"), "send mail")
		s.Redeem(token, code)
		s.Call("GET", "/courses?token=traced-canary", token, nil)
		s.Call("GET", "/notifications/unsubscribe/traced-link", "", nil)
		s.Want(204, "POST", "/auth/password/reset", "", map[string]string{"token": link, "password": "traced new password"},
			sitetest.Header{"X-Request-Id": "traced-request-3"})
		requestSpan(t, c, "traced-request-3")
		s.Want(201, "POST", "/channels/hq/messages", admin, map[string]string{"body": "traced-body <@" + id + ">"},
			sitetest.Header{"X-Request-Id": "traced-request-5"})
		message := requestSpan(t, c, "traced-request-5")
		c.Child(t, c.Child(t, message, "commit messages"), "COMMIT")
		c.Child(t, message, "deliver chat.mentioned")
		requireNothingSecret(t, c, "traced-body", "traced-ada", "traced-bob", sitetest.Password, "traced new password", token, admin,
			link, code, "traced-canary", "traced-link")
	})
}

// The trace goes on in a worker, which delivers what a server leaves to it.
func TestATraceGoesOnInAWorker(t *testing.T) {
	t.Parallel()
	c, mails := telemetrytest.Start(t), sitetest.StartMailServer(t)
	vars := sitetest.Services(t)
	maps.Copy(vars, tracedVars(c))
	maps.Copy(vars, map[string]string{
		"WORKER_INLINE": "false", "SMTP_URL": "smtp://" + mails.Address, "JWT_KEYS_DIR": t.TempDir(),
	})
	p := launch(t, t.TempDir(), vars)
	s := p.Site()
	email, _, _ := s.NewAccount("traced-ada")
	s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email},
		sitetest.Header{"X-Request-Id": "traced-request-4"})
	own := maps.Clone(vars)
	own["DATA_DIR"], own["PUBLIC_URL"] = t.TempDir(), p.URL
	worker := launchWorker(t, own)
	trace := requireChain(t, c, "traced-request-4")
	require.NotContains(t, p.Out.String(), `"mail sent"`)
	requireLine(t, p.Out, "request", "traced-request-4", trace)
	for _, message := range []string{"event delivered", "mail sent"} {
		requireLine(t, worker.Out, message, "traced-request-4", trace)
	}
	requireNothingSecret(t, c, "traced-ada", sitetest.Password)
}

// Clients neither choose the trace of their requests nor what is sampled.
func TestAClientDoesNotChooseItsTrace(t *testing.T) {
	t.Parallel()
	c := telemetrytest.Start(t)
	vars := tracedVars(c)
	vars["OTEL_TRACES_SAMPLER"], vars["OTEL_TRACES_SAMPLER_ARG"] = "parentbased_traceidratio", "1"
	s := launch(t, t.TempDir(), vars).Site()
	const trace = "0af7651916cd43dd8448eb211c80319c"
	for id, parent := range map[string]string{
		"traced-linked": "00-" + trace + "-b7ad6b7169203331-00", "traced-garbage": "00-" + strings.Repeat("a", 4000),
	} {
		s.Want(200, "GET", "/courses", "", nil, sitetest.Header{
			"X-Request-Id": id, "traceparent": parent, "tracestate": "canary=state", "baggage": "canary=baggage",
		})
	}
	linked, garbage := requestSpan(t, c, "traced-linked"), requestSpan(t, c, "traced-garbage")
	require.Equal(t, []string{trace}, linked.LinkedTraces)
	require.NotEqual(t, trace, linked.TraceID)
	require.Empty(t, garbage.LinkedTraces)
	require.NotContains(t, string(c.Raw()), "canary=")
}

// With OTEL_TRACES_SAMPLER nothing is exported that its sampler leaves out, whatever a client's header says.
func TestAClientDoesNotForceSampling(t *testing.T) {
	t.Parallel()
	c := telemetrytest.Start(t)
	vars := tracedVars(c)
	vars["OTEL_TRACES_SAMPLER"] = "parentbased_always_off"
	p := launch(t, t.TempDir(), vars)
	s := p.Site()
	email, _, _ := s.NewAccount("traced-ada")
	s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email}, sitetest.Header{
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	})
	s.WaitForLink(email, "/reset#token=", "")
	require.NoError(t, p.Cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.Cmd.Wait())
	require.Empty(t, c.Spans())
}

// A collector that is away or hangs costs spans and nothing else.
func TestRequestsDoNotWaitForTheCollector(t *testing.T) {
	t.Parallel()
	frozen := telemetrytest.Start(t)
	frozen.Freeze()
	for name, url := range map[string]string{"frozen": frozen.URL, "gone": "http://127.0.0.1:1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vars := tracedVars(frozen)
			vars["OTEL_EXPORTER_OTLP_ENDPOINT"], vars["SHUTDOWN_DELAY"] = url, "0s"
			p := launch(t, t.TempDir(), vars)
			s := p.Site()
			slowest := time.Duration(0)
			for range 3000 {
				begun := time.Now()
				require.Equal(t, http.StatusOK, s.Call("GET", "/courses", "", nil).Status)
				slowest = max(slowest, time.Since(begun))
			}
			require.Less(t, slowest, 5*time.Second, "an export takes ten seconds to time out")
			begun := time.Now()
			require.NoError(t, p.Cmd.Process.Signal(syscall.SIGTERM))
			require.NoError(t, p.Cmd.Wait(), "%s", p.Out)
			require.Less(t, time.Since(begun), 10*time.Second)
			onlyJSON(t, p.Out.String())
		})
	}
}
