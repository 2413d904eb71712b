package httpx

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"
)

// Check asks one part whether it answers.
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
}

// Modules is the body of GET /modules.
type Modules struct {
	Items []ModuleInfo `json:"items" nullable:"false"`
}

func (s *Server) modules(context.Context, *None) (*Response[Modules], error) {
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

// readyz is for balancers: 503 when the database is down or the server is stopping.
func (s *Server) readyz(ctx context.Context, _ *None) (*Response[readiness], error) {
	body := readiness{Status: "ready", Checks: map[string]checkResult{}}
	results := make([]checkResult, len(s.o.Checks))
	var wg sync.WaitGroup
	for i, check := range s.o.Checks {
		wg.Go(func() { results[i] = ask(ctx, check) })
	}
	wg.Wait()
	for i, check := range s.o.Checks {
		if results[i].Status == "up" && check.OnlyFaults {
			continue
		}
		body.Checks[check.Name] = results[i]
		if results[i].Status == "down" {
			body.Status = worse(body.Status, check.Name)
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

func worse(status, failed string) string {
	if failed == "database" || status == "unavailable" {
		return "unavailable"
	}
	return "degraded"
}

// ask waits for a part without being held by one that never answers. The detail names no host.
func ask(ctx context.Context, c Check) checkResult {
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

// MetricsHandler serves Prometheus' text format.
func (s *Server) MetricsHandler() fiber.Handler {
	h := fasthttpadaptor.NewFastHTTPHandler(promhttp.HandlerFor(s.o.Metrics.Registry, promhttp.HandlerOpts{}))
	return func(c *fiber.Ctx) error {
		h(c.Context())
		return nil
	}
}

// metricsTable serves /metrics beside the API in development, when it has no address of its own.
func (s *Server) metricsRoutes() []Route {
	if s.o.Production || s.o.MetricsElsewhere {
		return nil
	}
	return []Route{Raw(http.MethodGet, "/metrics", Public, "Prometheus metrics", s.MetricsHandler(), Hidden())}
}

// MetricsApp answers /metrics alone, for an address that only operators reach.
func (s *Server) MetricsApp() *fiber.App {
	app := fiber.New(fiber.Config{DisableStartupMessage: true, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime, ErrorHandler: s.onError})
	app.Get("/metrics", s.MetricsHandler())
	return app
}
