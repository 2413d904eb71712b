package faults

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// checkInterval is how often the balancer asks each replica whether it is ready.
const checkInterval = 100 * time.Millisecond

// balancer is a reverse proxy that gives each request to the next replica in turn. As those of real installations, it
// leaves out replicas that are not ready, and tries the next one if a replica can't be connected to: only a request
// that was not sent yet is tried again.
type balancer struct {
	// URL is the address of the installation.
	URL string

	mu       sync.Mutex
	replicas []*backend
	next     int
	probe    *http.Client
	// transport has the connections to all replicas.
	transport *http.Transport
}

// backend is a replica as the balancer sees it.
type backend struct {
	// addr is its host and port.
	addr  string
	ready bool
}

// newBalancer starts a balancer without replicas and stops it at the end of the test.
func newBalancer(t *testing.T) *balancer {
	t.Helper()
	b := &balancer{
		probe: &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
		transport: &http.Transport{
			DialContext: (&net.Dialer{Timeout: time.Second}).DialContext, MaxIdleConnsPerHost: 100,
			IdleConnTimeout: time.Second,
		},
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetXForwarded() },
		Transport: b,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	server := httptest.NewServer(proxy)
	b.URL = server.URL
	ctx, cancel := context.WithCancel(context.Background())
	var checks sync.WaitGroup
	checks.Go(func() { b.checkAll(ctx) })
	t.Cleanup(func() {
		cancel()
		checks.Wait()
		b.transport.CloseIdleConnections()
		server.CloseClientConnections()
		server.Close()
	})
	return b
}

// Add adds a replica that is not asked before a check has found it ready.
func (b *balancer) Add(addr string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.replicas = append(b.replicas, &backend{addr: addr})
}

// Remove takes a replica out.
func (b *balancer) Remove(addr string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.replicas = slices.DeleteFunc(b.replicas, func(r *backend) bool { return r.addr == addr })
}

// CountReady returns how many replicas get requests.
func (b *balancer) CountReady() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.replicas {
		if r.ready {
			n++
		}
	}
	return n
}

// checkAll asks all replicas again and again until ctx ends.
func (b *balancer) checkAll(ctx context.Context) {
	for ctx.Err() == nil {
		b.mu.Lock()
		replicas := slices.Clone(b.replicas)
		b.mu.Unlock()
		var checks sync.WaitGroup
		for _, r := range replicas {
			checks.Go(func() { b.mark(r, b.isReady(ctx, r)) })
		}
		checks.Wait()
		select {
		case <-ctx.Done():
		case <-time.After(checkInterval):
		}
	}
}

// isReady returns whether a replica says that it is ready.
func (b *balancer) isReady(ctx context.Context, r *backend) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.addr+"/readyz", nil)
	if err != nil {
		return false
	}
	res, err := b.probe.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func (b *balancer) mark(r *backend, ready bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r.ready = ready
}

// pick returns the next ready replica that is not among tried, or any if none is ready; nil if all were tried.
func (b *balancer) pick(tried []*backend) *backend {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, mustBeReady := range []bool{true, false} {
		for range b.replicas {
			b.next++
			r := b.replicas[b.next%len(b.replicas)]
			if (r.ready || !mustBeReady) && !slices.Contains(tried, r) {
				return r
			}
		}
	}
	return nil
}

// RoundTrip sends a request to a replica. It tries another one only if there was no connection to send it on.
func (b *balancer) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil && !strings.EqualFold(req.Header.Get("Upgrade"), "websocket") {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	var tried []*backend
	lastErr := errors.New("no replica is left")
	for {
		r := b.pick(tried)
		if r == nil {
			return nil, lastErr
		}
		tried = append(tried, r)
		attempt := req.Clone(req.Context())
		attempt.URL.Scheme, attempt.URL.Host = "http", r.addr
		if body != nil {
			attempt.Body = io.NopCloser(bytes.NewReader(body)) // without GetBody, so that net/http sends it once
		}
		res, err := b.transport.RoundTrip(attempt)
		var dial *net.OpError
		if err == nil || !errors.As(err, &dial) || dial.Op != "dial" {
			return res, err
		}
		lastErr = err
		b.mark(r, false)
	}
}
