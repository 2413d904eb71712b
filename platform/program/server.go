package program

import (
	"context"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

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

// newLimiter counts in Redis when replicas may share one, else in this process.
func newLimiter(c *config.Config, r redis.UniversalClient, k *keyring.Keys) *limit.Limiter {
	if c.RedisURL == "" {
		r = nil
	}
	return limit.New(r, k.DeriveKey("limits"), c.RateLimit)
}

func newServer(c *config.Config, tables httpx.TableParams, k *keyring.Keys, g *httpx.Authenticator, d *db.DB, cl clock.Clock, m *telemetry.Metrics,
	r redis.UniversalClient, l *limit.Limiter, b blob.Store, s smtp.Sender, sc *tempfile.Dir, sealed *keyring.SealedCheck, caps httpx.CapabilityParams, infos []httpx.ModuleInfo,
	permissions *identity.Permissions, problems *apperr.Catalog, limits limit.BudgetParams, pages httpx.ConsolePageParams, about About) (*httpx.Server, error) {
	budgets, err := limit.ByName(append(limits.Groups, []limit.Budget{{Name: httpx.BudgetAPI, Rate: c.RateLimitAPI}})...)
	if err != nil {
		return nil, err
	}
	return httpx.New(httpx.Options{
		Version: about.Version, Description: about.Description, ConsolePages: slices.Concat(pages.Groups...), PublicURL: c.PublicURL, TrustedProxies: c.TrustedProxies, Production: c.IsProduction(),
		Keys: k, Authenticator: g, DB: d, Clock: cl, Metrics: m, Modules: infos, Capabilities: caps.All, Permissions: permissions, Problems: problems, Limiter: l, Budgets: budgets, MetricsElsewhere: c.MetricsAddr != "", StoreOrigin: storeOrigin(c), Scratch: sc,
		Checks: []httpx.Check{
			{Name: "database", Ping: d.Ping},
			{Name: "redis", Ping: func(ctx context.Context) error { return r.Ping(ctx).Err() }},
			{Name: "storage", Ping: b.Ping},
			{Name: "mail", Ping: s.Ping},
			{Name: "keys", Ping: sealed.CheckSealedData, OnlyFaults: true, Explains: true},
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
