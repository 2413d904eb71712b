package config

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDefaultsAreTheContracts(t *testing.T) {
	c, err := FromMap(nil)
	require.NoError(t, err)
	require.Equal(t, ":8000", c.HTTPAddr)
	require.Equal(t, "http://localhost:8000", c.PublicURL)
	require.Equal(t, "data/keys", c.JWTKeysDir)
	require.True(t, c.Demo)
	require.Zero(t, c.ShutdownDelay)
	require.Len(t, c.UploadContentTypes, 15)
}

func TestAllFaultsAreNamedAtOnce(t *testing.T) {
	_, err := FromMap(map[string]string{
		"APP_ENV": "staging", "ACCESS_TOKEN_TTL": "soon", "WS_MAX": "many", "PUBLIC_URL": "localhost",
		"DATABASE_URL": "mysql://root:hunter2@db/x", "ADMIN_EMAIL": "root@example.com", "CORS_ORIGINS": "*",
	})
	require.Error(t, err)
	for _, want := range []string{"APP_ENV", `"staging"`, "development or production", "ACCESS_TOKEN_TTL", `"soon"`,
		"WS_MAX", "PUBLIC_URL", "DATABASE_URL", "ADMIN_PASSWORD", "CORS_ORIGINS"} {
		require.Contains(t, err.Error(), want)
	}
	require.NotContains(t, err.Error(), "hunter2")
}

func TestC1ProductionRefusesToStartWithoutItsKeys(t *testing.T) {
	_, err := FromMap(map[string]string{"APP_ENV": "production"})
	require.Error(t, err)
	for _, key := range []string{"PUBLIC_URL", "DATA_DIR", "JWT_KEYS_DIR", "SMTP_URL"} {
		require.Contains(t, err.Error(), key)
	}
	c, err := FromMap(map[string]string{"APP_ENV": "production", "PUBLIC_URL": "https://x.example/", "DATA_DIR": "/d",
		"JWT_KEYS_DIR": "/k", "SMTP_URL": "smtp://m:25"})
	require.NoError(t, err)
	require.Equal(t, "https://x.example", c.PublicURL)
	require.Equal(t, "5s", c.ShutdownDelay.String())
}

func TestWhatCantWorkIsNamed(t *testing.T) {
	_, err := FromMap(map[string]string{"PUBLIC_URL": "https://x.example/lyceum", "WORKER_INLINE": "false"})
	require.ErrorContains(t, err, "PUBLIC_URL")
	require.ErrorContains(t, err, "WORKER_INLINE")
	c, err := FromMap(map[string]string{"DATABASE_URL": "sqlite:///var/lib/lyceum/x.db"})
	require.NoError(t, err)
	require.Equal(t, "/var/lib/lyceum", c.SQLiteDir(), "where the lock of its one server lies")
}

func TestSettingsMaskSecrets(t *testing.T) {
	c, err := FromMap(map[string]string{
		"DATABASE_URL": "postgres://u:hunter2@db/x?password=hunter2", "ADMIN_EMAIL": "a@b.example", "ADMIN_PASSWORD": "hunter2 and more",
		"S3_ENDPOINT": "m:9000", "S3_BUCKET": "b", "S3_ACCESS_KEY": "k", "S3_SECRET_KEY": "hunter2", "SMTP_URL": "smtp://u:hunter2@m",
	})
	require.NoError(t, err)
	var all strings.Builder
	for _, s := range c.Settings() {
		all.WriteString(s.Key + "=" + s.Value + "\n")
	}
	require.NotContains(t, all.String(), "hunter2")
	require.Contains(t, all.String(), "HTTP_ADDR=:8000")
}

// .env.example is where an operator looks first, so it must name each key with its default.
func TestEnvExampleListsEveryKey(t *testing.T) {
	raw, err := os.ReadFile("../../.env.example")
	require.NoError(t, err)
	named := regexp.MustCompile(`(?m)^#?\s?([A-Z][A-Z0-9_]+)=`).FindAllStringSubmatch(string(raw), -1)
	var got []string
	for _, m := range named {
		got = append(got, m[1])
	}
	require.ElementsMatch(t, Keys(), got)
}

func TestFaultsOfAddresses(t *testing.T) {
	for key, values := range map[string][]string{
		"HTTP_ADDR":    {":99999", ":65536", ":-1", ":http", "8000", "a b:80", "user@host:80", ":80:80", ":"},
		"METRICS_ADDR": {":99999", "9000"},
		"CORS_ORIGINS": {"*", "https://*.example", "https://a.example/", "https://a.example/x", "https://u:p@a.example", "https://a.example?x", "https://a.example#x",
			"ftp://a.example", "a.example", "null", "https://", "https://a.example:99999", "https://a b", "https://a.example:", "https://a.example,https://*.b.example"},
	} {
		for _, value := range values {
			_, err := FromMap(map[string]string{key: value})
			require.ErrorContains(t, err, key+": found", "%q", value)
		}
	}
	_, err := FromMap(map[string]string{"HTTP_ADDR": "[::1]:0", "METRICS_ADDR": "127.0.0.1:9000",
		"CORS_ORIGINS": "https://a.example, http://localhost:3000 ,http://[::1]:8080,https://A_b.example:443"})
	require.NoError(t, err)
}

// A faulty URL is named with the part that is wrong, and never repeated where it may hold a password.
func TestFaultsOfURLs(t *testing.T) {
	for _, c := range []struct{ key, value, says string }{
		{"SMTP_URL", "http://u:hunter2@host:25", "a URL beginning with smtp:// or smtps://"},
		{"SMTP_URL", "smtp://u:hunter2#x@host:25", "percent-encoded (%23"},
		{"SMTP_URL", "smtp://u:hunter2/x@host:25", "percent-encoded (%23"},
		{"SMTP_URL", "smtp://u:hunter2?x@host:25", "percent-encoded (%23"},
		{"SMTP_URL", "smtp://u:hunter2%zz@host:25", "percent-encoded (%23"},
		{"SMTP_URL", "smtp://host:mail", "a port from 1 to 65535"},
		{"SMTP_URL", "smtp://host:99999", "a port from 1 to 65535"},
		{"SMTP_URL", "smtp://", "and a host"},
		{"REDIS_URL", "redis://:hunter2@host:6379#x", "without a #"},
		{"DATABASE_URL", "postgres://u:hunter2#x@db/lyceum", "percent-encoded (%23"},
		{"DATABASE_URL", "mysql://u:hunter2@db/lyceum", "a URL beginning with postgres://"},
		{"DATABASE_URL", "sqlite://", "sqlite:// and a path"},
		{"PUBLIC_URL", "https://x:port", "a port from 1 to 65535"},
	} {
		_, err := FromMap(map[string]string{c.key: c.value})
		require.ErrorContains(t, err, c.key+": found", "%s", c.value)
		require.ErrorContains(t, err, c.says, "%s", c.value)
		require.NotContains(t, err.Error(), "hunter2", "%s", c.value)
	}
	for _, good := range []string{"smtp://u:p%23w%40x@host:25", "smtps://host", "smtp://host:1025?starttls=required", "smtp://u:p@[::1]:25"} {
		_, err := FromMap(map[string]string{"SMTP_URL": good})
		require.NoError(t, err, good)
	}
}
