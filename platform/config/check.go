package config

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Validate fills the defaults that depend on other keys, and adds every broken rule.
func (c *Config) Validate(f *Faults) {
	c.fillDefaults()
	f.CheckOneOf("APP_ENV", c.AppEnv, "development", "production")
	f.CheckOneOf("LOG_LEVEL", c.LogLevel, "debug", "info", "warn", "error")
	f.CheckOneOf("LOG_FORMAT", c.LogFormat, "", "text", "json")
	f.checkURL("PUBLIC_URL", c.PublicURL, false, "http", "https")
	f.checkURL("DATABASE_URL", c.DatabaseURL, true, "postgres", "postgresql", "sqlite")
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
	if u, err := url.Parse(c.PublicURL); err == nil && u.Fragment == "" && (u.Path != "" || u.RawQuery != "" || u.User != nil) {
		f.Add("PUBLIC_URL", maskURL(c.PublicURL), "scheme and host without a path, such as https://lyceum.example.com")
	}
	if !c.WorkerInline && (c.SQLiteDir() != "" || c.RedisURL == "") {
		f.AddLine("WORKER_INLINE: found \"false\", accepted only with DATABASE_URL (PostgreSQL) and REDIS_URL, which lyceum worker needs")
	}
	c.checkS3(f)
	c.checkLists(f)
	c.checkProduction(f)
}

func (c *Config) checkS3(f *Faults) {
	if c.S3.Endpoint == "" {
		return
	}
	if strings.Contains(c.S3.Endpoint, "/") {
		found := c.S3.Endpoint
		if strings.Contains(found, "@") {
			found = Mask
		}
		f.Add("S3_ENDPOINT", found, "host:port without a scheme")
	}
	for _, needed := range [][2]string{{"S3_BUCKET", c.S3.Bucket}, {"S3_ACCESS_KEY", c.S3.AccessKey}, {"S3_SECRET_KEY", c.S3.SecretKey}} {
		if key := needed[0]; needed[1] == "" {
			f.AddLine(key + ": missing, needed when S3_ENDPOINT is set")
		}
	}
}

func (c *Config) checkLists(f *Faults) {
	for _, o := range c.CORSOrigins {
		if !isExactOrigin(o) {
			f.Add("CORS_ORIGINS", o, "exact origins such as https://app.example.com, comma-separated, without wildcards and paths")
		}
	}
	for _, p := range c.TrustedProxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			f.Add("TRUSTED_PROXIES", p, "CIDRs such as 10.0.0.0/8, comma-separated")
		}
	}
}

// checkProduction holds production to what it can't do without: the defaults are for trying out.
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

// hostPattern is a host name or an IPv6 address in brackets.
var hostPattern = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])$`)

// isExactOrigin reports whether s is what browsers send as Origin: scheme, host and perhaps a port,
// and nothing else.
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

// checkURL names a malformed URL and the part of it that is wrong; one that may hold a password is
// not repeated.
func (f *Faults) checkURL(key, found string, secret bool, schemes ...string) {
	if found == "" {
		return
	}
	if wrong := findURLFault(found, schemes); wrong != "" {
		if secret {
			found = maskURL(found)
		}
		f.Add(key, found, wrong)
	}
}

// findURLFault says what is accepted in place of the first part of a URL that is wrong, "" when
// nothing is.
func findURLFault(raw string, schemes []string) string {
	begins := "a URL beginning with " + strings.Join(schemes, ":// or ") + "://"
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || !slices.Contains(schemes, strings.ToLower(scheme)) {
		return begins
	}
	u, err := url.Parse(raw)
	isValid := err == nil && u.Fragment == "" && isValidPort(u.Port())
	if scheme == "sqlite" && isValid && u.Host == "" && u.Path != "" && !strings.HasSuffix(u.Path, "/") {
		return ""
	}
	// PostgreSQL's URLs may name several hosts.
	if scheme != "sqlite" && isValid && u.Host != "" && (!strings.Contains(u.Host, ",") || strings.HasPrefix(scheme, "postgres")) {
		return ""
	}
	if strings.Contains(rest, ",") && scheme != "sqlite" {
		return begins + " and one address"
	}
	if scheme == "sqlite" {
		return "sqlite:// and a path, such as sqlite:///var/lib/lyceum/lyceum.db"
	}
	end := strings.IndexAny(rest, "/?#")
	if at := strings.LastIndex(rest, "@"); end >= 0 && at > end || strings.Contains(rest, "%") {
		return begins + ", in whose user name and password the characters # / ? @ : % stand percent-encoded (%23 %2F %3F %40 %3A %25)"
	}
	if end >= 0 && rest[end] == '#' {
		return begins + " without a # and what follows it"
	}
	if end == 0 || rest == "" {
		return begins + " and a host"
	}
	return begins + ", a host and, after a colon, a port from 1 to 65535"
}

func isValidPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.Atoi(port)
	return err == nil && n > 0 && n <= 65535
}
