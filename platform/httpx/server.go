package httpx

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/httpx/idempotency"
	"lyceum/platform/httpx/openapi"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/strictjson"
	"lyceum/platform/httpx/upload"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
	"lyceum/platform/limit"
	"lyceum/platform/telemetry"
	"lyceum/platform/tempfile"
)

// Options are what a server needs.
type Options struct {
	Version string
	// Description introduces the API in its document.
	Description    string
	PublicURL      string
	TrustedProxies []string
	Production     bool
	Keys           *keyring.Keys
	Authenticator  *Authenticator
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
	// ConsolePages are the paths beside "/" at which the console is shown.
	ConsolePages []string
	// Scratch holds bodies of routes with TakesUpload while they are worked on.
	Scratch *tempfile.Dir
	// MetricsElsewhere says that /metrics has an address of its own.
	MetricsElsewhere bool
}

// Server answers HTTP.
type Server struct {
	o        Options
	app      *fiber.App
	api      huma.API
	auth     *Authenticator
	origins  *requestinfo.Origins
	proxies  requestinfo.Proxies
	stopping atomic.Bool
	document openapi.Document
	// idempotency keeps the answers to requests with an Idempotency-Key.
	idempotency *idempotency.Records
	listed      []Listed
	// beforeTokens are the beginnings of paths that a secret follows.
	beforeTokens []string
	uploads      *upload.Receiver
	// uploadBytes are the sizes that the routes of uploads take, by path.
	uploadBytes map[string]int64
	// capabilities is the answer of GET /capabilities.
	capabilities map[string]any
	// documented are the codes that operations may answer with, by method and path template.
	documented map[string][]string
	// onAnswer are told of every answer; only tests set them.
	onAnswer []func(info *requestinfo.Info, status int)
	// sockets is how many connections are WebSockets now.
	sockets func() int
	// objectsAt is the path below which objects are sent, and maxObjectBytes the size of the largest; see
	// ObjectBytes.
	objectsAt      string
	maxObjectBytes int64
	// currentModule is the module whose routes are being registered; it names schemas.
	currentModule string
}

// Limits of reading and writing (ASVS 15.1.3); streams set their own.
const (
	headerBytes = 16 << 10
	// answerBytes is how much of an answer is sent at once. The first page of a list usually fits in. Each open
	// connection keeps that much memory, as it does headerBytes.
	answerBytes = 16 << 10
	readTime    = 15 * time.Second
	writeTime   = 30 * time.Second
	idleTime    = 60 * time.Second
	// answerTime bounds what one request may wait for its parts: an answer comes within 3 s, unless its route has
	// AnswerWithin or TakesUpload, or the request waits for another one with its Idempotency-Key.
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
	s := &Server{
		o: o, auth: o.Authenticator, sockets: func() int { return 0 },
		uploads: upload.NewReceiver(o.Scratch), uploadBytes: map[string]int64{},
	}
	var err error
	if s.o.Problems == nil {
		if s.o.Problems, err = apperr.NewCatalog(idempotency.Problems); err != nil {
			return nil, err
		}
	}
	if s.capabilities, err = collectCapabilities(o.Capabilities, o.Modules); err != nil {
		return nil, err
	}
	s.origins = requestinfo.NewOrigins(o.PublicURL, s.auth.origins, !o.Production)
	if s.proxies, err = requestinfo.ParseProxies(o.TrustedProxies); err != nil {
		return nil, err
	}
	s.app = fiber.New(fiber.Config{
		Immutable: true, CaseSensitive: true, StrictRouting: true, DisableStartupMessage: true,
		StreamRequestBody: true, DisablePreParseMultipartForm: true,
		BodyLimit: strictjson.MaxBytes, ReadBufferSize: headerBytes, WriteBufferSize: answerBytes,
		ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		ErrorHandler: s.onError, Network: "tcp",
	})
	s.app.Use(s.handleRequest)
	s.idempotency = idempotency.NewRecords(o.DB, o.Clock)
	s.api = humafiber.New(s.app, openapi.NewConfig(openapi.Info{
		Version: o.Version, Description: o.Description, PublicURL: o.PublicURL,
	}, &s.currentModule))
	if err := s.registerRoutes(tables); err != nil {
		return nil, err
	}
	openapi.AllowProblemMembers(s.api.OpenAPI())
	s.describeTags(tables)
	s.document = openapi.NewDocument(s.api.OpenAPI())
	return s, nil
}

// describeTags describes the groups of operations: those of the server itself and of each enabled module.
func (s *Server) describeTags(tables []Table) {
	var tags []*huma.Tag
	for _, m := range s.o.Modules {
		if m.Enabled {
			tags = append(tags, &huma.Tag{Name: m.Name, Description: m.About})
		}
	}
	tags = append(tags, &huma.Tag{
		Name: "platform", Description: "The server itself: its health, its modules, and what it accepts.",
	})
	for _, t := range tables {
		if t.About != "" {
			tags = append(tags, &huma.Tag{Name: t.Module, Description: t.About})
		}
	}
	s.api.OpenAPI().Tags = tags
}

// OpenAPI returns the document that is served.
func (s *Server) OpenAPI() *huma.OpenAPI { return s.api.OpenAPI() }

// OnAnswer makes the server tell fn of every answer, with what is known of its request, such as the number of database
// statements. It is for tests, and is called before the server serves. fn runs on the request's goroutine.
func (s *Server) OnAnswer(fn func(info *requestinfo.Info, status int)) {
	s.onAnswer = append(s.onAnswer, fn)
}

// IsDocumented reports whether the API document says that an operation may answer with a problem. Routes are
// given by their templates.
func (s *Server) IsDocumented(method, route, code string) bool {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return slices.Contains(s.documented[method+" "+route], code)
}

// MarkStopping makes /readyz answer 503 while requests are still served.
func (s *Server) MarkStopping() { s.stopping.Store(true) }

// CountSockets tells the server, before it serves, how many connections have become WebSockets: it no longer
// counts those itself.
func (s *Server) CountSockets(open func() int) { s.sockets = open }

// Shutdown stops listening and waits for requests in flight until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.app.Server().ShutdownWithContext(ctx); err != nil {
		return fmt.Errorf("http: requests in flight did not end: %w", err)
	}
	return nil
}

// SweepRecords removes the old records of requests with an Idempotency-Key, once an hour until ctx ends.
func (s *Server) SweepRecords(ctx context.Context) { s.idempotency.SweepExpired(ctx) }
