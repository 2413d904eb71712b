// Package program puts the parts of the platform and the modules together: it opens what the configuration names, embedded or
// as services, builds the server, and starts and stops it.
//
// The command line and the tests of modules build the same program:
//
//	configuration -> Options(cfg, modules, about) -> fx graph -> Start -> requests -> Stop
package program

import (
	"path/filepath"

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

// Declarations are the tables that no module owns.
var Declarations = fx.Options(
	migrate.Provide(events.Migrations...),
	migrate.Provide(idempotency.Migrations...),
)

// Options returns the whole program for a configuration: the platform, each part chosen by the configuration on its own, and
// the modules. about is shown by the API document.
func Options(cfg *config.Config, modules module.List, about About) fx.Option {
	return fx.Options(
		fx.Supply(cfg, about),
		fx.WithLogger(func() fxevent.Logger { return fxevent.NopLogger }),
		parts,
		fx.Provide(func() []httpx.ModuleInfo { return DescribeModules(modules, cfg.ModulesDisabled) }),
		modules.Options(cfg.ModulesDisabled),
		fx.Invoke(attachHandlers),
	)
}

// About is what the program says of itself.
type About struct {
	// Version is shown by the API document, the logs and lyceum version.
	Version string
	// Description introduces the API in its document.
	Description string
}

// parts provides the technical parts, each chosen by the configuration on its own.
var parts = fx.Options(
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
		func(p events.CatalogParams) (*events.Catalog, error) { return events.NewCatalog(p.Groups...) },
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
		func(p apperr.ProblemParams) (*apperr.Catalog, error) {
			return apperr.NewCatalog(append(p.Groups, idempotency.Problems, ws.Problems)...)
		},
	),
	Declarations,
	httpx.ProvideRoutes(newMailboxRoutes),
)

// attachHandlers hands subscribers and workers to the parts that run them, once everything is built.
func attachHandlers(b *events.Bus, subs events.Params, catalog *events.Catalog, q *jobs.Queue, workers jobs.Params) error {
	if err := b.Attach(subs.Groups...); err != nil {
		return err
	}
	if err := b.Restrict(catalog); err != nil {
		return err
	}
	return q.Attach(workers.Groups...)
}

// CheckDisabled returns a *config.Error with every fault of MODULES_DISABLED.
func CheckDisabled(all module.List, disabled module.Disabled) error {
	faults := all.Check(disabled)
	if len(faults) == 0 {
		return nil
	}
	for i, fault := range faults {
		faults[i] = "MODULES_DISABLED: " + fault
	}
	return &config.Error{Faults: faults}
}

// DescribeModules returns what GET /modules shows.
func DescribeModules(all module.List, disabled module.Disabled) []httpx.ModuleInfo {
	infos := make([]httpx.ModuleInfo, len(all))
	for i, m := range all {
		infos[i] = httpx.NewModuleInfo(m.Name, m.Title, !disabled.Has(m.Name), m.Console)
	}
	return infos
}
