package program

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"
	"time"

	"go.uber.org/fx"

	"lyceum/platform/blob"
	"lyceum/platform/blob/s3"
	"lyceum/platform/broadcast"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/jobs"
	"lyceum/platform/keyring"
	"lyceum/platform/lifecycle"
	"lyceum/platform/listener"
	"lyceum/platform/migrate"
	"lyceum/platform/tokens"
	"lyceum/platform/ws"
)

// Parts are what a running program consists of.
type Parts struct {
	fx.In
	Config     *config.Config
	DB         *db.DB
	Migrations *migrate.Runner
	Server     *httpx.Server
	Sockets    *ws.Hub
	Broadcast  *broadcast.Bus
	Events     *events.Bus
	Jobs       *jobs.Queue
	Blobs      blob.Store
	Bucket     *s3.Store
	Keys       *keyring.Keys
	Sealed     *keyring.SealedCheck
	Tokens     *tokens.Tokens
	Lifecycle  lifecycle.Params
}

// Times of a stop: all of it ends within 30 s of the signal.
const (
	socketTime = 3 * time.Second
	drainTime  = 12 * time.Second
	workTime   = 8 * time.Second
)

// Running is a started program.
type Running struct {
	// Parts are what it was started with.
	Parts Parts
	// Addr is the address that it listens on.
	Addr net.Addr
	// Failed tells when a listener has ended by itself.
	Failed <-chan error

	backgrounds *lifecycle.Group
	metrics     *metricsServer
}

// Start brings the schema and the bucket up to date, runs setUp, then everything that modules want to run at a start, and
// listens. setUp may be nil; it finds a schema that is up to date and no request under way. The caller stops what Start
// returns.
func Start(ctx context.Context, p Parts, setUp func(context.Context) error) (*Running, error) {
	if err := prepareServices(ctx, p); err != nil {
		return nil, err
	}
	if setUp != nil {
		if err := setUp(ctx); err != nil {
			return nil, err
		}
	}
	for _, group := range p.Lifecycle.Starters {
		for _, s := range group {
			if err := s.Run(ctx); err != nil {
				return nil, fmt.Errorf("%s: %w", s.Name, err)
			}
		}
	}
	if err := p.Sealed.CheckSealedData(ctx); err != nil {
		slog.Error("JWT_KEYS_DIR does not hold the keys that this database was used with", "dir", p.Config.JWTKeysDir, "keys", err.Error())
	}
	ln, err := listen(p.Config.HTTPAddr)
	if err != nil {
		return nil, err
	}
	failed := make(chan error, 2)
	r := &Running{Parts: p, Addr: ln.Addr(), Failed: failed, backgrounds: lifecycle.NewGroup()}
	if r.metrics, err = serveMetrics(p.Config.MetricsAddr, p.Server, failed); err != nil {
		_ = ln.Close()
		return nil, err
	}
	r.startBackgrounds()
	p.Server.CountSockets(p.Sockets.Open)
	go func() {
		if err := p.Server.Serve(ln); err != nil {
			failed <- err
		}
	}()
	return r, nil
}

// prepareServices brings the schema and the bucket to where the code expects them.
func prepareServices(ctx context.Context, p Parts) error {
	if p.Config.AutoMigrate {
		if _, err := p.Migrations.Up(ctx); err != nil {
			return err
		}
	} else if pending, err := p.Migrations.Pending(ctx); err != nil || len(pending) > 0 {
		return errors.Join(err, fmt.Errorf("AUTO_MIGRATE=false and %d migrations are pending: run lyceum migrate up", len(pending)))
	}
	if p.Bucket != nil {
		if err := p.Bucket.PrepareBucket(ctx); err != nil {
			return &ServiceError{"S3_ENDPOINT", err}
		}
	}
	return nil
}

// listen returns a listener, or an error that names HTTP_ADDR and says whether the address is in use.
func listen(addr string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("HTTP_ADDR: %s is in use by another process", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("HTTP_ADDR: can't listen on %s: %w", addr, err)
	}
	return ln, nil
}

// startBackgrounds starts everything that runs beside the server.
func (r *Running) startBackgrounds() {
	p := r.Parts
	r.backgrounds.Go(lifecycle.Background{Name: "broadcast", Run: p.Broadcast.Run})
	r.backgrounds.Go(lifecycle.Background{Name: "sockets", Run: p.Sockets.Run})
	r.backgrounds.Go(lifecycle.Background{Name: "signing keys", Run: p.Keys.WatchFolder})
	r.backgrounds.Go(lifecycle.Background{Name: "idempotency records", Run: p.Server.SweepRecords})
	for _, group := range p.Lifecycle.Backgrounds {
		for _, b := range group {
			r.backgrounds.Go(b)
		}
	}
	if p.Config.WorkerInline {
		RunWork(r.backgrounds, p.Events, p.Jobs)
	}
}

// RunWork starts durable deliveries and jobs, in a server or in a worker.
func RunWork(g *lifecycle.Group, e *events.Bus, q *jobs.Queue) {
	g.Go(lifecycle.Background{Name: "outbox", Run: e.Run})
	g.Go(lifecycle.Background{Name: "jobs", Run: q.Run})
}

// Stop ends the program within 30 seconds so that nothing in flight is lost: load balancers see /readyz fail, requests finish,
// sockets are closed, then background work ends.
func (r *Running) Stop() error {
	r.Parts.Server.MarkStopping()
	time.Sleep(r.Parts.Config.ShutdownDelay)
	sockets, cancel := context.WithTimeout(context.Background(), socketTime)
	defer cancel()
	r.Parts.Sockets.Drain(sockets)
	requests, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	err := r.Parts.Server.Shutdown(requests)
	r.metrics.close()
	ctx, cancel := context.WithTimeout(context.Background(), workTime)
	defer cancel()
	if !r.backgrounds.Stop(ctx) {
		slog.Warn("background work did not end in time and will be done again")
	}
	return err
}

// metricsServer serves /metrics on an address of its own.
type metricsServer struct{ stop func() error }

func (m *metricsServer) close() {
	if m != nil {
		_ = m.stop()
	}
}

func serveMetrics(addr string, s *httpx.Server, failed chan<- error) (*metricsServer, error) {
	if addr == "" {
		return nil, nil
	}
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("METRICS_ADDR: can't listen on %s: %w", addr, err)
	}
	app := s.MetricsApp()
	most := max(2, listener.MaxConnections()/8) // the rest is for those whom the server is there for
	go func() {
		if err := app.Listener(listener.NewPatient(ln, func() bool { return int(app.Server().GetOpenConnectionsCount()) >= most })); err != nil {
			failed <- err
		}
	}()
	return &metricsServer{app.Shutdown}, nil
}
