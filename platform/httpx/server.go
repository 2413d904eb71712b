package httpx

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/httpx/csvrows"
	"lyceum/platform/httpx/expect"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/stream"
	"lyceum/platform/httpx/strictjson"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
	"lyceum/platform/limit"
	"lyceum/platform/listener"
	"lyceum/platform/telemetry"
	"lyceum/platform/tempfile"
)

// Options are what a server needs.
type Options struct {
	Version        string
	PublicURL      string
	TrustedProxies []string
	Production     bool
	Keys           *keyring.Keys
	Gate           *Gate
	DB             *db.DB
	Clock          clock.Clock
	Metrics        *telemetry.Metrics
	Checks         []Check
	Modules        []ModuleInfo
	Capabilities   []Capability
	// Permissions are those that routes may ask for; without them a route may ask for any.
	Permissions *identity.Permissions
	// Problems are shown at /problems; without them those that every server has.
	Problems *apperr.Catalog
	Limiter  *limit.Limiter
	// Budgets are what routes count against: BudgetAPI, and those that routes name.
	Budgets map[string]limit.Budget
	// StoreOrigin is where signed URLs lead when that is another origin than the page's.
	StoreOrigin string
	// Scratch holds bodies of Upload routes while they are worked on.
	Scratch *tempfile.Dir
	// MetricsElsewhere says that /metrics has an address of its own.
	MetricsElsewhere bool
}

// Server answers HTTP.
type Server struct {
	o        Options
	app      *fiber.App
	api      huma.API
	gate     *Gate
	origins  *requestinfo.Origins
	proxies  requestinfo.Proxies
	stopping atomic.Bool
	document document
	idem     *idempotency
	listed   []Listed
	// uploading has a place for each upload at a time; uploads are the paths of their routes, with what each takes.
	uploading chan struct{}
	uploads   map[string]int64
	// objectsAt is the path below which object bytes are sent, and maxObjectBytes the size of the largest; see ObjectBytes.
	objectsAt      string
	maxObjectBytes int64
	// capabilities is the answer of GET /capabilities.
	capabilities map[string]any
	// sockets is how many connections are WebSockets now.
	sockets func() int
	// adding is the module whose routes are being added.
	adding string
}

// Limits of reading and writing (ASVS 15.1.3); streams set their own.
const (
	headerBytes = 16 << 10
	readTime    = 15 * time.Second
	writeTime   = 30 * time.Second
	idleTime    = 60 * time.Second
	// answerTime bounds what one request may wait for its parts: every answer comes within 3 s.
	answerTime = 2500 * time.Millisecond
)

func init() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	huma.NewErrorWithContext = problem.FromHuma
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return problem.FromHuma(nil, status, msg, errs...)
	}
}

// New builds a server with the routes of all modules.
func New(o Options, tables []Table) (*Server, error) {
	s := &Server{o: o, gate: o.Gate, uploading: make(chan struct{}, uploadSlots), uploads: map[string]int64{}, sockets: func() int { return 0 }}
	var err error
	if s.o.Problems == nil {
		if s.o.Problems, err = apperr.NewCatalog(Problems); err != nil {
			return nil, err
		}
	}
	if s.capabilities, err = collectCapabilities(o.Capabilities, o.Modules); err != nil {
		return nil, err
	}
	s.origins = requestinfo.NewOrigins(o.PublicURL, s.gate.origins, !o.Production)
	if s.proxies, err = requestinfo.ParseProxies(o.TrustedProxies); err != nil {
		return nil, err
	}
	s.app = fiber.New(fiber.Config{
		Immutable: true, CaseSensitive: true, StrictRouting: true, DisableStartupMessage: true,
		StreamRequestBody: true, BodyLimit: strictjson.MaxBytes, ReadBufferSize: headerBytes, DisablePreParseMultipartForm: true,
		ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		ErrorHandler: s.onError, Network: "tcp",
	})
	s.app.Use(s.outer)
	s.idem = newIdempotency(o.DB, o.Clock)
	s.api = humafiber.New(s.app, humaConfig(o.Version, o.PublicURL, &s.adding))
	if err := s.register(tables); err != nil {
		return nil, err
	}
	// Some codes carry members of their own, such as challenge, used_by and locked_by (RFC 9457 3.2).
	if p := s.api.OpenAPI().Components.Schemas.Map()["Problem"]; p != nil {
		p.AdditionalProperties = true
	}
	return s, s.document.build(s.api.OpenAPI())
}

// jsonFormat reads and writes the bodies of Huma.
var jsonFormat = huma.Format{Marshal: strictjson.Marshal, Unmarshal: strictjson.Unmarshal}

func humaConfig(version, publicURL string, adding *string) huma.Config {
	c := huma.DefaultConfig("Lyceum", version)
	c.CreateHooks, c.DocsPath, c.SchemasPath, c.OpenAPIPath = nil, "", "", ""
	c.Formats = map[string]huma.Format{"application/json": jsonFormat, problem.ContentType: jsonFormat}
	c.Info.Description = "Registration and roles, courses and progress, invites with an audit log, chat, notifications and private files. " +
		"Errors are application/problem+json; each code has a page at /problems/{code}."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", namer(adding))
	// The address that the document was read from comes first: a page at another name of this server may call no other.
	c.Servers = []*huma.Server{{URL: "/", Description: "This server"}, {URL: publicURL, Description: "By its public address"}}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "Access token of POST /auth/login"},
	}
	return c
}

func (s *Server) register(tables []Table) error {
	routes, err := ordered(append(tables, s.platformTable()), s.o.Permissions)
	if err != nil {
		return err
	}
	for _, r := range routes {
		s.listed = append(s.listed, Listed{Module: r.module, Method: r.op.Method, Path: r.op.Path, Who: r.who.Role(), Permission: r.who.Permission().Name, Hidden: r.op.Hidden})
		s.adding = r.module
		s.add(r)
	}
	return nil
}

// Listed is one line of the route table.
type Listed struct {
	Module, Method, Path string
	// Who is the lowest role that has the permission.
	Who, Permission string
	Hidden          bool
}

// Listing is the route table in order, for the golden test and `lyceum modules`.
func (s *Server) Listing() []Listed { return s.listed }

func (s *Server) add(r placed) {
	op := r.op
	op.OperationID = operationID(op.Method, op.Path)
	op.Tags = []string{r.module}
	op.Extensions = map[string]any{"x-permission": r.who.Permission().Name, "x-role": r.who.Role()}
	if !r.who.blind {
		op.Security = []map[string][]string{{"bearer": {}}}
		if r.who.role == identity.Anonymous {
			op.Security = append(op.Security, map[string][]string{})
		}
	}
	if r.raw != nil {
		s.addRaw(r, op)
		return
	}
	op.Responses = map[string]*huma.Response{"default": s.problemResponse()}
	if r.produces != "" {
		schema := &huma.Schema{Type: huma.TypeString, Format: "binary"}
		if r.produces == "application/json" {
			schema = &huma.Schema{Type: huma.TypeObject}
		}
		op.Responses["200"] = &huma.Response{Description: r.producesDoc, Content: map[string]*huma.MediaType{r.produces: {Schema: schema}}}
	}
	op.SkipValidateBody = false
	op.MaxBodyBytes = -1 // bounded by guardBody already, with the contract's answer
	op.Middlewares = huma.Middlewares{s.authorize(r.Route), s.guardBody(r.Route)}
	if r.upload != nil {
		s.uploads[op.Path] = r.upload.maxBytes
		op.Middlewares = huma.Middlewares{linger, s.authorize(r.Route), s.receive(r.Route)}
	}
	if r.idempotent {
		op.Parameters = append(op.Parameters, idempotencyParam)
		op.Middlewares = append(op.Middlewares, s.idem.middleware(s.api, r.prepare))
	}
	if op.Method == http.MethodPatch || op.Method == http.MethodDelete {
		op.Parameters = append(op.Parameters, ifMatchParam)
	}
	if r.within > 0 {
		op.Middlewares = append(op.Middlewares, within(r.within))
	}
	if r.csvColumns != nil || r.lines {
		op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
			ctx.AppendHeader(fiber.HeaderVary, fiber.HeaderAccept)
			next(ctx)
		})
	}
	op.Middlewares = append(op.Middlewares, s.tag)
	r.bind(s, op)
	if post := s.api.OpenAPI().Paths[op.Path].Post; r.repeats && post != nil {
		post.Responses["200"] = &huma.Response{Description: "It was there already", Content: post.Responses["201"].Content}
	}
	if post := s.api.OpenAPI().Paths[op.Path].Post; r.csvRows && post != nil {
		csvrows.BodyOf(post, s.api.OpenAPI().Components.Schemas).Document(post)
	}
	if get := s.api.OpenAPI().Paths[op.Path].Get; r.csvColumns != nil && get != nil {
		get.Responses["200"].Content[csvrows.ContentType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString,
			Description: "With Accept: text/csv all of the list, whatever the page, in the columns " + strings.Join(r.csvColumns, ", ")}}
	}
	if get := s.api.OpenAPI().Paths[op.Path].Get; r.lines && get != nil {
		get.Responses["200"].Content[stream.LinesType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString,
			Description: "With Accept: " + stream.LinesType + " all of the list, whatever the page, one item a line"}}
	}
	if op.Method == http.MethodGet {
		head := op
		head.Method, head.Hidden, head.OperationID = http.MethodHead, true, op.OperationID+"-head"
		r.bind(s, head)
	}
	for _, q := range r.queryValues {
		q.applyTo(operationOf(s.api.OpenAPI().Paths[op.Path], op.Method))
	}
	// Last, as binding lists every header that the answer's type may have.
	if documented := operationOf(s.api.OpenAPI().Paths[op.Path], op.Method); documented != nil {
		documentHeaders(documented, r.Route)
	}
}

// problemResponse documents every answer that is no success.
func (s *Server) problemResponse() *huma.Response {
	return &huma.Response{Description: "A problem (RFC 9457)", Content: map[string]*huma.MediaType{
		problem.ContentType: {Schema: s.api.OpenAPI().Components.Schemas.Schema(problemReflect, true, "problem")}}}
}

// within replaces the usual deadline.
func within(d time.Duration) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		longer, cancel := context.WithTimeout(context.WithoutCancel(ctx.Context()), d)
		defer cancel()
		next(huma.WithContext(ctx, longer))
	}
}

func (s *Server) addRaw(r placed, op huma.Operation) {
	op.Responses = map[string]*huma.Response{"default": s.problemResponse()}
	if r.switches != "" {
		op.Responses["101"] = &huma.Response{Description: r.switches}
	}
	for _, m := range pathParam.FindAllStringSubmatch(op.Path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: m[1], In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
	}
	if !op.Hidden {
		s.api.OpenAPI().AddOperation(&op)
	}
	if r.maxObjectBytes > 0 {
		s.objectsAt, _, _ = strings.Cut(op.Path, "{")
		s.maxObjectBytes = r.maxObjectBytes
	}
	path := pathParam.ReplaceAllString(op.Path, ":$1")
	handler := func(c *fiber.Ctx) error {
		requestinfo.From(c.UserContext()).Route = op.Path
		return r.raw(c)
	}
	s.app.Add(op.Method, path, handler)
	if op.Method == http.MethodGet {
		s.app.Add(http.MethodHead, path, handler)
	}
}

var ifMatchParam = &huma.Param{Name: "If-Match", In: "header", Schema: &huma.Schema{Type: "string"},
	Description: "ETag of the version that was read; 412 when it is no longer the stored one."}

var pathParam = regexp.MustCompile(`\{([a-z_]+)\}`)

// operationID is stable and readable: get-courses-by-id-lessons.
func operationID(method, path string) string {
	path = pathParam.ReplaceAllString(path, "by-$1")
	return strings.ToLower(method) + strings.NewReplacer("/", "-", ".", "-", "_", "-").Replace(path)
}

// OpenAPI is the document that is served.
func (s *Server) OpenAPI() *huma.OpenAPI { return s.api.OpenAPI() }

// Fiber gives the application, for raw routes that platform parts mount beside the table.
func (s *Server) Fiber() *fiber.App { return s.app }

// Stopping makes /readyz answer 503 while requests are still served.
func (s *Server) Stopping() { s.stopping.Store(true) }

// CountSockets tells the server, before it serves, how many connections have become WebSockets: it no longer counts those
// itself.
func (s *Server) CountSockets(open func() int) { s.sockets = open }

// Serve answers on ln until Shutdown. Running out of file descriptors does not end it: connections wait until some are free.
func (s *Server) Serve(ln net.Listener) error {
	srv := s.app.Server()
	inner := s.app.Handler()
	srv.Handler = func(ctx *fasthttp.RequestCtx) { s.entry(ctx, inner) }
	srv.HeaderReceived = s.prepareBody
	srv.ExpectHandler = func(ctx *fasthttp.RequestCtx) int { return s.judgeHeaders(ctx, inner) }
	srv.CloseOnShutdown = true
	refuse := srv.ErrorHandler
	srv.ErrorHandler = func(ctx *fasthttp.RequestCtx, err error) {
		lingerAfter(ctx)
		refuse(ctx, err)
	}
	srv.Logger = serverLog{}
	most := listener.MaxConnections()
	return srv.Serve(listener.NewPatient(ln, func() bool { return int(srv.GetOpenConnectionsCount())+s.sockets() >= most }))
}

// serverLog takes what the HTTP library says of connections, most of which clients cause, into the log's own form.
type serverLog struct{}

// Printf implements fasthttp.Logger.
func (serverLog) Printf(format string, args ...any) {
	slog.Debug("http connection", "error", fmt.Sprintf(format, args...))
}

// prepareBody gives uploads and downloads the time they need; everything else keeps the limits. A body that is announced
// larger than its route takes is judged by its headers, as with Expect: its first bytes may never come.
func (s *Server) prepareBody(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	uri := string(h.RequestURI())
	path, _, _ := strings.Cut(uri, "?")
	most, isUpload := s.uploads[path]
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
		return fasthttp.RequestConfig{ReadTimeout: 24 * time.Hour, WriteTimeout: 24 * time.Hour, MaxRequestBodySize: strictjson.MaxBytes}
	case isUpload:
		// The handler, which reads on, is called with the first byte, so that it can refuse a body before it comes.
		return fasthttp.RequestConfig{ReadTimeout: stream.StallTime, MaxRequestBodySize: 1}
	}
	return fasthttp.RequestConfig{}
}

// judgeHeaders answers a request before its body is sent, where its headers are enough to refuse it: it returns the status
// of that answer, or 100 to let the body come. The connection ends after a refusal.
func (s *Server) judgeHeaders(ctx *fasthttp.RequestCtx, inner fasthttp.RequestHandler) int {
	if length := ctx.Request.Header.ContentLength(); length == 0 || length == identityBody {
		return fasthttp.StatusContinue // there is no body to wait for
	}
	expect.Begin(ctx)
	s.entry(ctx, inner)
	if expect.End(ctx) {
		ctx.Response.ResetBody()
		ctx.SetStatusCode(fasthttp.StatusOK)
		return fasthttp.StatusContinue
	}
	lingerAfter(ctx)
	return ctx.Response.StatusCode()
}

// lingerAfter lets a client that is still sending what is refused read the answer before the connection ends.
func lingerAfter(ctx *fasthttp.RequestCtx) {
	if conn, ok := ctx.Conn().(*listener.Conn); ok {
		conn.LingerOnClose()
	}
}

// identityBody is fasthttp's length of a request without Content-Length and Transfer-Encoding.
const identityBody = -2

// Shutdown stops listening and waits for requests in flight until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.app.Server().ShutdownWithContext(ctx); err != nil {
		return fmt.Errorf("http: requests in flight did not end: %w", err)
	}
	return nil
}
