package program

import (
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"lyceum/platform/apperr"
	"lyceum/platform/broadcast"
	"lyceum/platform/cache"
	"lyceum/platform/clock"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/idempotency"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/identity"
	"lyceum/platform/jobs"
	"lyceum/platform/keyring"
	"lyceum/platform/migrate"
	"lyceum/platform/module"
	"lyceum/platform/passwords"
	"lyceum/platform/telemetry"
	"lyceum/platform/tempfile"
	"lyceum/platform/tokens"
	"lyceum/platform/ws"
)

// PlatformMigrations are the tables that belong to no module: the outbox and the idempotency records.
var PlatformMigrations = fx.Options(
	migrate.ProvideMigrations(events.Migrations...),
	migrate.ProvideMigrations(idempotency.Migrations...),
)

// BuildOptions returns the whole program for a configuration: the parts of the platform and the
// modules. The API document shows about.
func BuildOptions(cfg *config.Config, modules module.List, about About) fx.Option {
	return fx.Options(
		fx.Supply(cfg, about),
		fx.WithLogger(func() fxevent.Logger { return fxevent.NopLogger }),
		platformParts,
		fx.Provide(func() []httpx.ModuleInfo { return DescribeModules(modules, cfg.ModulesDisabled) }),
		modules.BuildOptions(cfg.ModulesDisabled),
		fx.Invoke(attachHandlers),
	)
}

// About describes the program.
type About struct {
	// Version is shown by the API document, the logs and lyceum version.
	Version string
	// Description introduces the API in its document.
	Description string
}

// platformParts provides the parts of the platform. Constructors of the packages know no
// configuration; the functions below pass them what they want of it.
var platformParts = fx.Options(
	fx.Provide(
		func() clock.Clock { return clock.System{} },
		newMetrics,
		openScratch,

		// Services, each embedded or configured.
		openDatabase, openRedis, openBlobs, openMail,
		newMigrations,

		// Keys, tokens and permissions.
		loadKeys, keyring.NewSealedCheck,
		newHasher, newTokens, tokens.NewAuthenticator, newAuthenticator,
		newPermissions,

		// What replicas tell each other, and modules each other.
		broadcast.New,
		func(b *broadcast.Bus) cache.Signals { return b },
		events.NewBus, newEventCatalog,

		// The server.
		newLimiter, newProblemCatalog, pagination.NewCursors, newHub, newServer,
	),
	PlatformMigrations,
	httpx.ProvideRoutes(newMailboxRoutes),
)

// newMetrics returns the metrics of a server, with those of its connections to the database and of what waits in it.
func newMetrics(d *db.DB, about About) *telemetry.Metrics {
	m := telemetry.NewMetrics()
	m.SetVersion(about.Version)
	m.Registry.MustRegister(events.NewCollector(d))
	for name, pool := range d.Pools() {
		m.Registry.MustRegister(collectors.NewDBStatsCollector(pool, name))
	}
	return m
}

// openScratch opens the directory of temporary files under DATA_DIR, which is emptied at each start.
func openScratch(c *config.Config) (*tempfile.Dir, error) {
	return tempfile.Open(filepath.Join(c.DataDir, "scratch"))
}

// newMigrations returns a runner over the migrations of the platform and of all modules.
func newMigrations(p migrate.Params, d *db.DB) (*migrate.Runner, error) {
	return migrate.NewRunner(d, p.Groups...)
}

// newHasher returns the password hasher with the configured costs of Argon2.
func newHasher(c *config.Config) *passwords.Hasher {
	return passwords.NewHasher(passwords.Argon2{Memory: c.Argon2Memory, Time: c.Argon2Time, Parallel: c.Argon2Parallel})
}

// newTokens returns the issuer of access tokens. PUBLIC_URL is their issuer.
func newTokens(k *keyring.Keys, c *config.Config, cl clock.Clock) *tokens.Tokens {
	return tokens.NewTokens(k, c.PublicURL, c.AccessTokenTTL, cl)
}

// newAuthenticator returns the authenticator of requests, with the origins that may open sockets.
func newAuthenticator(a *tokens.Authenticator, c *config.Config) *httpx.Authenticator {
	return httpx.NewAuthenticator(a, c.PublicURL, c.CORSOrigins)
}

// newPermissions returns the permissions of all modules.
func newPermissions(p identity.PermissionParams) (*identity.Permissions, error) {
	return identity.NewPermissions(p.Groups...)
}

// newEventCatalog returns the events of all modules.
func newEventCatalog(p events.CatalogParams) (*events.Catalog, error) {
	return events.NewCatalog(p.Groups...)
}

// newProblemCatalog returns the problems of all modules and of the platform packages with own ones.
func newProblemCatalog(p apperr.ProblemParams) (*apperr.Catalog, error) {
	return apperr.NewCatalog(append(p.Groups, idempotency.Problems, ws.Problems)...)
}

// newHub returns the hub of WebSockets with the configured limits of this process.
func newHub(a *httpx.Authenticator, m *telemetry.Metrics, c *config.Config) *ws.Hub {
	return ws.NewHub(ws.Limits{Total: c.WSMax, PerUser: c.WSMaxPerUser, PerIP: c.WSMaxPerIP}, a, m)
}

// handlerParams are the parts that call handlers, and the handlers of all modules.
type handlerParams struct {
	fx.In
	Bus           *events.Bus
	Catalog       *events.Catalog
	Subscriptions events.Params
	Queue         *jobs.Queue
	Workers       jobs.Params
}

// attachHandlers passes subscriptions and workers to the parts that call them. It runs once
// everything is built: a constructor that needs the bus can't also be needed by it.
func attachHandlers(p handlerParams) error {
	if err := p.Bus.AttachSubscriptions(p.Subscriptions.Groups...); err != nil {
		return err
	}
	if err := p.Bus.RestrictToCatalog(p.Catalog); err != nil {
		return err
	}
	return p.Queue.AttachWorkers(p.Workers.Groups...)
}

// CheckDisabled returns a *config.Error with every fault of MODULES_DISABLED.
func CheckDisabled(all module.List, disabled module.Disabled) error {
	faults := all.CheckDisabled(disabled)
	if len(faults) == 0 {
		return nil
	}
	for i, fault := range faults {
		faults[i] = "MODULES_DISABLED: " + fault
	}
	return &config.Error{Faults: faults}
}

// DescribeModules returns the modules as GET /modules shows them, in the order of the list.
func DescribeModules(all module.List, disabled module.Disabled) []httpx.ModuleInfo {
	infos := make([]httpx.ModuleInfo, len(all))
	for i, m := range all {
		infos[i] = httpx.ModuleInfo{
			Name: m.Name, Title: m.Title, About: m.About, Enabled: !disabled.HasModule(m.Name),
		}
		if infos[i].Enabled {
			infos[i].Console = m.Console
		}
	}
	return infos
}
