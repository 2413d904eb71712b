package program

import (
	"context"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"

	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/clock"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
	"lyceum/platform/limit"
	"lyceum/platform/smtp"
	"lyceum/platform/telemetry"
	"lyceum/platform/tempfile"
)

// newLimiter returns a limiter that counts in Redis if replicas may share one. The embedded Redis
// belongs to one process, which counts faster by itself.
func newLimiter(c *config.Config, r redis.UniversalClient, k *keyring.Keys) *limit.Limiter {
	if c.RedisURL == "" {
		r = nil
	}
	return limit.New(r, k.DeriveKey("limits"), c.RateLimit)
}

// serverParams are the parts that the server is built from. fx fills the fields by their types, so a
// new dependency is one new field.
type serverParams struct {
	fx.In
	Config *config.Config
	About  About

	// These parts serve requests. Scratch holds the bodies of uploads until they are stored.
	Keys          *keyring.Keys
	Authenticator *httpx.Authenticator
	Clock         clock.Clock
	Metrics       *telemetry.Metrics
	Limiter       *limit.Limiter
	Scratch       *tempfile.Dir

	// These services are also asked by /readyz. Sealed is none: it compares the keys with the
	// database.
	DB     *db.DB
	Redis  redis.UniversalClient
	Blobs  blob.Store
	Mail   smtp.Sender
	Sealed *keyring.SealedCheck

	// These are the declarations of all modules. The server checks them against each other: a route
	// names a permission and a budget that exist.
	Tables       httpx.TableParams
	Capabilities httpx.CapabilityParams
	Modules      []httpx.ModuleInfo
	Permissions  *identity.Permissions
	Problems     *apperr.Catalog
	Budgets      limit.BudgetParams
	ConsolePages httpx.ConsolePageParams
}

// newServer returns the HTTP server with the routes of all modules. It returns an error for
// declarations that contradict each other, such as two budgets of one name.
func newServer(p serverParams) (*httpx.Server, error) {
	c := p.Config
	general := []limit.Budget{{Name: httpx.BudgetAPI, Rate: c.RateLimitAPI}}
	budgets, err := limit.IndexBudgets(append(p.Budgets.Groups, general)...)
	if err != nil {
		return nil, err
	}
	return httpx.New(httpx.Options{
		Version:        p.About.Version,
		Description:    p.About.Description,
		PublicURL:      c.PublicURL,
		Production:     c.IsProduction(),
		TrustedProxies: c.TrustedProxies,
		Keys:           p.Keys,
		Authenticator:  p.Authenticator,
		DB:             p.DB,
		Clock:          p.Clock,
		Metrics:        p.Metrics,
		Scratch:        p.Scratch,
		ConsolePages:   slices.Concat(p.ConsolePages.Groups...),
		Modules:        p.Modules,
		Capabilities:   p.Capabilities.All,
		Permissions:    p.Permissions,
		Problems:       p.Problems,
		Limiter:        p.Limiter,
		Budgets:        budgets,
		StoreOrigin:    storeOrigin(c),
		Checks:         readinessChecks(p),
		// METRICS_ADDR moves /metrics away from the routes for clients.
		MetricsElsewhere: c.MetricsAddr != "",
	}, p.Tables.Tables)
}

// readinessChecks returns what /readyz asks. Keys that do not fit the database are reported with
// their reason, as an operator has to find the right ones; other services only show up or down.
func readinessChecks(p serverParams) []httpx.Check {
	return []httpx.Check{
		{Name: "database", Ping: p.DB.Ping},
		{Name: "redis", Ping: func(ctx context.Context) error { return p.Redis.Ping(ctx).Err() }},
		{Name: "storage", Ping: p.Blobs.Ping},
		{Name: "mail", Ping: p.Mail.Ping},
		{Name: "keys", Ping: p.Sealed.CheckSealedData, OnlyFaults: true, Explains: true},
	}
}

// storeOrigin returns the origin from which browsers fetch signed URLs, for the policy of the
// console. That is the address of S3 that browsers use, or the own address if objects are in a folder.
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
