package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"syscall"
	"time"

	"go.uber.org/fx"

	"lyceum/modules/audit"
	"lyceum/modules/auth"
	"lyceum/modules/users"
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
	"lyceum/platform/telemetry"
	"lyceum/platform/ws"
)

// parts are what a running server consists of.
type parts struct {
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
	Auth       *auth.Service
	AuthConfig *auth.Config
	Users      *users.Service
	Keys       *keyring.Keys
	Sealed     *keyring.SealedCheck
	Beside     lifecycle.Params
	Demo       demoParts
}

// Times of a stop: all of it ends within 30 s of the signal.
const (
	socketTime = 3 * time.Second
	drainTime  = 12 * time.Second
	workTime   = 8 * time.Second
)

// running is a started server.
type running struct {
	parts   parts
	group   *lifecycle.Group
	addr    net.Addr
	metrics *metricsServer
	failed  chan error
}

// start brings a built application up: schema, what must be there, listening, what runs beside.
func start(ctx context.Context, p parts, out io.Writer) (*running, error) {
	if err := prepare(ctx, p); err != nil {
		return nil, err
	}
	demo, err := loadDemo(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("demo data: %w", err)
	}
	if err := ensureAdmin(ctx, p); err != nil {
		return nil, err
	}
	for _, group := range p.Beside.Starters {
		for _, s := range group {
			if err := s.Run(ctx); err != nil {
				return nil, fmt.Errorf("%s: %w", s.Name, err)
			}
		}
	}
	if err := p.Sealed.Check(ctx); err != nil {
		slog.Error("JWT_KEYS_DIR does not hold the keys that this database was used with", "dir", p.Config.JWTKeysDir, "keys", err.Error())
	}
	ln, err := listen(p.Config.HTTPAddr)
	if err != nil {
		return nil, err
	}
	r := &running{parts: p, group: lifecycle.NewGroup(), addr: ln.Addr(), failed: make(chan error, 2)}
	if r.metrics, err = serveMetrics(p.Config.MetricsAddr, p.Server, r.failed); err != nil {
		_ = ln.Close()
		return nil, err
	}
	r.beside()
	p.Server.CountSockets(p.Sockets.Open)
	go func() {
		if err := p.Server.Serve(ln); err != nil {
			r.failed <- err
		}
	}()
	greet(out, p.Config, r.addr, demo)
	return r, nil
}

// prepare brings the schema and the bucket to where the code expects them.
func prepare(ctx context.Context, p parts) error {
	if p.Config.AutoMigrate {
		if _, err := p.Migrations.Up(ctx); err != nil {
			return err
		}
	} else if pending, err := p.Migrations.Pending(ctx); err != nil || len(pending) > 0 {
		return errors.Join(err, fmt.Errorf("AUTO_MIGRATE=false and %d migrations are pending: run lyceum migrate up", len(pending)))
	}
	if err := sealEmptyLog(ctx, p.Users, p.DB, p.Keys); err != nil {
		return err
	}
	if store, ok := p.Blobs.(*s3.Store); ok {
		if err := store.Prepare(ctx); err != nil {
			return &serviceError{"S3_ENDPOINT", err}
		}
	}
	return nil
}

// sealEmptyLog begins the audit log of a database that has no account yet, whether or not the module is on: what is
// audited later must follow a sealed beginning.
func sealEmptyLog(ctx context.Context, u *users.Service, d *db.DB, k *keyring.Keys) error {
	empty, err := u.Empty(ctx)
	if err != nil || !empty {
		return err
	}
	return audit.SealEmptyLog(ctx, d, k)
}

// listen names a taken address in the words that an operator looks for.
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

// beside starts everything that runs along with the server.
func (r *running) beside() {
	p := r.parts
	r.group.Go(lifecycle.Background{Name: "broadcast", Run: p.Broadcast.Run})
	r.group.Go(lifecycle.Background{Name: "sockets", Run: p.Sockets.Run})
	r.group.Go(lifecycle.Background{Name: "signing keys", Run: p.Keys.Watch})
	r.group.Go(lifecycle.Background{Name: "idempotency records", Run: p.Server.SweepRecords})
	for _, group := range p.Beside.Backgrounds {
		for _, b := range group {
			r.group.Go(b)
		}
	}
	if p.Config.WorkerInline {
		work(r.group, p.Events, p.Jobs)
	}
}

// work runs durable deliveries and jobs, in a server or in `lyceum worker`.
func work(g *lifecycle.Group, e *events.Bus, q *jobs.Queue) {
	g.Go(lifecycle.Background{Name: "outbox", Run: e.Run})
	g.Go(lifecycle.Background{Name: "jobs", Run: q.Run})
}

// stop ends a server so that nothing in flight is lost: balancers see it first, requests finish,
// sockets are told, then work is put down.
func (r *running) stop() error {
	r.parts.Server.Stopping()
	time.Sleep(r.parts.Config.ShutdownDelay)
	sockets, cancel := context.WithTimeout(context.Background(), socketTime)
	defer cancel()
	r.parts.Sockets.Drain(sockets)
	requests, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	err := r.parts.Server.Shutdown(requests)
	r.metrics.close()
	ctx, cancel := context.WithTimeout(context.Background(), workTime)
	defer cancel()
	if !r.group.Stop(ctx) {
		slog.Warn("some work was still in hand and will be done again")
	}
	return err
}

// ensureAdmin makes the configured administrator when no account has that address. Replicas that
// start together race for it; one makes it.
func ensureAdmin(ctx context.Context, p parts) error {
	if p.AuthConfig.AdminEmail == "" {
		return nil
	}
	return createAdmin(ctx, p.Auth, p.AuthConfig.AdminEmail, p.AuthConfig.AdminPassword, true)
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

// greet tells a newcomer where to go: as text for people where the log is text, else as one record of the log.
func greet(out io.Writer, c *config.Config, addr net.Addr, demo bool) {
	slog.Info("listening", "version", Version, "address", addr.String(), "public_url", c.PublicURL)
	var accounts []string
	if demo {
		for _, a := range demoAccounts {
			accounts = append(accounts, a.email)
		}
	}
	if !telemetry.IsText(os.Stderr, c.LogFormat) {
		if demo {
			slog.Info("demo accounts, for trying out only", "accounts", accounts)
		}
		return
	}
	_, port, _ := net.SplitHostPort(addr.String())
	fmt.Fprintf(out, "\nLyceum %s listens on %s\n\n  Console   %s/\n  API docs  %s/docs\n", Version, addr, c.PublicURL, c.PublicURL)
	if c.SMTPURL == "" && !c.Production() {
		fmt.Fprintf(out, "  Mail      %s/dev/mailbox\n", c.PublicURL)
	}
	if u, err := url.Parse(c.PublicURL); err == nil && u.Port() != "" && u.Port() != port {
		fmt.Fprintf(out, "\n  PUBLIC_URL names another port than %s; links and signed URLs go to PUBLIC_URL.\n", port)
	}
	if demo {
		fmt.Fprintf(out, "\n  Demo accounts, for trying out only (password of each: %s):\n", demoPassword)
		for _, email := range accounts {
			fmt.Fprintf(out, "    %s\n", email)
		}
	}
	fmt.Fprintln(out)
}

var stdout io.Writer = os.Stdout
