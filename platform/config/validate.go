package config

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Validate implements Validator. It fills the defaults that depend on other settings before it
// checks the rules.
func (c *Config) Validate(f *Faults) {
	c.fillDefaults()
	f.CheckOneOf("APP_ENV", c.AppEnv, "development", "production")
	f.CheckOneOf("LOG_LEVEL", c.LogLevel, "debug", "info", "warn", "error")
	f.CheckOneOf("LOG_FORMAT", c.LogFormat, "", "text", "json")
	f.checkURL("PUBLIC_URL", c.PublicURL, false, "http", "https")
	f.checkURL("DATABASE_URL", c.DatabaseURL, true, "postgres", "postgresql", "sqlite")
	f.checkURL("DATABASE_REPLICA_URL", c.DatabaseReplicaURL, true, "postgres", "postgresql")
	if c.DatabaseReplicaURL != "" && !strings.HasPrefix(c.DatabaseURL, "postgres") {
		f.AddLine("DATABASE_REPLICA_URL: found one, accepted only with DATABASE_URL of PostgreSQL, whose server it follows")
	}
	f.checkURL("REDIS_URL", c.RedisURL, true, "redis", "rediss")
	f.checkURL("SMTP_URL", c.SMTPURL, true, "smtp", "smtps")
	f.checkURL("OTEL_EXPORTER_OTLP_ENDPOINT", c.OTLPEndpoint, false, "http", "https")
	f.checkAddress("HTTP_ADDR", c.HTTPAddr)
	f.checkAddress("METRICS_ADDR", c.MetricsAddr)
	f.CheckRange("DATABASE_MAX_CONNS", int64(c.DatabaseMaxConns), 1, 1000)
	f.CheckRange("ARGON2_MEMORY_KIB", int64(c.Argon2Memory), 8, 4<<20)
	f.CheckRange("ARGON2_TIME", int64(c.Argon2Time), 1, 100)
	f.CheckRange("ARGON2_PARALLELISM", int64(c.Argon2Parallel), 1, 64)
	f.CheckRange("WS_MAX", int64(c.WSMax), 1, 1<<20)
	f.CheckRange("WS_MAX_PER_USER", int64(c.WSMaxPerUser), 1, 1<<20)
	f.CheckRange("WS_MAX_PER_IP", int64(c.WSMaxPerIP), 1, 1<<20)
	f.CheckDuration("ACCESS_TOKEN_TTL", c.AccessTokenTTL, time.Second, 24*time.Hour)
	f.CheckDuration("SHUTDOWN_DELAY", c.ShutdownDelay, 0, 20*time.Second)
	c.checkPublicURL(f)
	if !c.WorkerInline && (c.SQLiteDir() != "" || c.RedisURL == "") {
		f.AddLine("WORKER_INLINE: found \"false\", accepted only with DATABASE_URL (PostgreSQL) and " +
			"REDIS_URL, which lyceum worker needs")
	}
	c.checkS3(f)
	c.checkLists(f)
	c.checkProduction(f)
}

// checkPublicURL adds a fault for an address with more than scheme, host and port: links and
// cookies are made by appending to it.
func (c *Config) checkPublicURL(f *Faults) {
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Fragment != "" {
		return // checkURL has named it
	}
	if u.Path != "" || u.RawQuery != "" || u.User != nil {
		f.Add("PUBLIC_URL", maskURL(c.PublicURL),
			"scheme and host without a path, such as https://lyceum.example.com")
	}
}

// checkS3 adds the faults of the object store, if one is configured.
func (c *Config) checkS3(f *Faults) {
	if c.S3.Endpoint == "" {
		return
	}
	if strings.Contains(c.S3.Endpoint, "/") {
		found := c.S3.Endpoint
		if strings.Contains(found, "@") {
			found = Mask // it may hold a password
		}
		f.Add("S3_ENDPOINT", found, "host:port without a scheme")
	}
	for _, needed := range []struct{ key, value string }{
		{"S3_BUCKET", c.S3.Bucket}, {"S3_ACCESS_KEY", c.S3.AccessKey}, {"S3_SECRET_KEY", c.S3.SecretKey},
	} {
		if needed.value == "" {
			f.AddLine(needed.key + ": missing, needed when S3_ENDPOINT is set")
		}
	}
}

// checkLists adds a fault for each item of a list that is not accepted.
func (c *Config) checkLists(f *Faults) {
	for _, origin := range c.CORSOrigins {
		if !isExactOrigin(origin) {
			f.Add("CORS_ORIGINS", origin,
				"exact origins such as https://app.example.com, comma-separated, without wildcards and paths")
		}
	}
	for _, network := range c.TrustedProxies {
		if _, err := netip.ParsePrefix(network); err != nil {
			f.Add("TRUSTED_PROXIES", network, "CIDRs such as 10.0.0.0/8, comma-separated")
		}
	}
}

// checkProduction adds a fault for each setting that production needs and that was not given. Their
// defaults are for trying out only.
func (c *Config) checkProduction(f *Faults) {
	if !c.IsProduction() {
		return
	}
	for _, key := range []string{"PUBLIC_URL", "DATA_DIR", "JWT_KEYS_DIR", "SMTP_URL"} {
		if c.given[key] == "" {
			f.AddLine(key + ": missing, needed when APP_ENV=production")
		}
	}
}

// hostPattern matches a host name or an IPv6 address in brackets.
var hostPattern = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])$`)

// isExactOrigin reports whether s is an origin as browsers send it (RFC 6454 §6.2): scheme, host
// and perhaps a port, and nothing else.
func isExactOrigin(s string) bool {
	scheme, authority, ok := strings.Cut(s, "://")
	if scheme = strings.ToLower(scheme); !ok || scheme != "http" && scheme != "https" {
		return false
	}
	host, port := authority, "0"
	if i := strings.LastIndex(authority, ":"); i > strings.LastIndex(authority, "]") {
		host, port = authority[:i], authority[i+1:]
	}
	number, err := strconv.Atoi(port)
	return hostPattern.MatchString(host) && err == nil && number >= 0 && number <= 65535
}
