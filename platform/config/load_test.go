package config

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// writeDotenv returns the path of a .env file.
func writeDotenv(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), ".env")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

func TestLoad(t *testing.T) {
	t.Run("the environment wins over the file", func(t *testing.T) {
		t.Setenv("HTTP_ADDR", ":9001")
		c, err := Load(writeDotenv(t, "HTTP_ADDR=:9000\nLOG_LEVEL=debug\n# a comment\nDATA_DIR=\"/var/lib/x y\"\n"))
		require.NoError(t, err)
		require.Equal(t, []string{":9001", "debug", "/var/lib/x y"}, []string{c.HTTPAddr, c.LogLevel, c.DataDir})
		require.Equal(t, "/var/lib/x y/keys", c.JWTKeysDir, "a default that depends on another setting")
	})
	t.Run("without a file", func(t *testing.T) {
		c, err := Load(filepath.Join(t.TempDir(), ".env"))
		require.NoError(t, err)
		require.Equal(t, 15*time.Minute, c.AccessTokenTTL)
	})
	t.Run("a variable that is set to nothing", func(t *testing.T) {
		t.Setenv("LOG_LEVEL", " ")
		c, err := Load(writeDotenv(t, "ACCESS_TOKEN_TTL=\n"))
		require.NoError(t, err)
		require.Equal(t, []any{"info", 15 * time.Minute}, []any{c.LogLevel, c.AccessTokenTTL}, "counts as not set")
	})
	t.Run("a file that can't be read", func(t *testing.T) {
		for name, file := range map[string]string{
			"a folder": t.TempDir(),
			"no lines": writeDotenv(t, "SMTP_URL=smtp://u:hunter2@h\nhunter2 'x"),
		} {
			_, err := Load(file)
			var e *Error
			require.ErrorAs(t, err, &e, name)
			require.ErrorContains(t, err, "not readable as KEY=value lines", name)
			require.NotContains(t, err.Error(), "hunter2", name)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		var wg sync.WaitGroup
		levels := make([]string, 8)
		for i := range levels {
			wg.Go(func() {
				c, err := FromMap(map[string]string{"LOG_LEVEL": []string{"debug", "warn"}[i%2]}, shopSection())
				if err == nil {
					levels[i] = c.LogLevel
				}
			})
		}
		wg.Wait()
		require.Equal(t, strings.Fields(strings.Repeat("debug warn ", 4)), levels)
	})
}

func TestLookupVariable(t *testing.T) {
	t.Setenv("LOG_FORMAT", " json ")
	value, err := LookupVariable(writeDotenv(t, "APP_ENV=nonsense\nLOG_LEVEL=debug\n"), "LOG_FORMAT")
	require.NoError(t, err, "the rest of the configuration does not matter")
	require.Equal(t, "json", value)
	value, err = LookupVariable(writeDotenv(t, "LOG_LEVEL=debug\n"), "LOG_LEVEL")
	require.NoError(t, err)
	require.Equal(t, "debug", value)
	value, err = LookupVariable(t.TempDir(), "LOG_FORMAT")
	require.Error(t, err)
	require.Equal(t, " json ", value, "what is known without the file")
}

func TestBounds(t *testing.T) {
	for key, values := range map[string][]string{
		"DATABASE_MAX_CONNS": {"0", "1001", "-1", "1e3", "99999999999999999999"},
		"ARGON2_MEMORY_KIB":  {"7", "4194305", "-8"},
		"ARGON2_PARALLELISM": {"0", "65", "256"},
		"WS_MAX":             {"0", "1048577"},
		"ACCESS_TOKEN_TTL":   {"999ms", "24h1s", "15", "-1m"},
		"SHUTDOWN_DELAY":     {"-1s", "21s"},
		"AUTO_MIGRATE":       {"maybe", "2"},
		"RATE_LIMIT_API":     {"600", "0/1m", "600/1ms", "600/"},
		"TRUSTED_PROXIES":    {"10.0.0.1", "10.0.0.0/8,x"},
	} {
		for _, value := range values {
			_, err := FromMap(map[string]string{key: value})
			require.ErrorContains(t, err, key+": found", "%q", value)
			require.Equal(t, 1, strings.Count(err.Error(), key), "%q is reported once: %v", value, err)
		}
	}
	c, err := FromMap(map[string]string{"DATABASE_MAX_CONNS": "1000", "ACCESS_TOKEN_TTL": "24h", "SHUTDOWN_DELAY": "0",
		"TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8,"})
	require.NoError(t, err, "the bounds themselves are accepted")
	require.Equal(t, []string{"10.0.0.0/8", "fd00::/8"}, c.TrustedProxies)
}

func TestObjectStore(t *testing.T) {
	_, err := FromMap(map[string]string{"S3_ENDPOINT": "https://key:hunter2@s3.example/"})
	for _, want := range []string{
		"S3_ENDPOINT: found", "S3_BUCKET: missing", "S3_ACCESS_KEY: missing", "S3_SECRET_KEY: missing",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "hunter2")
	_, err = FromMap(map[string]string{
		"S3_ENDPOINT": "s3.example:9000", "S3_BUCKET": "b", "S3_ACCESS_KEY": "k", "S3_SECRET_KEY": "s",
	})
	require.NoError(t, err)
	_, err = FromMap(map[string]string{"S3_BUCKET": "b"})
	require.NoError(t, err, "without an endpoint the folder is used")
}

func TestMaskURL(t *testing.T) {
	for raw, want := range map[string]string{
		"postgres://u:hunter2@db:5432/x":   "postgres://********@db:5432/x",
		"postgres://db/x?password=hunter2": "postgres://db/x?********",
		"sqlite:///var/lib/x.db":           "sqlite:///var/lib/x.db",
		"smtp://u:hunter2#x@host":          "smtp://********",
		"smtp://u:hunter2%zz@host":         "smtp://********",
		"hunter2@host":                     "********",
		"host":                             "********",
		"smtp://mail.example.org:1025":     "smtp://mail.example.org:1025",
		"hunter2-and-more-of-it://x#y":     "********",
	} {
		require.Equal(t, want, maskURL(raw), raw)
	}
}
