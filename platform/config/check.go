package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// check gives one line for each rule that the values break.
func (c *Config) check(set map[string]string) []string {
	f := &faults{}
	f.oneOf("APP_ENV", c.AppEnv, "development", "production")
	f.oneOf("LOG_LEVEL", c.LogLevel, "debug", "info", "warn", "error")
	f.oneOf("LOG_FORMAT", c.LogFormat, "", "text", "json")
	f.absoluteURL("PUBLIC_URL", c.PublicURL, false, "http", "https")
	f.absoluteURL("DATABASE_URL", c.DatabaseURL, true, "postgres", "postgresql", "sqlite")
	f.absoluteURL("REDIS_URL", c.RedisURL, true, "redis", "rediss")
	f.absoluteURL("SMTP_URL", c.SMTPURL, true, "smtp", "smtps")
	f.absoluteURL("OTEL_EXPORTER_OTLP_ENDPOINT", c.OTLPEndpoint, false, "http", "https")
	f.address("HTTP_ADDR", c.HTTPAddr)
	f.address("METRICS_ADDR", c.MetricsAddr)
	if _, err := mail.ParseAddress(c.MailFrom); err != nil {
		f.add("MAIL_FROM", c.MailFrom, "an address such as Lyceum <no-reply@example.com>")
	}
	f.between("PASSWORD_MIN_LENGTH", int64(c.PasswordMin), 8, 64)
	f.between("DATABASE_MAX_CONNS", int64(c.DatabaseMaxConns), 1, 1000)
	f.between("ARGON2_MEMORY_KIB", int64(c.Argon2Memory), 8, 4<<20)
	f.between("ARGON2_TIME", int64(c.Argon2Time), 1, 100)
	f.between("ARGON2_PARALLELISM", int64(c.Argon2Parallel), 1, 64)
	f.between("UPLOAD_MAX_BYTES", c.UploadMaxBytes, 1, 5<<40)
	f.between("STORAGE_QUOTA_BYTES", c.StorageQuotaBytes, 0, 1<<60)
	f.between("WS_MAX", int64(c.WSMax), 1, 1<<20)
	f.between("WS_MAX_PER_USER", int64(c.WSMaxPerUser), 1, 1<<20)
	f.between("WS_MAX_PER_IP", int64(c.WSMaxPerIP), 1, 1<<20)
	f.duration("ACCESS_TOKEN_TTL", c.AccessTokenTTL, time.Second, 24*time.Hour)
	f.duration("REFRESH_TOKEN_TTL", c.RefreshTokenTTL, time.Second, 10*365*24*time.Hour)
	f.duration("SHUTDOWN_DELAY", c.ShutdownDelay, 0, 20*time.Second)
	if u, err := url.Parse(c.PublicURL); err == nil && u.Fragment == "" && (u.Path != "" || u.RawQuery != "" || u.User != nil) {
		f.add("PUBLIC_URL", maskURL(c.PublicURL), "scheme and host without a path, such as https://lyceum.example.com")
	}
	if !c.WorkerInline && (c.SQLiteDir() != "" || c.RedisURL == "") {
		f.lines = append(f.lines, "WORKER_INLINE: found \"false\", accepted only with DATABASE_URL (PostgreSQL) and REDIS_URL, which lyceum worker needs")
	}
	c.checkAdmin(f)
	c.checkS3(f)
	c.checkLists(f)
	c.checkProduction(f, set)
	return f.lines
}

func (c *Config) checkAdmin(f *faults) {
	if (c.AdminEmail == "") != (c.AdminPassword == "") {
		f.lines = append(f.lines, "ADMIN_EMAIL and ADMIN_PASSWORD: only one is set, accepted is both or neither")
	}
	if c.AdminEmail != "" {
		if _, err := mail.ParseAddress(c.AdminEmail); err != nil || len(c.AdminEmail) > 254 {
			f.add("ADMIN_EMAIL", c.AdminEmail, "a mail address")
		}
	}
}

func (c *Config) checkS3(f *faults) {
	if c.S3.Endpoint == "" {
		return
	}
	if strings.Contains(c.S3.Endpoint, "/") {
		found := c.S3.Endpoint
		if strings.Contains(found, "@") {
			found = Masked
		}
		f.add("S3_ENDPOINT", found, "host:port without a scheme")
	}
	for _, needed := range [][2]string{{"S3_BUCKET", c.S3.Bucket}, {"S3_ACCESS_KEY", c.S3.AccessKey}, {"S3_SECRET_KEY", c.S3.SecretKey}} {
		if key := needed[0]; needed[1] == "" {
			f.lines = append(f.lines, key+": missing, needed when S3_ENDPOINT is set")
		}
	}
}

func (c *Config) checkLists(f *faults) {
	for _, o := range c.CORSOrigins {
		if !isOrigin(o) {
			f.add("CORS_ORIGINS", o, "exact origins such as https://app.example.com, comma-separated, without wildcards and paths")
		}
	}
	for _, p := range c.TrustedProxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			f.add("TRUSTED_PROXIES", p, "CIDRs such as 10.0.0.0/8, comma-separated")
		}
	}
	for _, t := range c.UploadContentTypes {
		if major, minor, ok := strings.Cut(t, "/"); !ok || major == "" || minor == "" || strings.ContainsAny(t, " ;*") {
			f.add("UPLOAD_CONTENT_TYPES", t, "types such as video/mp4, comma-separated")
		}
	}
}

// checkProduction holds production to what it can't do without: the defaults are for trying out.
func (c *Config) checkProduction(f *faults, set map[string]string) {
	if !c.Production() {
		return
	}
	for _, key := range []string{"PUBLIC_URL", "DATA_DIR", "JWT_KEYS_DIR", "SMTP_URL"} {
		if set[key] == "" {
			f.lines = append(f.lines, key+": missing, needed when APP_ENV=production")
		}
	}
}

type faults struct{ lines []string }

func (f *faults) add(key, found, accepted string) {
	f.lines = append(f.lines, fmt.Sprintf("%s: found %q, accepted is %s", key, found, accepted))
}

func (f *faults) oneOf(key, found string, accepted ...string) {
	if !slices.Contains(accepted, found) {
		f.add(key, found, strings.Join(slices.DeleteFunc(slices.Clone(accepted), func(s string) bool { return s == "" }), " or "))
	}
}

func (f *faults) between(key string, found, low, high int64) {
	if found < low || found > high {
		f.add(key, fmt.Sprint(found), fmt.Sprintf("a whole number from %d to %d", low, high))
	}
}

func (f *faults) duration(key string, found, low, high time.Duration) {
	if found < low || found > high {
		f.add(key, found.String(), fmt.Sprintf("a duration from %s to %s", low, high))
	}
}

func (f *faults) address(key, found string) {
	if found == "" {
		return
	}
	host, port, err := net.SplitHostPort(found)
	number, numberErr := strconv.Atoi(port)
	if err != nil || numberErr != nil || number < 0 || number > 65535 || strings.ContainsAny(host, " /@") {
		f.add(key, found, "host:port or :port, with a port from 0 to 65535")
	}
}

// hostForm is a host name or an IPv6 address in brackets.
var hostForm = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])$`)

// isOrigin reports whether s is what browsers send as Origin: scheme, host and perhaps a port, and nothing else.
func isOrigin(s string) bool {
	scheme, authority, ok := strings.Cut(s, "://")
	if scheme = strings.ToLower(scheme); !ok || scheme != "http" && scheme != "https" {
		return false
	}
	host, port := authority, "0"
	if i := strings.LastIndex(authority, ":"); i > strings.LastIndex(authority, "]") {
		host, port = authority[:i], authority[i+1:]
	}
	number, err := strconv.Atoi(port)
	return hostForm.MatchString(host) && err == nil && number >= 0 && number <= 65535
}

// absoluteURL names a malformed URL and the part of it that is wrong; one that may hold a password is not repeated.
func (f *faults) absoluteURL(key, found string, secret bool, schemes ...string) {
	if found == "" {
		return
	}
	if wrong := urlFault(found, schemes); wrong != "" {
		if secret {
			found = maskURL(found)
		}
		f.add(key, found, wrong)
	}
}

// urlFault says what is accepted in place of the first part of a URL that is wrong, "" when nothing is.
func urlFault(raw string, schemes []string) string {
	begins := "a URL beginning with " + strings.Join(schemes, ":// or ") + "://"
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || !slices.Contains(schemes, strings.ToLower(scheme)) {
		return begins
	}
	u, err := url.Parse(raw)
	isValid := err == nil && u.Fragment == "" && validPort(u.Port())
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

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.Atoi(port)
	return err == nil && n > 0 && n <= 65535
}
