package program

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/platform/config"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/lifecycle"
	"lyceum/platform/migrate"
	"lyceum/platform/module"
	"lyceum/platform/smtp"
	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// noAccounts stands for the modules that own accounts and sessions: there are none.
type noAccounts struct{}

func (noAccounts) Session(context.Context, string) (userID string, ok bool, err error) {
	return "", false, nil
}

func (noAccounts) Account(context.Context, string) (a identity.Account, ok bool, err error) {
	return identity.Account{}, false, nil
}

// site is a small module. GET /slow answers once finish is closed.
type site struct {
	began, finish chan struct{}
	// calls are what the program has called, in order.
	calls []string
	// failStart is the error of the starter.
	failStart error
}

func newSite() *site { return &site{began: make(chan struct{}), finish: make(chan struct{})} }

func (s *site) answerSlowly(context.Context, *httpx.None) (*httpx.Response[struct{}], error) {
	close(s.began)
	<-s.finish
	return httpx.OK(struct{}{}), nil
}

func (s *site) module() module.Module {
	return module.Module{
		Name: "site", Title: "Site",
		Migrations: []migrate.Migration{{
			ID: "202601010000_site_create_pages",
			Up: []string{"CREATE TABLE pages (id text)"}, Down: []string{"DROP TABLE pages"},
		}},
		Provides: fx.Options(
			httpx.ProvideRoutes(func() httpx.Table {
				return httpx.Table{Module: "site", Routes: []httpx.Route{
					httpx.Get("/slow", httpx.Public, "Answer slowly", s.answerSlowly),
				}}
			}),
			lifecycle.ProvideStarters(func() []lifecycle.Starter {
				return []lifecycle.Starter{{Name: "fill the site", Run: func(context.Context) error {
					s.calls = append(s.calls, "starter")
					return s.failStart
				}}}
			}),
			lifecycle.ProvideBackgrounds(func() []lifecycle.Background {
				return []lifecycle.Background{{Name: "site", Run: func(ctx context.Context) { <-ctx.Done() }}}
			}),
		),
	}
}

// build returns the parts of a program and a function that closes them. The environment is added to
// one in which everything is embedded in a temporary directory.
func build(t *testing.T, env map[string]string, modules ...module.Module) (p Parts, err error) {
	t.Helper()
	vars := map[string]string{
		"HTTP_ADDR": "127.0.0.1:0", "DATA_DIR": t.TempDir(),
		"ARGON2_MEMORY_KIB": "64", "ARGON2_TIME": "1",
	}
	for key, value := range env {
		vars[key] = value
	}
	list := module.List(modules)
	cfg, err := config.FromMap(vars, list.ListSettings()...)
	require.NoError(t, err)
	app := fx.New(BuildOptions(cfg, list, About{Version: "1.2.3"}), fx.Populate(&p),
		fx.Supply(fx.Annotate(noAccounts{}, fx.As(new(identity.Sessions)), fx.As(new(identity.Accounts)))))
	if app.Err() != nil {
		return p, app.Err()
	}
	require.NoError(t, app.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, app.Stop(context.Background())) })
	return p, nil
}

// run builds and starts a program with one site.
func run(t *testing.T, s *site, env map[string]string) *Running {
	t.Helper()
	p, err := build(t, env, s.module())
	require.NoError(t, err)
	r, err := Start(t.Context(), p, nil)
	require.NoError(t, err)
	return r
}

// get returns the status and the body of an answer.
func get(t *testing.T, addr, path string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	res, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(raw)
}

func TestStart(t *testing.T) {
	t.Run("setup finds the schema and comes before the starters", func(t *testing.T) {
		s := newSite()
		p, err := build(t, nil, s.module())
		require.NoError(t, err)
		r, err := Start(t.Context(), p, func(ctx context.Context) error {
			s.calls = append(s.calls, "setup")
			return p.DB.Conn(ctx).Exec("INSERT INTO pages VALUES ('home')").Error
		})
		require.NoError(t, err)
		require.Equal(t, []string{"setup", "starter"}, s.calls)

		status, body := get(t, r.Addr.String(), "/readyz")
		require.Equal(t, 200, status, body)
		status, body = get(t, r.Addr.String(), "/modules")
		require.Equal(t, 200, status)
		require.Contains(t, body, `"title":"Site"`)
		require.NoError(t, r.Stop())
		_, err = net.Dial("tcp", r.Addr.String())
		require.Error(t, err, "the address is free")
	})
	planted := errors.New("planted")
	t.Run("an error of the setup ends it", func(t *testing.T) {
		s := newSite()
		p, err := build(t, nil, s.module())
		require.NoError(t, err)
		_, err = Start(t.Context(), p, func(context.Context) error { return planted })
		require.ErrorIs(t, err, planted)
		require.Empty(t, s.calls)
	})
	t.Run("an error of a starter names it", func(t *testing.T) {
		s := newSite()
		s.failStart = planted
		p, err := build(t, nil, s.module())
		require.NoError(t, err)
		_, err = Start(t.Context(), p, nil)
		require.ErrorIs(t, err, planted)
		require.ErrorContains(t, err, "fill the site: planted")
	})
	t.Run("pending migrations stop it without AUTO_MIGRATE", func(t *testing.T) {
		p, err := build(t, map[string]string{"AUTO_MIGRATE": "false"}, newSite().module())
		require.NoError(t, err)
		_, err = Start(t.Context(), p, nil)
		require.ErrorContains(t, err, "migrations are pending: run lyceum migrate up")
	})
}

func TestAddresses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	address := taken.Addr().String()
	for name, c := range map[string]struct {
		env  map[string]string
		want string
	}{
		"in use": {map[string]string{"HTTP_ADDR": address}, "HTTP_ADDR: " + address + " is in use"},
		"foreign": {
			map[string]string{"HTTP_ADDR": "192.0.2.1:8000"}, "HTTP_ADDR: can't listen on 192.0.2.1:8000",
		},
		"metrics in use": {map[string]string{"METRICS_ADDR": address}, "METRICS_ADDR: can't listen on"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := build(t, c.env, newSite().module())
			require.NoError(t, err)
			_, err = Start(t.Context(), p, nil)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestStopFinishesRequests(t *testing.T) {
	s := newSite()
	r := run(t, s, nil)
	status := make(chan int, 1)
	go func() {
		res, err := http.Get("http://" + r.Addr.String() + "/slow")
		if err != nil {
			status <- 0
			return
		}
		_ = res.Body.Close()
		status <- res.StatusCode
	}()
	<-s.began
	stopped := make(chan error, 1)
	go func() { stopped <- r.Stop() }()
	testkit.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", r.Addr.String())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, "no new connection is accepted")
	require.Empty(t, stopped, "the stop waits for the request")
	close(s.finish)
	require.NoError(t, <-stopped)
	require.Equal(t, 200, <-status)
}

func TestMetricsOnAnAddressOfTheirOwn(t *testing.T) {
	addr := "127.0.0.1:" + testkit.FreePort(t)
	r := run(t, newSite(), map[string]string{"METRICS_ADDR": addr})
	status, body := get(t, addr, "/metrics")
	require.Equal(t, 200, status)
	require.Contains(t, body, "lyceum_websockets_open 0")
	for _, profile := range []string{"goroutine?debug=1", "heap", "profile?seconds=1"} {
		status, _ = get(t, addr, "/debug/pprof/"+profile)
		require.Equal(t, 200, status, profile)
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap"} {
		status, _ = get(t, r.Addr.String(), path)
		require.Equal(t, 404, status, "%s is not beside the routes for clients", path)
	}
	require.NoError(t, r.Stop())
	_, err := net.Dial("tcp", addr)
	require.Error(t, err)
}

func TestMailbox(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want int
	}{
		"development": {nil, 200},
		"production": {map[string]string{
			"APP_ENV": "production", "PUBLIC_URL": "https://lyceum.test", "JWT_KEYS_DIR": t.TempDir(),
			"SMTP_URL": "smtp://127.0.0.1:1",
		}, 404},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, newSite(), c.env)
			for _, path := range []string{"/dev/mailbox", "/dev/mailbox/messages"} {
				status, body := get(t, r.Addr.String(), path)
				require.Equal(t, c.want, status, body)
			}
			require.NoError(t, r.Stop())
		})
	}
}

// A service that does not answer is named by its setting, and its password is not shown.
func TestUnreachableServices(t *testing.T) {
	const port1 = "127.0.0.1:1" // nothing listens there
	for key, vars := range map[string]map[string]string{
		"DATABASE_URL": {"DATABASE_URL": "postgres://lyceum:canary@" + port1 + "/x?sslmode=disable"},
		"REDIS_URL":    {"REDIS_URL": "redis://:canary@" + port1},
	} {
		t.Run(key, func(t *testing.T) {
			_, err := build(t, vars, newSite().module())
			var service *ServiceError
			require.ErrorAs(t, err, &service)
			require.Equal(t, key, service.Key)
			require.NotContains(t, service.Error(), "canary")
			require.NotContains(t, service.Error(), "\n")
			require.Error(t, service.Unwrap())
		})
	}
	t.Run("S3_ENDPOINT", func(t *testing.T) {
		p, err := build(t, map[string]string{
			"S3_ENDPOINT": port1, "S3_BUCKET": "objects", "S3_ACCESS_KEY": "lyceum", "S3_SECRET_KEY": "canary",
		}, newSite().module())
		require.NoError(t, err, "a bucket is first asked for at the start")
		_, err = Start(t.Context(), p, nil)
		var service *ServiceError
		require.ErrorAs(t, err, &service)
		require.Equal(t, "S3_ENDPOINT", service.Key)
		require.NotContains(t, service.Error(), "canary")
	})
}

func TestDamagedKeys(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "damaged.pem"), []byte("not PEM"), 0o600))
	_, err := build(t, map[string]string{"JWT_KEYS_DIR": dir}, newSite().module())
	var faults *config.Error
	require.ErrorAs(t, err, &faults)
	require.Contains(t, faults.Error(), "JWT_KEYS_DIR: found "+`"`+dir+`"`)
}

func TestCheckDisabled(t *testing.T) {
	list := module.List{{Name: "accounts", Required: true}, {Name: "shop", Needs: []string{"accounts"}}}
	require.NoError(t, CheckDisabled(list, nil))
	require.NoError(t, CheckDisabled(list, module.Disabled{"shop"}))
	var faults *config.Error
	require.ErrorAs(t, CheckDisabled(list, module.Disabled{"accounts", "ship"}), &faults)
	require.Equal(t, []string{
		"MODULES_DISABLED: accounts can't be disabled", `MODULES_DISABLED: found "ship", accepted are shop`,
	}, faults.Faults)

	infos := DescribeModules(list, module.Disabled{"shop"})
	require.Len(t, infos, 2)
	require.True(t, infos[0].Enabled)
	require.False(t, infos[1].Enabled)
}

func TestStoreOrigin(t *testing.T) {
	for want, s3 := range map[string]config.S3{
		"https://lyceum.test":    {},
		"http://minio:9000":      {Endpoint: "minio:9000"},
		"https://minio:9000":     {Endpoint: "minio:9000", UseTLS: true},
		"https://files.test":     {Endpoint: "minio:9000", UseTLS: true, PublicEndpoint: "files.test"},
		"http://files.test:8080": {Endpoint: "minio:9000", UseTLS: true, PublicEndpoint: "http://files.test:8080"},
	} {
		require.Equal(t, want, storeOrigin(&config.Config{PublicURL: "https://lyceum.test", S3: s3}))
	}
}

// No service is called while a transaction holds locks: the parts panic in tests.
func TestServicesAreCalledOutsideTransactions(t *testing.T) {
	var (
		client redis.UniversalClient
		sender smtp.Sender
	)
	s := newSite().module()
	s.Provides = fx.Options(s.Provides, fx.Populate(&client, &sender))
	p, err := build(t, nil, s)
	require.NoError(t, err)
	ctx := t.Context()
	for name, call := range map[string]func(context.Context){
		"object store: stat": func(ctx context.Context) { _, _ = p.Blobs.Stat(ctx, "x") },
		"object store: open": func(ctx context.Context) { _, _ = p.Blobs.Open(ctx, "x") },
		"object store: read": func(ctx context.Context) { _, _ = p.Blobs.ReadPrefix(ctx, "x", 1) },
		"object store: put": func(ctx context.Context) {
			_ = p.Blobs.Put(ctx, "x", strings.NewReader(""), 0, "text/plain")
		},
		"object store: delete": func(ctx context.Context) { _ = p.Blobs.Delete(ctx, "x") },
		"smtp: send":           func(ctx context.Context) { _ = sender.Send(ctx, smtp.Message{}) },
		"redis: ping":          func(ctx context.Context) { client.Ping(ctx) },
		"redis: pipeline": func(ctx context.Context) {
			_, _ = client.Pipelined(ctx, func(p redis.Pipeliner) error { return p.Ping(ctx).Err() })
		},
	} {
		require.NotPanics(t, func() { call(ctx) }, name)
		err := p.DB.InTx(ctx, func(ctx context.Context) error {
			require.PanicsWithValue(t, "db: "+name+" inside a transaction", func() { call(ctx) })
			return nil
		})
		require.NoError(t, err)
	}
}

// visited is an event with a durable subscriber.
type visited struct {
	Page string `json:"page"`
}

func (visited) EventName() string { return "site.visited" }

// Without WORKER_INLINE the server delivers nothing; a worker process does.
func TestWorkInAProcessOfItsOwn(t *testing.T) {
	delivered := make(chan string, 1)
	s := newSite().module()
	s.Declares = events.ProvideDeclarations(events.DeclareEvent[visited]("Somebody visited a page."))
	s.Provides = fx.Options(s.Provides, events.ProvideSubscriptions(func() []events.Subscription {
		return []events.Subscription{events.SubscribeDurable("counter", func(_ context.Context, e visited) error {
			delivered <- e.Page
			return nil
		})}
	}))
	p, err := build(t, map[string]string{
		"WORKER_INLINE": "false", "DATABASE_URL": testkit.Postgres(t), "REDIS_URL": testkit.Redis(t),
	}, s)
	require.NoError(t, err)
	r, err := Start(t.Context(), p, nil)
	require.NoError(t, err)
	require.NoError(t, p.DB.InTx(t.Context(), func(ctx context.Context) error {
		return p.Events.Publish(ctx, visited{"home"})
	}))
	require.Never(t, func() bool { return len(delivered) > 0 }, 100*time.Millisecond, 10*time.Millisecond)

	worker := lifecycle.NewGroup()
	StartWork(worker, p.Events, p.Jobs)
	require.Equal(t, "home", <-delivered)
	require.True(t, worker.Stop(t.Context()))
	require.NoError(t, r.Stop())
}

// A subscriber of an event that no module declares is found when the program is built.
func TestUndeclaredEvent(t *testing.T) {
	s := newSite().module()
	s.Provides = fx.Options(s.Provides, events.ProvideSubscriptions(func() []events.Subscription {
		ignore := func(context.Context, visited) error { return nil }
		return []events.Subscription{events.SubscribeInTx("counter", ignore)}
	}))
	_, err := build(t, nil, s)
	require.ErrorContains(t, err, `counter subscribes to "site.visited", which no module declares`)
}

// The server goes on without Redis and says so: it is degraded, and still wants requests.
func TestReadinessFollowsServices(t *testing.T) {
	server := testkit.OwnRedis(t)
	r := run(t, newSite(), map[string]string{"REDIS_URL": server.URL})
	requireState := func(state string) {
		t.Helper()
		testkit.Eventually(t, func() bool {
			status, body := get(t, r.Addr.String(), "/readyz")
			require.Equal(t, 200, status, body)
			return strings.Contains(body, `"status":"`+state+`"`)
		}, "the state %s", state)
	}
	requireState("ready")
	for _, fault := range []struct{ begin, end func() }{{server.Kill, server.Start}, {server.Freeze, server.Thaw}} {
		fault.begin()
		requireState("degraded")
		status, body := get(t, r.Addr.String(), "/modules")
		require.Equal(t, 200, status, body)
		fault.end()
		requireState("ready")
	}
	require.NoError(t, r.Stop())
}

// The error of a service is one line for an operator, without the password of its URL.
func TestServiceError(t *testing.T) {
	cause := errors.New("dial smtp://lyceum:canary@mail:25:\n\tconnection refused")
	err := &ServiceError{Key: "SMTP_URL", cause: cause}
	require.EqualError(t, err, "SMTP_URL: dial smtp://lyceum:[redacted]@mail:25: connection refused")
	require.ErrorIs(t, err, cause)
}

// A program of a configuration that can't be used names the setting.
func TestMalformedAddresses(t *testing.T) {
	for key, value := range map[string]string{"REDIS_URL": "redis://cache:port", "SMTP_URL": "smtp://mail:port"} {
		vars := map[string]string{
			"HTTP_ADDR": "127.0.0.1:0", "DATA_DIR": t.TempDir(), key: value,
		}
		cfg, err := config.FromMap(vars)
		if err == nil { // the rest of the rules is that of the client
			var p Parts
			err = fx.New(BuildOptions(cfg, nil, About{}), fx.NopLogger, fx.Populate(&p),
				fx.Supply(fx.Annotate(noAccounts{}, fx.As(new(identity.Sessions)), fx.As(new(identity.Accounts))))).Err()
		}
		var faults *config.Error
		require.ErrorAs(t, err, &faults, key)
		require.ErrorContains(t, err, key)
	}
}
