package main

import (
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

// serveInMemory answers requests by a handler, without the network, until the test ends.
func serveInMemory(t *testing.T, handler fasthttp.RequestHandler) *loadClient {
	ln := fasthttputil.NewInmemoryListener()
	server := &fasthttp.Server{Handler: handler}
	go func() { _ = server.Serve(ln) }()
	t.Cleanup(func() { _ = ln.Close() })
	client := newLoadClient("bench.example", 4)
	client.http.Dial = func(string) (net.Conn, error) { return ln.Dial() }
	return client
}

func TestClosedLoopCountsEveryAnswer(t *testing.T) {
	var answered atomic.Int64
	client := serveInMemory(t, func(*fasthttp.RequestCtx) { answered.Add(1) })
	load := &closedLoop{
		client: client, connections: 4, length: 20 * time.Millisecond,
		next: func() request { return request{method: "GET", path: "/", want: 200} },
	}
	latencies, took, err := load.run(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, answered.Load(), len(latencies))
	require.GreaterOrEqual(t, len(latencies), 4, "each connection sends one at least")
	require.IsNonDecreasing(t, latencies)
	require.GreaterOrEqual(t, took, load.length)
}

func TestClosedLoopEndsAtAnUnexpectedAnswer(t *testing.T) {
	client := serveInMemory(t, func(ctx *fasthttp.RequestCtx) { ctx.Error("out of order", 503) })
	load := &closedLoop{
		client: client, connections: 4, length: time.Hour,
		next: func() request { return request{method: "GET", path: "/courses", want: 200} },
	}
	_, _, err := load.run(t.Context())
	require.EqualError(t, err, "GET /courses answered 503 instead of 200: out of order")
}

func TestClosedLoopEndsWithItsContext(t *testing.T) {
	client := serveInMemory(t, func(*fasthttp.RequestCtx) {})
	interrupted := errors.New("interrupted")
	ctx, cancel := contextWithCause(t)
	var sent atomic.Int64
	load := &closedLoop{
		client: client, connections: 4, length: time.Hour,
		next: func() request {
			if sent.Add(1) == 100 {
				cancel(interrupted)
			}
			return request{method: "GET", path: "/", want: 200}
		},
	}
	_, _, err := load.run(ctx)
	require.ErrorIs(t, err, interrupted)
}

func TestClientSendsWhatTheRequestSays(t *testing.T) {
	client := serveInMemory(t, func(ctx *fasthttp.RequestCtx) {
		ctx.Response.Header.Set("ETag", `"7"`)
		ctx.SetBodyString(string(ctx.Method()) + " " + string(ctx.Request.Header.Peek("Authorization")) + " " +
			string(ctx.Request.Header.Peek("If-None-Match")) + " " + string(ctx.PostBody()))
	})
	body, etag, err := client.sendOnce(request{
		method: "PUT", path: "/", token: "secret", etag: `"6"`, body: `{"percent":1}`, want: 200,
	})
	require.NoError(t, err)
	require.Equal(t, `"7"`, etag)
	require.Equal(t, `PUT Bearer secret "6" {"percent":1}`, string(body))
}
