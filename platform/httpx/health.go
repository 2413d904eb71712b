package httpx

import (
	"context"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/pprof"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"
)

// Check finds out whether one part answers.
type Check struct {
	// Name is database, redis, storage, mail or keys.
	Name string
	Ping func(context.Context) error
	// OnlyFaults leaves the check out of the answer while all is well.
	OnlyFaults bool
	// Explains shows the error's own text, which must be fit for everybody.
	Explains bool
}

// ModuleInfo is one line of GET /modules.
type ModuleInfo struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Enabled bool   `json:"enabled"`
	// About is the description of the operations of the module in the API document.
	About string `json:"-"`
	// Console holds the files of the module's panel, in a folder of that name; nil if the module has none or is disabled.
	Console fs.FS `json:"-"`
}

// Modules is the body of GET /modules.
type Modules struct {
	Items []ModuleInfo `json:"items" nullable:"false"`
}

// listModules answers which modules are on.
func (s *Server) listModules(context.Context, *None) (*Response[Modules], error) {
	return OK(Modules{Items: s.o.Modules}).WithETag(), nil
}

type checkResult struct {
	Status string `json:"status" enum:"up,down"`
	Detail string `json:"detail,omitempty"`
}

type readiness struct {
	Status string                 `json:"status" enum:"ready,degraded,unavailable"`
	Checks map[string]checkResult `json:"checks"`
}

// checkTime is how long a part may take to answer before it counts as down.
const checkTime = time.Second

// showReadiness answers load balancers: 503 when the database is down or the server is stopping, else 200.
func (s *Server) showReadiness(ctx context.Context, _ *None) (*Response[readiness], error) {
	body := readiness{Status: "ready", Checks: map[string]checkResult{}}
	results := make([]checkResult, len(s.o.Checks))
	var wg sync.WaitGroup
	for i, check := range s.o.Checks {
		wg.Go(func() { results[i] = runCheck(ctx, check) })
	}
	wg.Wait()
	for i, check := range s.o.Checks {
		if results[i].Status == "up" && check.OnlyFaults {
			continue
		}
		body.Checks[check.Name] = results[i]
		if results[i].Status == "down" {
			body.Status = worsenStatus(body.Status, check.Name)
		}
	}
	if s.stopping.Load() {
		body.Status = "unavailable"
	}
	if body.Status == "unavailable" {
		return OK(body).WithStatus(http.StatusServiceUnavailable), nil
	}
	return OK(body), nil
}

// worsenStatus returns the status after a check has failed: only the database makes a server unavailable.
func worsenStatus(status, failed string) string {
	if failed == "database" || status == "unavailable" {
		return "unavailable"
	}
	return "degraded"
}

// runCheck waits checkTime for a part at most. The detail of its result names no host, unless the check
// explains itself.
func runCheck(ctx context.Context, c Check) checkResult {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	done := make(chan error, 1)
	go func() { defer cancel(); done <- c.Ping(ctx) }()
	select {
	case err := <-done:
		if err == nil {
			return checkResult{Status: "up"}
		}
		if c.Explains {
			return checkResult{Status: "down", Detail: err.Error()}
		}
	case <-ctx.Done():
	}
	return checkResult{Status: "down", Detail: "it does not answer"}
}

// MetricsHandler returns the handler of /metrics, in the text format of Prometheus.
func (s *Server) MetricsHandler() fiber.Handler {
	h := fasthttpadaptor.NewFastHTTPHandler(promhttp.HandlerFor(s.o.Metrics.Registry, promhttp.HandlerOpts{}))
	return func(c *fiber.Ctx) error {
		h(c.Context())
		return nil
	}
}

// metricsRoutes returns /metrics beside the API, in development and without an address of its own.
func (s *Server) metricsRoutes() []Route {
	if s.o.Production || s.o.MetricsElsewhere {
		return nil
	}
	return []Route{Raw(http.MethodGet, "/metrics", Public, "Prometheus metrics", s.MetricsHandler(), HideOperation())}
}

// MetricsApp returns an application that answers /metrics and, below /debug/pprof, the profiles of the Go runtime,
// for an address that only operators reach.
func (s *Server) MetricsApp() *fiber.App {
	app := fiber.New(fiber.Config{
		DisableStartupMessage: true, ErrorHandler: s.onError,
		ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
	})
	app.Get("/metrics", s.MetricsHandler())
	app.Use(pprof.New())
	return app
}
