// Package config reads the environment, and a .env file beside the program, into typed values.
//
// Load names every fault at once, each with its key, what was found and what is accepted.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"

	"lyceum/platform/limit"
)

// Config holds the settings of the platform and, through Of, those that modules declare.
type Config struct {
	AppEnv    string `env:"APP_ENV" envDefault:"development"`
	DataDir   string `env:"DATA_DIR" envDefault:"./data"`
	HTTPAddr  string `env:"HTTP_ADDR" envDefault:":8000"`
	PublicURL string `env:"PUBLIC_URL" envDefault:"http://localhost:8000"`

	DatabaseURL      string `env:"DATABASE_URL" secret:"url"`
	DatabaseMaxConns int    `env:"DATABASE_MAX_CONNS" envDefault:"20"`
	AutoMigrate      bool   `env:"AUTO_MIGRATE" envDefault:"true"`
	RedisURL         string `env:"REDIS_URL" secret:"url"`
	S3               S3
	SMTPURL          string `env:"SMTP_URL" secret:"url"`

	JWTKeysDir     string        `env:"JWT_KEYS_DIR"`
	AccessTokenTTL time.Duration `env:"ACCESS_TOKEN_TTL" envDefault:"15m"`
	Argon2Memory   uint32        `env:"ARGON2_MEMORY_KIB" envDefault:"19456"`
	Argon2Time     uint32        `env:"ARGON2_TIME" envDefault:"2"`
	Argon2Parallel uint8         `env:"ARGON2_PARALLELISM" envDefault:"1"`

	RateLimit    bool       `env:"RATE_LIMIT_ENABLED" envDefault:"true"`
	RateLimitAPI limit.Rate `env:"RATE_LIMIT_API" envDefault:"600/1m"`

	ModulesDisabled []string `env:"MODULES_DISABLED"`
	CORSOrigins     []string `env:"CORS_ORIGINS"`
	TrustedProxies  []string `env:"TRUSTED_PROXIES"`

	WSMax        int `env:"WS_MAX" envDefault:"20000"`
	WSMaxPerUser int `env:"WS_MAX_PER_USER" envDefault:"100"`
	WSMaxPerIP   int `env:"WS_MAX_PER_IP" envDefault:"5000"`

	ShutdownDelay time.Duration `env:"SHUTDOWN_DELAY"`
	MetricsAddr   string        `env:"METRICS_ADDR"`
	WorkerInline  bool          `env:"WORKER_INLINE" envDefault:"true"`
	LogLevel      string        `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat     string        `env:"LOG_FORMAT"`
	OTLPEndpoint  string        `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`

	// given holds the variables that are not empty, sections the settings that modules declared.
	given    map[string]string
	sections []any
}

// S3 names an object store; an empty Endpoint means the embedded folder.
type S3 struct {
	Endpoint       string `env:"S3_ENDPOINT"`
	Bucket         string `env:"S3_BUCKET"`
	AccessKey      string `env:"S3_ACCESS_KEY"`
	SecretKey      string `env:"S3_SECRET_KEY" secret:"all"`
	Region         string `env:"S3_REGION" envDefault:"us-east-1"`
	UseTLS         bool   `env:"S3_USE_TLS" envDefault:"false"`
	PublicEndpoint string `env:"S3_PUBLIC_ENDPOINT"`
}

// Error lists every fault of a configuration, one a line.
type Error struct{ Faults []string }

// Error joins the faults.
func (e *Error) Error() string {
	return "configuration is not valid:\n  " + strings.Join(e.Faults, "\n  ")
}

// Load reads the process's environment over dotenv (a file that may be missing).
func Load(dotenv string, sections ...Section) (*Config, error) {
	vars, err := readVariables(dotenv)
	if err != nil {
		return nil, err
	}
	return FromMap(vars, sections...)
}

// LookupVariable returns one variable as Load would find it, also where the configuration as a
// whole is not valid.
func LookupVariable(dotenv, key string) (string, error) {
	vars, err := readVariables(dotenv)
	if err != nil {
		return os.Getenv(key), err
	}
	return strings.TrimSpace(vars[key]), nil
}

func readVariables(dotenv string) (map[string]string, error) {
	vars, err := godotenv.Read(dotenv)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{[]string{dotenv + ": not readable as KEY=value lines"}}
	}
	if vars == nil {
		vars = map[string]string{}
	}
	for _, kv := range os.Environ() {
		k, v, _ := strings.Cut(kv, "=")
		vars[k] = v
	}
	return vars, nil
}

// FromMap reads the given variables only; tests and Load share it. A variable that is set to
// nothing counts as not set. The error is an *Error that names every fault at once.
func FromMap(vars map[string]string, sections ...Section) (*Config, error) {
	if err := checkUniqueKeys(sections); err != nil {
		return nil, err
	}
	set := make(map[string]string, len(vars))
	for k, v := range vars {
		if v = strings.TrimSpace(v); v != "" {
			set[k] = v
		}
	}
	c := &Config{given: set}
	var f Faults
	loadSettings(c, set, &f)
	c.sections = loadSections(sections, set, &f)
	if len(f.lines) > 0 {
		return nil, &Error{f.lines}
	}
	return c, nil
}

// fillDefaults sets the defaults that depend on other keys.
func (c *Config) fillDefaults() {
	if c.JWTKeysDir == "" {
		c.JWTKeysDir = filepath.Join(c.DataDir, "keys")
	}
	if _, ok := c.given["SHUTDOWN_DELAY"]; !ok && c.IsProduction() {
		c.ShutdownDelay = 5 * time.Second
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
}

// IsProduction reports whether this is no place for demo data and development pages.
func (c *Config) IsProduction() bool { return c.AppEnv == "production" }

// HasEmbeddedDatabase reports whether the database is a file of this process's own, under DATA_DIR.
func (c *Config) HasEmbeddedDatabase() bool { return c.DatabaseURL == "" }

// SQLiteDir returns the folder of a SQLite database, which one server at a time may use. It is
// empty for any other database.
func (c *Config) SQLiteDir() string {
	if c.HasEmbeddedDatabase() {
		return c.DataDir
	}
	if u, err := url.Parse(c.DatabaseURL); err == nil && u.Scheme == "sqlite" {
		return filepath.Dir(u.Path)
	}
	return ""
}

// parseFaults turns the parser's aggregate into lines that name the key and what was found. A
// secret's value is never among them.
func parseFaults(err error, value any, set map[string]string) []string {
	var agg env.AggregateError
	if !errors.As(err, &agg) {
		return []string{err.Error()}
	}
	var lines []string
	for _, e := range agg.Errors {
		var pe env.ParseError
		if errors.As(e, &pe) {
			key := envKeyOf(value, pe.Name)
			lines = append(lines, fmt.Sprintf("%s: found %q, accepted is %s", key, set[key], acceptedType(pe.Type.String())))
			continue
		}
		lines = append(lines, e.Error())
	}
	return lines
}

// acceptedType describes for an operator what can be parsed as a type.
func acceptedType(goType string) string {
	switch goType {
	case "bool":
		return "true or false"
	case "time.Duration":
		return "a duration such as 15m or 1h30m"
	case "limit.Rate":
		return "a rate such as 600/1m: a whole number from 1, a slash, a duration from 1s"
	default:
		return "a whole number"
	}
}
