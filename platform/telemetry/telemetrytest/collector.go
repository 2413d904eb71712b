// Package telemetrytest has an OTLP collector for tests: a server that takes the traces of a program, in this
// process or in another one, and finds spans among them.
package telemetrytest

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"lyceum/platform/testkit"
)

// Span is a span as the collector got it.
type Span struct {
	Name, TraceID, ID, ParentID string
	Kind                        tracepb.Span_SpanKind
	// Attributes holds texts, whole numbers as int64, and booleans.
	Attributes map[string]any
	// LinkedTraces are the ids of the traces that the span links to.
	LinkedTraces []string
	HasFailed    bool
}

// Collector takes OTLP over HTTP. It is safe for concurrent use.
type Collector struct {
	// URL is what OTEL_EXPORTER_OTLP_ENDPOINT is set to.
	URL string

	mu    sync.Mutex
	raw   bytes.Buffer
	spans []Span
	// frozen is closed when the collector answers again; it is nil while it answers.
	frozen chan struct{}
}

// Start starts a collector and stops it at the end of the test.
func Start(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", c.take)
	server := httptest.NewServer(mux)
	c.URL = server.URL
	t.Cleanup(func() { c.Thaw(); server.CloseClientConnections(); server.Close() })
	return c
}

// Freeze makes the collector accept requests and answer none, until Thaw.
func (c *Collector) Freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen == nil {
		c.frozen = make(chan struct{})
	}
}

// Thaw ends Freeze.
func (c *Collector) Thaw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen != nil {
		close(c.frozen)
		c.frozen = nil
	}
}

// take answers an export.
func (c *Collector) take(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	frozen := c.frozen
	c.mu.Unlock()
	if frozen != nil {
		select {
		case <-frozen:
		case <-r.Context().Done():
			return
		}
	}
	body, err := io.ReadAll(r.Body)
	var export coltrace.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(body, &export) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(body)
	for _, resource := range export.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans = append(c.spans, newSpan(span))
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// newSpan returns a span of the protocol in the form of this package.
func newSpan(p *tracepb.Span) Span {
	s := Span{
		Name: p.GetName(), TraceID: hex.EncodeToString(p.GetTraceId()), ID: hex.EncodeToString(p.GetSpanId()),
		ParentID: hex.EncodeToString(p.GetParentSpanId()), Kind: p.GetKind(), Attributes: map[string]any{},
		HasFailed: p.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR,
	}
	for _, a := range p.GetAttributes() {
		switch v := a.GetValue().GetValue().(type) {
		case *commonpb.AnyValue_StringValue:
			s.Attributes[a.GetKey()] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			s.Attributes[a.GetKey()] = v.IntValue
		case *commonpb.AnyValue_BoolValue:
			s.Attributes[a.GetKey()] = v.BoolValue
		}
	}
	for _, l := range p.GetLinks() {
		s.LinkedTraces = append(s.LinkedTraces, hex.EncodeToString(l.GetTraceId()))
	}
	return s
}

// Raw returns all exports one behind the other, as they came over the network. The exporter must not
// compress them.
func (c *Collector) Raw() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.raw.Bytes())
}

// Spans returns the spans that have come so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// WaitForSpan waits for a span that matches and returns it.
func (c *Collector) WaitForSpan(t testing.TB, what string, match func(Span) bool) (found Span) {
	t.Helper()
	testkit.Eventually(t, func() bool {
		all := c.Spans()
		i := slices.IndexFunc(all, match)
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	}, "the span %s", what)
	return found
}

// Child waits for a span with a name whose parent is the given one, and which belongs to the same trace.
func (c *Collector) Child(t testing.TB, parent Span, name string) Span {
	t.Helper()
	child := c.WaitForSpan(t, name, func(s Span) bool { return s.Name == name && s.ParentID == parent.ID })
	require.Equal(t, parent.TraceID, child.TraceID, name)
	return child
}
