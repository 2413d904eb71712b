package httpx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"

	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/httpx/conditional"
	"lyceum/platform/httpx/csvrows"
	"lyceum/platform/httpx/expect"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/stream"
	"lyceum/platform/httpx/strictjson"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// entry sees what Fiber would answer by itself in plain text: methods that it does not know.
func (s *Server) entry(ctx *fasthttp.RequestCtx, inner fasthttp.RequestHandler) {
	if !slices.Contains(fiber.DefaultMethods, string(ctx.Method())) {
		// A known method takes the same path, so that headers and log line are those of every answer.
		ctx.Request.Header.Set("X-Lyceum-Unknown-Method", "1")
		ctx.Request.Header.SetMethod(fiber.MethodTrace)
	}
	inner(ctx)
}

// tracer makes a span of each request; without an exporter it costs nothing worth mentioning.
var tracer = otel.Tracer("lyceum/http")

// outer is the first and last to see each request.
func (s *Server) outer(c *fiber.Ctx) (err error) {
	info := s.begin(c)
	ctx, cancel := context.WithTimeout(requestinfo.NewContext(context.Background(), info), answerTime)
	defer cancel()
	ctx, span := tracer.Start(ctx, info.Method)
	defer span.End()
	ctx = db.Expect(ctx, c.Get(fiber.HeaderIfMatch))
	ctx, info.Queries = db.Count(ctx)
	c.SetUserContext(identity.WithCaller(ctx, identity.Caller{IP: info.IP, UserAgent: info.UserAgent, RequestID: info.ID}))
	s.securityHeaders(c)
	defer func() {
		if p := recover(); p != nil {
			slog.Error("panic", "request_id", info.ID, "route", info.Route, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = problem.Write(c, errors.New("panic"))
		}
		s.finish(c, info)
		span.SetName(info.Method + " " + info.Route)
		span.SetAttributes(attribute.String("http.route", info.Route), attribute.Int("http.response.status_code", c.Response().StatusCode()),
			attribute.String("lyceum.request_id", info.ID), attribute.Int64("lyceum.queries", info.Queries.Load()))
	}()
	if err := framing(c); err != nil {
		c.Context().SetConnectionClose()
		return problem.Write(c, err)
	}
	if preflight := s.cors(c); preflight {
		return c.SendStatus(http.StatusNoContent)
	}
	if err := c.Next(); err != nil {
		return problem.Write(c, err)
	}
	return nil
}

func (s *Server) begin(c *fiber.Ctx) *requestinfo.Info {
	id := c.Get("X-Request-Id")
	if !requestinfo.IsValidID(id) {
		id = ids.New()
	}
	ua, ip := strings.ToValidUTF8(c.Get(fiber.HeaderUserAgent), ""), s.proxies.ClientIP(c.Context().RemoteAddr().String(), c.Request().Header.PeekAll(fiber.HeaderXForwardedFor))
	return &requestinfo.Info{
		ID: id, Method: c.Method(), Path: strings.ToValidUTF8(c.Path(), "\uFFFD"), URI: c.OriginalURL(), IP: ip,
		Host: string(c.Context().Host()), Origins: s.origins,
		UserAgent: requestinfo.CleanText(ua, 300), Started: time.Now(), Network: requestinfo.NetworkOf(ip),
		PreferredType: wanted(c),
	}
}

// wanted is the type that the caller asks for in place of JSON, where the route has another.
func wanted(c *fiber.Ctx) string {
	if accept := c.Get(fiber.HeaderAccept); !strings.Contains(accept, csvrows.ContentType) && !strings.Contains(accept, stream.LinesType) {
		return ""
	}
	return c.Accepts("application/json", csvrows.ContentType, stream.LinesType)
}

func (s *Server) securityHeaders(c *fiber.Ctx) {
	h := &c.Response().Header
	h.Set("X-Request-Id", requestinfo.From(c.UserContext()).ID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if strings.HasPrefix(s.o.PublicURL, "https:") {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

// framing refuses what proxies and servers read differently (ASVS 4.2.1): two lengths, a length
// beside Transfer-Encoding, Transfer-Encoding on HTTP/1.0, bare line feeds, folded headers.
func framing(c *fiber.Ctx) error {
	h := &c.Request().Header
	raw := h.RawHeaders()
	te, cl, once := 0, 0, map[string]bool{}
	for line := range bytes.Lines(raw) {
		if !bytes.HasSuffix(line, []byte("\r\n")) || line[0] == ' ' || line[0] == '\t' {
			return apperr.Malformed("The request's framing is ambiguous.")
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch name := strings.ToLower(string(name)); name {
		case "authorization", "content-type", "host":
			if once[name] {
				return apperr.Malformed("A header that may come once comes twice.")
			}
			once[name] = true
		case "transfer-encoding":
			if te++; !strings.EqualFold(strings.TrimSpace(string(value)), "chunked") {
				return apperr.Malformed("The request's framing is ambiguous.")
			}
		case "content-length":
			cl++
		}
	}
	if !hasKnownVersion(c) || !hasValidHost(c, once["host"]) {
		return apperr.Malformed("The request's HTTP version or Host is not accepted.")
	}
	if te > 1 || cl > 1 || te > 0 && (cl > 0 || !h.IsHTTP11()) {
		return apperr.Malformed("The request's framing is ambiguous.")
	}
	return nil
}

// hasKnownVersion reports whether the request line names HTTP/1.0 or HTTP/1.1.
func hasKnownVersion(c *fiber.Ctx) bool {
	version := string(c.Request().Header.Protocol())
	return version == "HTTP/1.1" || version == "HTTP/1.0"
}

// hostForm is a name or address with an optional port (RFC 9112 3.2), without what misleads readers, such as a user name.
var hostForm = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(:([0-9]{1,5}))?$`)

func isValidHost(host string) bool {
	m := hostForm.FindStringSubmatch(host)
	if m == nil {
		return false
	}
	port, err := strconv.Atoi("0" + m[3])
	return err == nil && port <= 65535
}

// hasValidHost checks the Host header, which HTTP/1.1 needs, and the authority of a request line that is a whole URL.
func hasValidHost(c *fiber.Ctx, given bool) bool {
	h := &c.Request().Header
	if !given {
		return !h.IsHTTP11()
	}
	if !isValidHost(string(h.Host())) {
		return false
	}
	target := string(h.RequestURI())
	if strings.HasPrefix(target, "/") || target == "*" {
		return true
	}
	u, err := url.Parse(target)
	return err == nil && u.User == nil && isValidHost(u.Host) && (strings.EqualFold(u.Scheme, "http") || strings.EqualFold(u.Scheme, "https"))
}

// cors answers other origins only by exact match, and says whether the request was a preflight.
func (s *Server) cors(c *fiber.Ctx) (preflight bool) {
	origin := c.Get(fiber.HeaderOrigin)
	if len(s.gate.origins) > 0 {
		c.Append(fiber.HeaderVary, fiber.HeaderOrigin)
	}
	if origin == "" || !s.gate.origins[strings.ToLower(origin)] {
		return false
	}
	c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
	c.Set(fiber.HeaderAccessControlExposeHeaders, "ETag, Link, Location, Retry-After, X-Request-Id, Idempotency-Replayed, RateLimit, RateLimit-Policy")
	if c.Method() != http.MethodOptions || c.Get(fiber.HeaderAccessControlRequestMethod) == "" {
		return false
	}
	c.Append(fiber.HeaderVary, fiber.HeaderAccessControlRequestMethod, fiber.HeaderAccessControlRequestHeaders)
	c.Set(fiber.HeaderAccessControlAllowMethods, "GET, HEAD, POST, PUT, PATCH, DELETE")
	c.Set(fiber.HeaderAccessControlAllowHeaders, "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, Accept")
	c.Set(fiber.HeaderAccessControlMaxAge, "600")
	return true
}

func (s *Server) finish(c *fiber.Ctx, info *requestinfo.Info) {
	if expect.WillReturn(c.Context()) {
		return // the second call is the one that counts
	}
	status := c.Response().StatusCode()
	if c.Request().Header.Peek("X-Lyceum-Unknown-Method") != nil {
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
	s.o.Metrics.Observe(info.Method, route, status, took)
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelWarn
	}
	if strings.HasPrefix(route, "/console") || route == "/healthz" || route == "/readyz" || route == "/metrics" {
		level = slog.LevelDebug
	}
	if strings.Contains(info.Route, "{token}") {
		info.Path = info.Route // what stands in the address is the secret itself
	}
	// The path without its query: queries carry tokens, addresses and signatures.
	slog.Log(context.Background(), level, "request", "method", info.Method, "path", info.Path, "status", status,
		"ms", float64(took.Microseconds())/1000, "queries", queries, "request_id", info.ID, "user", info.Caller.UserID, "ip", info.IP)
}

func (s *Server) onError(c *fiber.Ctx, err error) error {
	if !requestinfo.IsRequest(c.UserContext()) {
		// Refused before any middleware ran: a request that could not even be read.
		info := s.begin(c)
		c.SetUserContext(requestinfo.NewContext(context.Background(), info))
		s.securityHeaders(c)
		c.Context().SetConnectionClose()
	}
	return problem.Write(c, err)
}

// authorize resolves the caller, counts the request, and holds the route to its lowest role.
func (s *Server) authorize(r Route) func(huma.Context, func(huma.Context)) {
	budget := s.budgetOf(r)
	return func(ctx huma.Context, next func(huma.Context)) {
		c, err := s.gate.caller(ctx.Context(), ctx.Header(fiber.HeaderAuthorization), r.who)
		requestinfo.From(ctx.Context()).Route = ctx.Operation().Path
		if caller := requestinfo.From(ctx.Context()).Caller; err != nil && r.refused != nil && caller.SignedIn() {
			r.refused(identity.WithCaller(ctx.Context(), caller), ctx.Param)
		}
		if over := s.countOnce(ctx, budget); over != nil {
			err = over
		}
		if err != nil {
			problem.WriteHuma(ctx, err)
			return
		}
		next(huma.WithContext(ctx, c))
	}
}

// guarded hands the checked body to Huma; with streaming on, Huma would read the connection.
type guarded struct {
	inner
	body []byte
}

// inner is embedded under another name, as huma.Context has a method called Context.
type inner = huma.Context

func (g guarded) BodyReader() io.Reader { return bytes.NewReader(g.body) }
func (g guarded) Unwrap() huma.Context  { return g.inner }

// guardBody holds the body to 415, 413, 400 and 422, in this order, before anything decodes it.
func (s *Server) guardBody(r Route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := humafiber.Unwrap(ctx)
		body, err := readBody(c, ctx.Operation().RequestBody, r)
		if expect.WillReturn(c.Context()) {
			return
		}
		if err == nil {
			err = checkQuery(c)
		}
		if err == nil {
			body, err = s.checkBody(c, body, ctx.Operation(), r.csvRows)
		}
		if err != nil {
			problem.WriteHuma(ctx, err)
			return
		}
		next(guarded{ctx, body})
	}
}

// checkQuery holds parameters to text that every database takes.
func checkQuery(c *fiber.Ctx) error {
	for k, v := range c.Context().QueryArgs().All() {
		if !utf8.Valid(k) || !utf8.Valid(v) || bytes.IndexByte(k, 0) >= 0 || bytes.IndexByte(v, 0) >= 0 {
			return validation.InvalidAt("query."+requestinfo.CleanText(strings.ToValidUTF8(string(k), ""), 50), "U+0000 and broken UTF-8 are not accepted")
		}
	}
	return nil
}

// checkBody holds a body of a known type to its syntax, and makes JSON of CSV.
func (s *Server) checkBody(c *fiber.Ctx, body []byte, op *huma.Operation, csvRows bool) ([]byte, error) {
	if len(body) == 0 {
		return body, nil
	}
	if !strings.HasPrefix(c.Get(fiber.HeaderContentType), csvrows.ContentType) {
		faults, err := strictjson.Check(body)
		if err == nil && csvRows {
			err = csvrows.BodyOf(op, s.api.OpenAPI().Components.Schemas).CheckQuery(c.Context().QueryArgs())
		}
		requestinfo.From(c.UserContext()).BodyFaults = faults
		return body, err
	}
	c.Request().Header.SetContentType("application/json")
	return csvrows.BodyOf(op, s.api.OpenAPI().Components.Schemas).ToJSON(body, c.Context().QueryArgs())
}

func readBody(c *fiber.Ctx, documented *huma.RequestBody, r Route) ([]byte, error) {
	types := r.bodyTypes
	if c.Get(fiber.HeaderContentEncoding) != "" {
		return nil, apperr.ProblemUnsupportedMediaType.New("A body may not have a Content-Encoding.")
	}
	if expect.IsFirst(c.Context()) {
		return nil, judgeBody(c, types)
	}
	body, err := drain(c)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		if documented != nil && documented.Required {
			return nil, missingBody(c, types)
		}
		return nil, nil
	}
	if !isOneOf(c.Get(fiber.HeaderContentType), types) {
		return nil, wrongType(types)
	}
	if r.ignoresForm && !isOneOf(c.Get(fiber.HeaderContentType), []string{jsonType}) {
		return nil, nil
	}
	// Types are case-insensitive (RFC 9110 8.3.1), Huma's table of them is not.
	c.Request().Header.SetContentType(strings.ToLower(c.Get(fiber.HeaderContentType)))
	if (documented == nil || r.ignoresForm) && strings.TrimSpace(string(body)) != "{}" {
		if _, err := strictjson.Check(body); err != nil {
			return nil, err
		}
		return nil, validation.InvalidAt("body", "this operation takes no body, or {}")
	}
	return body, nil
}

// judgeBody refuses a body by its headers, or asks for it.
func judgeBody(c *fiber.Ctx, types []string) error {
	if given := c.Get(fiber.HeaderContentType); given != "" && !isOneOf(given, types) {
		return wrongType(types)
	}
	if c.Request().Header.ContentLength() > strictjson.MaxBytes {
		return tooLarge(c)
	}
	expect.AskForBody(c.Context())
	return nil
}

// isOneOf reports whether a Content-Type is one of types, in an encoding that is read: UTF-8, and for tables those in which
// they are saved.
func isOneOf(contentType string, types []string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || !slices.Contains(types, media) {
		return false
	}
	charset := params["charset"]
	return charset == "" || strings.EqualFold(charset, "utf-8") || media == csvrows.ContentType && csvrows.IsCharset(charset)
}

// missingBody tells a wrong kind of body apart from none at all.
func missingBody(c *fiber.Ctx, types []string) error {
	ct := c.Get(fiber.HeaderContentType)
	if ct == "" || slices.ContainsFunc(types, func(t string) bool { return strings.HasPrefix(ct, t) }) {
		return apperr.Malformed("The body is missing.")
	}
	return wrongType(types)
}

func wrongType(types []string) error {
	return apperr.ProblemUnsupportedMediaType.New("Content-Type must be " + strings.Join(types, " or ") + ".")
}

func drain(c *fiber.Ctx) ([]byte, error) {
	arriving := c.Context().RequestBodyStream()
	if c.Request().Header.ContentLength() > 5*strictjson.MaxBytes {
		return nil, tooLarge(c) // not even looked at
	}
	if arriving == nil {
		return c.Request().Body(), nil
	}
	body, err := io.ReadAll(io.LimitReader(arriving, strictjson.MaxBytes+1))
	if len(body) > strictjson.MaxBytes {
		// Read on a little, so that the client is done sending and sees the answer.
		_, _ = io.CopyN(io.Discard, arriving, 4*strictjson.MaxBytes)
		return nil, tooLarge(c)
	}
	if err != nil {
		return nil, apperr.Malformed("The body ended early.").Because(err)
	}
	return body, nil
}

func tooLarge(c *fiber.Ctx) error {
	c.Context().SetConnectionClose()
	return apperr.ProblemBodyTooLarge.New("A body may have " + strconv.Itoa(strictjson.MaxBytes) + " bytes.")
}

// tag gives answers their ETag and turns a GET that knows it already into 304.
func (s *Server) tag(ctx huma.Context, next func(huma.Context)) {
	next(ctx)
	info := requestinfo.From(ctx.Context())
	c := humafiber.Unwrap(ctx)
	if info.Stream != nil {
		c.Response().ResetBody()
		info.Stream.Body(ctx)
		return
	}
	if !info.HasETag || c.Response().StatusCode() >= 300 {
		return
	}
	etag := conditional.VersionedETag(info.Version, c.Response().Body())
	c.Set(fiber.HeaderETag, etag)
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	if m := ctx.Operation().Method; (m == http.MethodGet || m == http.MethodHead) && conditional.MatchesWeakly(c.Get(fiber.HeaderIfNoneMatch), etag) {
		c.Response().ResetBody()
		c.Response().Header.Del(fiber.HeaderContentType)
		c.Status(http.StatusNotModified)
	}
}
