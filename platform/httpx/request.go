package httpx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"lyceum/platform/db"
	"lyceum/platform/httpx/csvrows"
	"lyceum/platform/httpx/expect"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/stream"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/telemetry"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// unknownMethodKey marks a request whose method Fiber does not know, as a user value, which clients can't set.
type unknownMethodKey struct{}

// markUnknownMethod passes requests to Fiber. Fiber would answer methods that it does not know by itself, in
// plain text; as TRACE, which no route has, they take the same path as every request and get the headers and
// the log line of all.
func markUnknownMethod(ctx *fasthttp.RequestCtx, handler fasthttp.RequestHandler) {
	if !slices.Contains(fiber.DefaultMethods, string(ctx.Method())) {
		ctx.SetUserValue(unknownMethodKey{}, true)
		ctx.Request.Header.SetMethod(fiber.MethodTrace)
	}
	handler(ctx)
}

// tracer makes a span of each request, at next to no cost without an exporter.
var tracer = otel.Tracer("lyceum/http")

// serverSpan are the options of that span.
var serverSpan = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}

// handleRequest is the first middleware: it fills the Info and the context, sets the headers of
// all answers, turns errors and panics into problems, and logs, measures and traces the answer.
func (s *Server) handleRequest(c *fiber.Ctx) (err error) {
	info := s.newInfo(c)
	ctx, cancel := context.WithTimeout(requestinfo.NewContext(context.Background(), info), answerTime)
	defer cancel()
	ctx, span := tracer.Start(ctx, info.Method, serverSpan...)
	defer span.End()
	ctx = db.ExpectVersion(ctx, c.Get(fiber.HeaderIfMatch))
	ctx, info.Queries = db.CountStatements(ctx)
	caller := identity.Caller{IP: info.IP, UserAgent: info.UserAgent, RequestID: info.ID}
	c.SetUserContext(identity.WithCaller(ctx, caller))
	s.setSecurityHeaders(c)
	defer func() {
		if p := recover(); p != nil {
			slog.ErrorContext(ctx, "request panicked", "request_id", info.ID, "route", info.Route,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = problem.Write(c, errors.New("panic"))
		}
		s.recordAnswer(ctx, c, info)
		if span.IsRecording() { // else nobody traces
			describeSpan(span, c, info)
		}
	}()
	if err := checkFraming(c); err != nil {
		c.Context().SetConnectionClose()
		return problem.Write(c, err)
	}
	if preflight := s.setCORS(c); preflight {
		return c.SendStatus(http.StatusNoContent)
	}
	if err := c.Next(); err != nil {
		return problem.Write(c, err)
	}
	return nil
}

// describeSpan writes into the span of a request what became of it. The path, the query and the address of the
// client stay out: they may hold secrets, and say who somebody is.
//
// A client's traceparent becomes a link and not the parent: else clients could add to the traces of others,
// and choose what is sampled. Its tracestate and baggage are not read.
func describeSpan(span trace.Span, c *fiber.Ctx, info *requestinfo.Info) {
	status := c.Response().StatusCode()
	span.SetName(info.Method + " " + cmp.Or(info.Route, "none"))
	span.SetAttributes(attribute.String("http.request.method", info.Method), attribute.String("http.route", info.Route),
		attribute.Int("http.response.status_code", status),
		attribute.String("lyceum.request_id", info.ID), attribute.Int64("lyceum.queries", info.Queries.Load()))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	if client := telemetry.ParseTraceparent(c.Get("traceparent")); client.IsValid() {
		span.AddLink(trace.Link{SpanContext: client})
	}
}

// newInfo returns what is known of a request before it was routed.
func (s *Server) newInfo(c *fiber.Ctx) *requestinfo.Info {
	id := c.Get("X-Request-Id")
	if !requestinfo.IsValidID(id) {
		id = ids.New()
	}
	var forwarded [][]byte
	if len(s.proxies) > 0 {
		forwarded = c.Request().Header.PeekAll(fiber.HeaderXForwardedFor)
	}
	ip := s.proxies.ClientIP(c.Context().RemoteAddr().String(), forwarded)
	ua := strings.ToValidUTF8(c.Get(fiber.HeaderUserAgent), "")
	return &requestinfo.Info{
		ID: id, Method: c.Method(), Path: strings.ToValidUTF8(c.Path(), "\uFFFD"), URI: c.OriginalURL(), IP: ip,
		Host: string(c.Context().Host()), Origins: s.origins,
		UserAgent: requestinfo.CleanText(ua, 300), Started: time.Now(), Network: requestinfo.NetworkOf(ip),
		PreferredType: preferredType(c),
	}
}

// preferredType returns the media type that the client prefers over JSON, or "". Only few routes have another.
func preferredType(c *fiber.Ctx) string {
	accept := c.Get(fiber.HeaderAccept)
	if !strings.Contains(accept, csvrows.ContentType) && !strings.Contains(accept, stream.LinesType) {
		return ""
	}
	return c.Accepts("application/json", csvrows.ContentType, stream.LinesType)
}

// recordAnswer counts and logs an answer. ctx has the span of the request.
func (s *Server) recordAnswer(ctx context.Context, c *fiber.Ctx, info *requestinfo.Info) {
	if expect.WillCallAgain(c.Context()) {
		return // the handler is called again with the body
	}
	status := c.Response().StatusCode()
	if c.Context().UserValue(unknownMethodKey{}) != nil {
		info.Method = "other"
	}
	route := info.Route
	if route == "" {
		route = "none"
	}
	took, queries := time.Since(info.Started), int64(0)
	if info.Queries != nil {
		queries = info.Queries.Load()
	}
	s.o.Metrics.ObserveRequest(info.Method, route, status, took)
	for _, tell := range s.onAnswer {
		tell(info, status)
	}
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelWarn
	}
	if strings.HasPrefix(route, "/console") || route == "/healthz" || route == "/readyz" || route == "/metrics" {
		level = slog.LevelDebug
	}
	if !slog.Default().Enabled(ctx, level) {
		return
	}
	info.Path = s.withoutSecret(info.Path)
	// Without the query, which may hold tokens, addresses and signatures.
	facts := []any{
		"method", info.Method, "path", info.Path, "status", status, "ms", float64(took.Microseconds()) / 1000,
		"queries", queries, "request_id", info.ID, "user", info.Caller.UserID, "ip", info.IP,
	}
	if status >= http.StatusBadRequest && info.ProblemCode != "" {
		facts = append(facts, "code", info.ProblemCode)
	}
	slog.Log(ctx, level, "request", facts...)
}

// withoutSecret returns a path for the log. What follows the beginning of a route with a {token} is a secret, also if
// the method is another one or the rest of the path is not quite right, so that no route matches.
func (s *Server) withoutSecret(path string) string {
	plain := path
	if strings.Contains(path, "//") {
		plain = manySlashes.ReplaceAllString(path, "/")
	}
	for _, before := range s.beforeTokens {
		if len(plain) > len(before) && strings.EqualFold(plain[:len(before)], before) {
			return before + "{token}"
		}
	}
	return path
}

var manySlashes = regexp.MustCompile(`/{2,}`)

// onError answers an error that reached Fiber itself.
func (s *Server) onError(c *fiber.Ctx, err error) error {
	if !requestinfo.IsRequest(c.UserContext()) {
		// The request could not be read, so no middleware has run.
		info := s.newInfo(c)
		c.SetUserContext(requestinfo.NewContext(context.Background(), info))
		s.setSecurityHeaders(c)
		c.Context().SetConnectionClose()
	}
	return problem.Write(c, err)
}
