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

// Parts are the parts of a program that Start and Stop work on. fx fills the fields by their types.
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
	// Bucket is the S3 bucket behind Blobs, or nil if objects are in a folder.
	Bucket *s3.Store
	Keys   *keyring.Keys
	// Sealed finds out whether the keys are those that the database was used with.
	Sealed *keyring.SealedCheck
	Tokens *tokens.Tokens
	// Lifecycle holds the starters and backgrounds of all modules.
	Lifecycle lifecycle.Params
}

// Bounds of the steps of a stop. Together with SHUTDOWN_DELAY they end within the 30 seconds that
// container runtimes wait before they kill.
const (
	socketTimeout  = 3 * time.Second
	requestTimeout = 12 * time.Second
	workTimeout    = 8 * time.Second
)

// Running is a started program. The caller stops it with Stop.
type Running struct {
	// Parts are the parts that it was started with.
	Parts Parts
	// Addr is the address that it listens on.
	Addr net.Addr
	// Failed receives the error of a listener that has ended without Stop.
	Failed <-chan error

	// backgrounds is the work that Stop ends last, before stopSignals: that work sends signals.
	backgrounds *lifecycle.Group
	stopSignals func()
	// metrics is nil without METRICS_ADDR.
	metrics *metricsServer
}

// Start prepares the schema and the bucket, calls setUp, runs the starters of the modules, starts the
// background work and listens. setUp may be nil; it finds a current schema and no request under way.
//
// It returns a *ServiceError for a service that can't be reached, and an error that names the starter
// or the setting that failed. The caller stops what Start returns.
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
	// Wrong keys don't stop the start: an operator must be able to reach the server and read why
	// accounts with a second factor can't sign in.
	if err := p.Sealed.CheckSealedData(ctx); err != nil {
		slog.Error("JWT_KEYS_DIR does not hold the keys that this database was used with",
			"dir", p.Config.JWTKeysDir, "keys", err.Error())
	}
	ln, err := listenHTTP(p.Config.HTTPAddr)
	if err != nil {
		return nil, err
	}
	failed := make(chan error, 2) // one for each listener, so that neither has to wait
	r := &Running{Parts: p, Addr: ln.Addr(), Failed: failed, backgrounds: lifecycle.NewGroup()}
	if r.metrics, err = startMetrics(p.Config.MetricsAddr, p.Server, failed); err != nil {
		_ = ln.Close()
		return nil, err
	}
	r.startBackgrounds()
	// The server bounds its connections by the file descriptors. It loses sight of sockets.
	p.Server.CountSockets(p.Sockets.CountOpen)
	go func() {
		if err := p.Server.Serve(ln); err != nil {
			failed <- err
		}
	}()
	return r, nil
}

// prepareServices brings the schema and the bucket to the state that the code expects. With
// AUTO_MIGRATE=false it returns an error if migrations are pending.
func prepareServices(ctx context.Context, p Parts) error {
	if p.Config.AutoMigrate {
		if _, err := p.Migrations.Up(ctx); err != nil {
			return err
		}
	} else if pending, err := p.Migrations.ListPending(ctx); err != nil {
		return err
	} else if len(pending) > 0 {
		return fmt.Errorf("AUTO_MIGRATE=false and %d migrations are pending: run lyceum migrate up", len(pending))
	}
	// The bucket is made if it does not exist, so that an installation needs no step of its own.
	if p.Bucket != nil {
		if err := p.Bucket.PrepareBucket(ctx); err != nil {
			return &ServiceError{"S3_ENDPOINT", err}
		}
	}
	return nil
}

// listenHTTP returns a listener, or an error that names HTTP_ADDR and says whether the address is in
// use.
func listenHTTP(addr string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("HTTP_ADDR: %s is in use by another process", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("HTTP_ADDR: can't listen on %s: %w", addr, err)
	}
	return ln, nil
}

// startBackgrounds starts everything that runs beside the server: the work of the platform, that of
// the modules and, unless workers run as processes of their own, deliveries and jobs.
func (r *Running) startBackgrounds() {
	p := r.Parts
	r.stopSignals = StartSignals(p.Broadcast)
	r.backgrounds.Start(lifecycle.Background{Name: "sockets", Run: p.Sockets.Run})
	r.backgrounds.Start(lifecycle.Background{Name: "signing keys", Run: p.Keys.WatchFolder})
	r.backgrounds.Start(lifecycle.Background{Name: "idempotency records", Run: p.Server.SweepRecords})
	r.backgrounds.Start(lifecycle.Background{Name: "outbox retention", Run: p.Events.RunRetention})
	for _, group := range p.Lifecycle.Backgrounds {
		for _, b := range group {
			r.backgrounds.Start(b)
		}
	}
	if p.Config.WorkerInline {
		StartWork(r.backgrounds, p.Events, p.Jobs)
	}
}

// StartWork starts durable deliveries and jobs, in a server or in a worker process.
func StartWork(g *lifecycle.Group, e *events.Bus, q *jobs.Queue) {
	g.Start(lifecycle.Background{Name: "outbox", Run: e.Run})
	g.Start(lifecycle.Background{Name: "jobs", Run: q.Run})
}

// signalTimeout bounds how long signals to other replicas may take at the end.
const signalTimeout = time.Second

// StartSignals exchanges signals with other replicas until stop is called, which waits until those that are queued are
// sent. The caller stops what sends signals before.
func StartSignals(b *broadcast.Bus) (stop func()) {
	g := lifecycle.NewGroup()
	g.Start(lifecycle.Background{Name: "broadcast", Run: b.Run})
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), signalTimeout)
		defer cancel()
		if !g.Stop(ctx) {
			slog.Warn("signals to other replicas cut off, they notice changes late", "timeout", signalTimeout)
		}
	}
}

// Stop ends the program within 30 seconds without losing anything in flight, in this order: /readyz
// fails, so that load balancers send no more requests; sockets are closed; requests under way finish;
// background work ends. It returns an error if requests had to be cut off. Work that did not end in
// time is done again after the next start.
func (r *Running) Stop() error {
	// Load balancers need a moment to see /readyz fail, during which they still send requests.
	r.Parts.Server.MarkStopping()
	time.Sleep(r.Parts.Config.ShutdownDelay)
	// Sockets first: their clients connect to another replica while requests still finish here.
	sockets, cancel := context.WithTimeout(context.Background(), socketTimeout)
	defer cancel()
	r.Parts.Sockets.DrainSockets(sockets)
	requests, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	err := r.Parts.Server.Shutdown(requests)
	r.metrics.close()
	ctx, cancel := context.WithTimeout(context.Background(), workTimeout)
	defer cancel()
	if !r.backgrounds.Stop(ctx) {
		slog.Warn("background work cut off, it will be done again", "timeout", workTimeout)
	}
	r.stopSignals()
	return err
}

// metricsServer serves /metrics and profiles on an address of its own. A nil one is valid and does nothing.
type metricsServer struct{ stop func() error }

// close ends the server and waits for its answers.
func (m *metricsServer) close() {
	if m != nil {
		_ = m.stop()
	}
}

// startMetrics serves /metrics and profiles on METRICS_ADDR and returns nil if that is empty. It accepts an eighth
// of the possible connections: the rest is for the users of the server.
func startMetrics(addr string, s *httpx.Server, failed chan<- error) (*metricsServer, error) {
	if addr == "" {
		return nil, nil
	}
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("METRICS_ADDR: can't listen on %s: %w", addr, err)
	}
	app, maxConnections := s.MetricsApp(), max(2, listener.MaxConnections()/8)
	isFull := func() bool { return int(app.Server().GetOpenConnectionsCount()) >= maxConnections }
	go func() {
		if err := app.Listener(listener.NewPatient(ln, isFull)); err != nil {
			failed <- err
		}
	}()
	return &metricsServer{app.Shutdown}, nil
}
