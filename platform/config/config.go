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

// Config holds the settings of the platform and, through SettingsOf, those that sections declare.
// RenderEnvExample explains each of them.
type Config struct {
	// AppEnv is "development" or "production"; see IsProduction.
	AppEnv    string `env:"APP_ENV" envDefault:"development"`
	DataDir   string `env:"DATA_DIR" envDefault:"./data"`
	HTTPAddr  string `env:"HTTP_ADDR" envDefault:":8000"`
	PublicURL string `env:"PUBLIC_URL" envDefault:"http://localhost:8000"`

	// DatabaseURL and the other addresses are empty for the embedded parts: SQLite, Redis in the
	// process, a folder, a mailbox.
	DatabaseURL string `env:"DATABASE_URL" secret:"url"`
	// DatabaseReplicaURL is the address of a PostgreSQL server that follows the one of DatabaseURL.
	DatabaseReplicaURL string `env:"DATABASE_REPLICA_URL" secret:"url"`
	DatabaseMaxConns   int    `env:"DATABASE_MAX_CONNS" envDefault:"20"`
	AutoMigrate        bool   `env:"AUTO_MIGRATE" envDefault:"true"`
	RedisURL           string `env:"REDIS_URL" secret:"url"`
	S3                 S3
	SMTPURL            string `env:"SMTP_URL" secret:"url"`

	JWTKeysDir     string        `env:"JWT_KEYS_DIR"`
	AccessTokenTTL time.Duration `env:"ACCESS_TOKEN_TTL" envDefault:"15m"`
	// The cost of a password hash (argon2id, RFC 9106 §4): KiB of memory, passes, lanes.
	Argon2Memory   uint32 `env:"ARGON2_MEMORY_KIB" envDefault:"19456"`
	Argon2Time     uint32 `env:"ARGON2_TIME" envDefault:"2"`
	Argon2Parallel uint8  `env:"ARGON2_PARALLELISM" envDefault:"1"`

	RateLimit    bool       `env:"RATE_LIMIT_ENABLED" envDefault:"true"`
	RateLimitAPI limit.Rate `env:"RATE_LIMIT_API" envDefault:"600/1m"`

	ModulesDisabled []string `env:"MODULES_DISABLED"`
	CORSOrigins     []string `env:"CORS_ORIGINS"`
	TrustedProxies  []string `env:"TRUSTED_PROXIES"`

	// Open WebSockets of one process: in all, of an account, of a network address.
	WSMax        int `env:"WS_MAX" envDefault:"20000"`
	WSMaxPerUser int `env:"WS_MAX_PER_USER" envDefault:"100"`
	WSMaxPerIP   int `env:"WS_MAX_PER_IP" envDefault:"5000"`

	// ShutdownDelay is how long a stopping server still takes new requests. In production it is 5 s
	// unless it is set.
	ShutdownDelay time.Duration `env:"SHUTDOWN_DELAY"`
	MetricsAddr   string        `env:"METRICS_ADDR"`
	WorkerInline  bool          `env:"WORKER_INLINE" envDefault:"true"`
	LogLevel      string        `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat     string        `env:"LOG_FORMAT"`
	OTLPEndpoint  string        `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`

	// given holds the variables that are not empty.
	given map[string]string
	// sections holds a pointer to the settings of each section.
	sections []any
}

// S3 holds the address and the credentials of an object store. An empty Endpoint means the embedded
// folder.
type S3 struct {
	Endpoint       string `env:"S3_ENDPOINT"`
	Bucket         string `env:"S3_BUCKET"`
	AccessKey      string `env:"S3_ACCESS_KEY"`
	SecretKey      string `env:"S3_SECRET_KEY" secret:"all"`
	Region         string `env:"S3_REGION" envDefault:"us-east-1"`
	UseTLS         bool   `env:"S3_USE_TLS" envDefault:"false"`
	PublicEndpoint string `env:"S3_PUBLIC_ENDPOINT"`
}

// Error is the error for a configuration that is not valid.
type Error struct {
	// Faults has one line for each broken rule. A line begins with the key, or the keys, and a
	// colon.
	Faults []string
}

// Error returns all faults, one a line.
func (e *Error) Error() string {
	return "configuration is not valid:\n  " + strings.Join(e.Faults, "\n  ")
}

// Load reads the settings of the platform and of sections from the environment of the process and
// from the file dotenv, which may be missing. The environment wins over the file. Load returns an
// *Error that names every fault at once.
func Load(dotenv string, sections ...Section) (*Config, error) {
	vars, err := readVariables(dotenv)
	if err != nil {
		return nil, err
	}
	return FromMap(vars, sections...)
}

// LookupVariable returns one variable as Load finds it, even if the configuration as a whole is not
// valid. If dotenv can't be read, it returns the variable of the environment beside the error.
func LookupVariable(dotenv, key string) (string, error) {
	vars, err := readVariables(dotenv)
	if err != nil {
		return os.Getenv(key), err
	}
	return strings.TrimSpace(vars[key]), nil
}

// readVariables returns the variables of dotenv and, over them, those of the environment.
func readVariables(dotenv string) (map[string]string, error) {
	vars, err := godotenv.Read(dotenv)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{[]string{dotenv + ": not readable as KEY=value lines"}}
	}
	if vars == nil {
		vars = map[string]string{}
	}
	for _, entry := range os.Environ() {
		key, value, _ := strings.Cut(entry, "=")
		vars[key] = value
	}
	return vars, nil
}

// FromMap is Load for the given variables alone. It returns an error of another type than *Error if
// two sections declare the same variable, which no environment can cause.
func FromMap(vars map[string]string, sections ...Section) (*Config, error) {
	if err := checkUniqueKeys(sections); err != nil {
		return nil, err
	}
	given := make(map[string]string, len(vars))
	for key, value := range vars {
		if value = strings.TrimSpace(value); value != "" {
			given[key] = value
		}
	}
	c := &Config{given: given}
	var f Faults
	loadSettings(c, given, &f)
	c.sections = loadSections(sections, given, &f)
	if len(f.lines) > 0 {
		return nil, &Error{f.lines}
	}
	return c, nil
}

// fillDefaults sets the defaults that depend on other settings.
func (c *Config) fillDefaults() {
	if c.JWTKeysDir == "" {
		c.JWTKeysDir = filepath.Join(c.DataDir, "keys")
	}
	if _, ok := c.given["SHUTDOWN_DELAY"]; !ok && c.IsProduction() {
		c.ShutdownDelay = 5 * time.Second
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
}

// IsProduction reports whether the server is exposed to real users. It then has no development
// pages and no defaults for what an operator has to decide.
func (c *Config) IsProduction() bool { return c.AppEnv == "production" }

// HasEmbeddedDatabase reports whether the database is a SQLite file under DATA_DIR.
func (c *Config) HasEmbeddedDatabase() bool { return c.DatabaseURL == "" }

// SQLiteDir returns the folder of a SQLite database, which one server at a time may use. It returns
// "" for any other database.
func (c *Config) SQLiteDir() string {
	if c.HasEmbeddedDatabase() {
		return c.DataDir
	}
	if path := c.SQLitePath(); path != "" {
		return filepath.Dir(path)
	}
	return ""
}

// SQLitePath returns the file of a sqlite:// URL, or "" for any other database.
func (c *Config) SQLitePath() string {
	if u, err := url.Parse(c.DatabaseURL); err == nil && u.Scheme == "sqlite" {
		return u.Path
	}
	return ""
}

// parseFaults returns a line for each value that the parser refused: its key, what was found and
// what is accepted. All secrets are texts, which the parser never refuses, so no line holds one.
func parseFaults(err error, settings any, given map[string]string) []string {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []string{err.Error()}
	}
	var lines []string
	for _, e := range all.Errors {
		var refused env.ParseError
		if errors.As(e, &refused) {
			key := envKeyOf(settings, refused.Name)
			accepted := describeType(refused.Type.String())
			lines = append(lines, fmt.Sprintf("%s: found %q, accepted is %s", key, given[key], accepted))
			continue
		}
		lines = append(lines, e.Error())
	}
	return lines
}

// describeType says in words of an operator which texts can be parsed as a type.
func describeType(goType string) string {
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
