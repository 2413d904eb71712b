package httpx

import (
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"lyceum/platform/httpx/expect"
	"lyceum/platform/httpx/stream"
	"lyceum/platform/httpx/strictjson"
	"lyceum/platform/listener"

	"github.com/valyala/fasthttp"
)

// Serve answers on ln until Shutdown. Running out of file descriptors does not end it: connections wait until
// some are free.
func (s *Server) Serve(ln net.Listener) error {
	srv := s.app.Server()
	handler := s.app.Handler()
	srv.Handler = func(ctx *fasthttp.RequestCtx) { markUnknownMethod(ctx, handler) }
	srv.HeaderReceived = s.prepareBody
	srv.ExpectHandler = func(ctx *fasthttp.RequestCtx) int { return s.judgeHeaders(ctx, handler) }
	srv.CloseOnShutdown = true
	refuse := srv.ErrorHandler
	srv.ErrorHandler = func(ctx *fasthttp.RequestCtx, err error) {
		lingerAfter(ctx)
		refuse(ctx, err)
	}
	srv.Logger = serverLog{}
	most := listener.MaxConnections()
	isFull := func() bool { return int(srv.GetOpenConnectionsCount())+s.sockets() >= most }
	patient := listener.NewPatient(ln, isFull)
	patient.EndUnusedOnClose()
	return srv.Serve(patient)
}

// serverLog logs what the HTTP library says of connections. Clients cause most of it.
type serverLog struct{}

// Printf implements fasthttp.Logger.
func (serverLog) Printf(format string, args ...any) {
	slog.Debug("http connection", "error", fmt.Sprintf(format, args...))
}

// prepareBody gives uploads and downloads the time that they need; other requests keep the limits. A body whose
// length is more than its route takes is handled as with Expect: the request is refused before a byte of it has
// come.
func (s *Server) prepareBody(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	uri := string(h.RequestURI())
	path, _, _ := strings.Cut(uri, "?")
	most, isUpload := s.uploadBytes[path]
	isObject := s.objectsAt != "" && strings.HasPrefix(uri, s.objectsAt)
	switch {
	case isObject:
		most = s.maxObjectBytes
	case !isUpload:
		most = strictjson.MaxBytes
	}
	if int64(h.ContentLength()) > most {
		h.Set(fasthttp.HeaderExpect, "100-continue")
	}
	switch {
	case isObject:
		return fasthttp.RequestConfig{
			ReadTimeout: objectTime, WriteTimeout: objectTime, MaxRequestBodySize: strictjson.MaxBytes,
		}
	case isUpload:
		// The handler, which reads on, is called with the first byte, so that it can refuse a body before it comes.
		return fasthttp.RequestConfig{ReadTimeout: stream.StallTime, MaxRequestBodySize: 1}
	}
	return fasthttp.RequestConfig{}
}

// judgeHeaders answers a request before its body is sent if its headers are enough to refuse it. It returns the
// status of that answer, after which the connection ends, or 100 to let the body come.
func (s *Server) judgeHeaders(ctx *fasthttp.RequestCtx, handler fasthttp.RequestHandler) int {
	if length := ctx.Request.Header.ContentLength(); length == 0 || length == identityBody {
		return fasthttp.StatusContinue // there is no body to wait for
	}
	expect.BeginFirstCall(ctx)
	markUnknownMethod(ctx, handler)
	if expect.EndFirstCall(ctx) {
		ctx.Response.ResetBody()
		ctx.SetStatusCode(fasthttp.StatusOK)
		return fasthttp.StatusContinue
	}
	lingerAfter(ctx)
	return ctx.Response.StatusCode()
}

// objectTime is how long an object may take in either direction.
const objectTime = 24 * time.Hour

// lingerAfter lets a client that is still sending what is refused read the answer before the connection ends.
func lingerAfter(ctx *fasthttp.RequestCtx) {
	if conn, ok := ctx.Conn().(*listener.Conn); ok {
		conn.LingerOnClose()
	}
}

// identityBody is fasthttp's length of a request without Content-Length and Transfer-Encoding.
const identityBody = -2
