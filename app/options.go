package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/broadcast"
	"lyceum/platform/cache"
	"lyceum/platform/clock"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/embedded"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/idempotency"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/identity"
	"lyceum/platform/jobs"
	"lyceum/platform/keyring"
	"lyceum/platform/limit"
	"lyceum/platform/migrate"
	"lyceum/platform/module"
	"lyceum/platform/passwords"
	"lyceum/platform/smtp"
	"lyceum/platform/telemetry"
	"lyceum/platform/tempfile"
	"lyceum/platform/tokens"
	"lyceum/platform/ws"
)

// Version of the program; a build may set it with -ldflags "-X main.Version=…".
var Version = "0.1.0"

// Options is the whole application for a configuration: the same for main and for tests.
func Options(cfg *config.Config) fx.Option {
	return optionsOf(cfg, modules)
}

func optionsOf(cfg *config.Config, all module.List) fx.Option {
	return fx.Options(
		fx.Supply(cfg),
		fx.WithLogger(func() fxevent.Logger { return fxevent.NopLogger }),
		platformParts,
		fx.Provide(func() []httpx.ModuleInfo { return moduleInfos(all, cfg.ModulesDisabled) }),
		all.Options(cfg.ModulesDisabled),
		fx.Invoke(attach),
	)
}

// platformParts provides the technical parts, each chosen by the configuration on its own.
var platformParts = fx.Options(
	fx.Provide(
		func() clock.Clock { return clock.System{} },
		telemetry.NewMetrics,
		loadKeys,
		func(c *config.Config) *passwords.Hasher {
			return passwords.NewHasher(passwords.Argon2{Memory: c.Argon2Memory, Time: c.Argon2Time, Parallel: c.Argon2Parallel})
		},
		func(k *keyring.Keys, c *config.Config, cl clock.Clock) *tokens.Tokens {
			return tokens.NewTokens(k, c.PublicURL, c.AccessTokenTTL, cl)
		},
		tokens.NewAuthenticator,
		keyring.NewSealedCheck,
		func(c *config.Config) (*tempfile.Dir, error) {
			return tempfile.Open(filepath.Join(c.DataDir, "scratch"))
		},
		openDatabase, openRedis, openBlobs, openMail,
		broadcast.New,
		func(b *broadcast.Bus) cache.Signals { return b },
		events.NewBus,
		func(p migrate.Params, d *db.DB) (*migrate.Runner, error) { return migrate.NewRunner(d, p.Groups...) },
		newLimiter,
		pagination.NewCursors,
		func(a *tokens.Authenticator, c *config.Config) *httpx.Authenticator {
			return httpx.NewAuthenticator(a, c.PublicURL, c.CORSOrigins)
		},
		func(g *httpx.Authenticator, m *telemetry.Metrics, c *config.Config) *ws.Hub {
			return ws.NewHub(ws.Limits{Total: c.WSMax, PerUser: c.WSMaxPerUser, PerIP: c.WSMaxPerIP}, g, m)
		},
		newServer,
		func(p identity.PermissionParams) (*identity.Permissions, error) {
			return identity.NewPermissions(p.Groups...)
		},
		func(p apperr.Params) (*apperr.Catalog, error) {
			return apperr.NewCatalog(append(p.Groups, idempotency.Problems, ws.Problems)...)
		},
	),
	platformDeclarations,
	httpx.Routes(newDevRoutes),
	httpx.Routes(newObjectRoutes),
)

// loadKeys reads the server's keys; a folder or a file that can't be used is a fault of the configuration.
func loadKeys(c *config.Config) (*keyring.Keys, error) {
	k, err := keyring.Load(c.JWTKeysDir, c.AccessTokenTTL)
	if err != nil {
		cause := strings.TrimPrefix(err.Error(), "JWT_KEYS_DIR: ")
		return nil, &config.Error{Faults: []string{fmt.Sprintf("JWT_KEYS_DIR: found %q, which can't be used: %s; accepted is a folder of keys that this server has made, or an empty one",
			c.JWTKeysDir, cause)}}
	}
	return k, nil
}

// attach hands subscribers and workers to the parts that run them, once everything is built.
func attach(b *events.Bus, subs events.Params, q *jobs.Queue, workers jobs.Params) error {
	if err := b.Attach(subs.Groups...); err != nil {
		return err
	}
	return q.Attach(workers.Groups...)
}

func openDatabase(lc fx.Lifecycle, c *config.Config) (*db.DB, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	d, err := db.Open(ctx, db.Options{URL: c.DatabaseURL, Dir: c.DataDir, MaxConns: c.DatabaseMaxConns})
	if err != nil {
		return nil, &serviceError{"DATABASE_URL", err}
	}
	lc.Append(fx.Hook{OnStop: func(context.Context) error { return d.Close() }})
	return d, nil
}

// redisParts share one address: go-redis for signals between replicas, redigo inside the job queue.
type redisParts struct {
	fx.Out
	Client redis.UniversalClient
	Queue  *jobs.Queue
}

func openRedis(lc fx.Lifecycle, c *config.Config) (redisParts, error) {
	url, stop := c.RedisURL, func() {}
	if url == "" {
		server, err := embedded.NewRedis()
		if err != nil {
			return redisParts{}, err
		}
		url, stop = server.URL(), server.Close
	}
	o, err := redis.ParseURL(url)
	if err != nil {
		return redisParts{}, &config.Error{Faults: []string{"REDIS_URL: accepted is redis://host:port or rediss://host:port"}}
	}
	o.ContextTimeoutEnabled, o.MaxRetries = true, -1
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, time.Second, time.Second
	client, queue := redis.NewClient(o), jobs.NewQueue(url)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := client.Ping(ctx).Err(); err != nil {
		return redisParts{}, &serviceError{"REDIS_URL", err}
	}
	lc.Append(fx.Hook{OnStop: func(context.Context) error {
		_ = queue.Close()
		err := client.Close()
		stop()
		return err
	}})
	return redisParts{Client: client, Queue: queue}, nil
}

// quietRedis puts the client's own words about lost connections where an operator looks for detail.
type quietRedis struct{}

func init() { redis.SetLogger(quietRedis{}) }

// Printf implements the client's logger.
func (quietRedis) Printf(_ context.Context, format string, v ...any) {
	slog.Debug("redis", "says", fmt.Sprintf(format, v...))
}

// blobParts is the store, and the folder behind it when objects are embedded.
type blobParts struct {
	fx.Out
	Store  blob.Store
	Folder *blob.Folder
}

func openBlobs(c *config.Config, k *keyring.Keys) (blobParts, error) {
	if c.S3.Endpoint == "" {
		f, err := blob.NewFolder(filepath.Join(c.DataDir, "objects"), c.PublicURL, k.Derive("object urls"), time.Now)
		return blobParts{Store: f, Folder: f}, err
	}
	s, err := blob.NewS3(blob.S3Config{Endpoint: c.S3.Endpoint, PublicEndpoint: c.S3.PublicEndpoint, Bucket: c.S3.Bucket,
		AccessKey: c.S3.AccessKey, SecretKey: c.S3.SecretKey, Region: c.S3.Region, UseTLS: c.S3.UseTLS})
	if err != nil {
		return blobParts{}, &serviceError{"S3_ENDPOINT", err}
	}
	return blobParts{Store: s}, nil
}

// mailParts is the sender, and the sink behind it when mail is embedded.
type mailParts struct {
	fx.Out
	Sender smtp.Sender
	Sink   *embedded.MailSink
}

func openMail(lc fx.Lifecycle, c *config.Config) (mailParts, error) {
	url := c.SMTPURL
	var sink *embedded.MailSink
	if url == "" {
		var err error
		if sink, err = embedded.NewMailSink(filepath.Join(c.DataDir, "mailbox")); err != nil {
			return mailParts{}, err
		}
		lc.Append(fx.Hook{OnStop: func(context.Context) error { return sink.Close() }})
		url = sink.URL()
	}
	sender, err := smtp.NewClient(url, smtp.WithHello(c.PublicURL))
	if err != nil {
		return mailParts{}, &config.Error{Faults: []string{"SMTP_URL: " + err.Error()}}
	}
	return mailParts{Sender: sender, Sink: sink}, nil
}

// newLimiter counts in Redis when replicas may share one, else in this process.
func newLimiter(c *config.Config, r redis.UniversalClient, k *keyring.Keys) *limit.Limiter {
	if c.RedisURL == "" {
		r = nil
	}
	return limit.New(r, k.Derive("limits"), c.RateLimit)
}

// budgets are what operations count against; see httpx.Budget.
func budgets(c *config.Config) map[string]limit.Budget {
	out := map[string]limit.Budget{}
	for name, rate := range map[string]limit.Rate{
		httpx.BudgetAPI: c.RateLimitAPI,
		"login":         c.RateLimitLoginIP,
		"recovery":      c.RateLimitLoginIP, // links and codes from mails
	} {
		out[name] = limit.Budget{Name: name, Rate: rate}
	}
	return out
}

func newServer(c *config.Config, tables httpx.TableParams, k *keyring.Keys, g *httpx.Authenticator, d *db.DB, cl clock.Clock, m *telemetry.Metrics,
	r redis.UniversalClient, l *limit.Limiter, b blob.Store, s smtp.Sender, sc *tempfile.Dir, sealed *keyring.SealedCheck, caps httpx.CapabilityParams, infos []httpx.ModuleInfo,
	permissions *identity.Permissions, problems *apperr.Catalog) (*httpx.Server, error) {
	return httpx.New(httpx.Options{
		Version: Version, PublicURL: c.PublicURL, TrustedProxies: c.TrustedProxies, Production: c.Production(),
		Keys: k, Authenticator: g, DB: d, Clock: cl, Metrics: m, Modules: infos, Capabilities: caps.All, Permissions: permissions, Problems: problems, Limiter: l, Budgets: budgets(c), MetricsElsewhere: c.MetricsAddr != "", StoreOrigin: storeOrigin(c), Scratch: sc, MaxObjectBytes: c.UploadMaxBytes,
		Checks: []httpx.Check{
			{Name: "database", Ping: d.Ping},
			{Name: "redis", Ping: func(ctx context.Context) error { return r.Ping(ctx).Err() }},
			{Name: "storage", Ping: b.Ping},
			{Name: "mail", Ping: s.Ping},
			{Name: "keys", Ping: sealed.Check, OnlyFaults: true, Explains: true},
		},
	}, tables.Tables)
}

// storeOrigin is where browsers fetch signed URLs if not from the origin of their page: from S3, or from the embedded store by
// its public address.
func storeOrigin(c *config.Config) string {
	s := c.S3
	host, scheme := s.PublicEndpoint, "http"
	if s.Endpoint == "" {
		return c.PublicURL
	}
	if host == "" {
		host = s.Endpoint
	}
	if s.UseTLS {
		scheme = "https"
	}
	if strings.Contains(host, "://") {
		return host
	}
	return scheme + "://" + host
}

// serviceError says that a configured service can't be reached: exit status 1.
type serviceError struct {
	key   string
	cause error
}

func (e *serviceError) Error() string {
	return e.key + ": " + telemetry.Redact(strings.Join(strings.Fields(e.cause.Error()), " "))
}

func (e *serviceError) Unwrap() error { return e.cause }
